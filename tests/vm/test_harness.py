"""Whatever a test does, nothing of its cluster is left behind."""

import pathlib
import subprocess
import sys

from kedgevm.process import wait_until
from kedgevm.testcase import VmTest, settings


def namespaces() -> str:
    return subprocess.run(["ip", "netns", "list"], capture_output=True, text=True,
                          check=True).stdout


def runs(pid: str) -> bool:
    """Whether a process exists and is more than a zombie."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rsplit(")", 1)[1].split()[0] not in "ZX"


class Cleanup(VmTest):
    def test_nothing_is_left_after_a_cluster(self):
        node = self.cluster.add_node("node-1", "test")
        node.start()
        node.wait_console("BdsDxe: starting", self.limit(60))
        network, machine = self.cluster.network, node._process
        tpm, sockets = node.tpm._process, node._testd_socket.parent
        self.assertIn(network.namespace, namespaces())
        self.cluster.close()
        self.assertIsNotNone(machine.poll())
        self.assertIsNotNone(tpm.poll())
        self.assertNotIn(network.namespace, namespaces())
        self.assertFalse(sockets.exists())

    def test_nothing_runs_on_after_the_test_program_was_killed(self):
        script = ("import os, pathlib, signal, sys; sys.path.insert(0, sys.argv[1]);"
                  "from kedgevm import Cluster;"
                  "cluster = Cluster(pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]));"
                  "cluster.__enter__(); node = cluster.add_node('node-1', 'test'); node.start();"
                  "print(node._process.pid, node.tpm._process.pid, cluster.network.namespace,"
                  " flush=True); os.kill(os.getpid(), signal.SIGKILL)")
        killed = subprocess.run(
            [sys.executable, "-c", script, str(pathlib.Path(__file__).parent),
             str(settings.images.resolve()), str(self.folder / "killed")],
            capture_output=True, text=True, timeout=self.limit(60), check=False)
        self.assertEqual(-9, killed.returncode, killed.stderr)
        machine, tpm, namespace = killed.stdout.split()
        for process in (machine, tpm):
            wait_until(lambda pid=process: not runs(pid), 10, f"process {process} to end")
        # The next network of anybody's deletes the namespace.
        type(self.cluster.network)().close()
        self.assertNotIn(namespace, namespaces())
