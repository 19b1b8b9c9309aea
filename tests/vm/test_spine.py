"""A cluster's life: init, join, power cuts, full outage, recovery.

Limits are several times what the steps take on two idle cores.
"""

import base64
import json
import os
import pathlib
import shutil
import subprocess

from kedgevm.testcase import BOOT, ClusterTest


def put_random_seed(workspace: pathlib.Path) -> None:
    """Replaces the seed in a workspace's share by a random one, encrypted to the same owner."""
    path = workspace / "seedshare.json"
    share = json.loads(path.read_text())
    done = subprocess.run(
        ["openssl", "pkeyutl", "-encrypt", "-inkey", workspace / "seedshare.key",
         "-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:sha256",
         "-pkeyopt", "rsa_mgf1_md:sha256", "-pkeyopt", f"rsa_oaep_label:{b'seedshare'.hex()}"],
        input=os.urandom(64), capture_output=True, check=True, timeout=30)
    share["encrypted_seed"] = base64.b64encode(done.stdout).decode()
    path.write_text(json.dumps(share))


class SpineTest(ClusterTest):
    def nodes_in_status(self, node) -> dict[str, dict]:
        return {entry["name"]: entry for entry in self.operator.status(node)["nodes"]}

    def assert_not_joined(self, node) -> None:
        self.assertNotRegex(node.console.text(), r"kedge-bootstrapper: joined")


class LifeTest(SpineTest):
    def test_power_cuts_and_full_outage(self):
        one = self.first_node("release")
        two = self.second_node(one)
        two.start()
        self.wait_joined(two)
        nodes = self.nodes_in_status(one)
        self.assertEqual({"node-1", "node-2"}, set(nodes))
        for entry in nodes.values():
            self.assertEqual("JOINED", entry["state"])
            self.assertEqual("host-vtpm", entry["evidence_level"])
            self.assertEqual("trusted", entry["verdict"])
        self.assertEqual(nodes["node-1"]["pcr15"], nodes["node-2"]["pcr15"])
        self.assertEqual(nodes["node-2"]["pcr15"], two.pcr(15))
        shown = self.operator.kedge("status", "--endpoint", self.operator.endpoint(one)).stdout
        self.assertIn("not confidential: host-run TPM", shown)
        verified = self.operator.kedge("verify", "cluster", "--endpoint",
                                       self.operator.endpoint(one))
        self.assertIn("trusted", verified.stdout)

        two.run("echo still here > /run/kedge/state/file && sync")
        two.power_cut()
        two.start()
        self.wait_joined(two)
        self.assertEqual("still here", two.run("cat /run/kedge/state/file").text.strip())

        one.power_cut()
        two.power_cut()
        one.start()
        two.start()
        one.wait_console(r"kedge-keyservice: AWAITING_SEED", self.limit(BOOT))
        self.operator.recover(one)
        self.wait_joined(one)
        self.wait_joined(two)
        self.assertEqual("still here", two.run("cat /run/kedge/state/file").text.strip())

    def test_wrong_seed_leaves_the_server_waiting(self):
        one = self.first_node()
        one.power_cut()
        one.start()
        one.wait_console(r"kedge-keyservice: AWAITING_SEED", self.limit(BOOT))
        wrong = self.folder / "wrong"
        shutil.copytree(self.operator.workspace, wrong)
        put_random_seed(wrong)
        refused = self.operator.kedge("recover", "--endpoint", self.operator.endpoint(one),
                                      workspace=wrong, expect=1)
        self.assertIn("WRONG_SEED", refused.stderr)
        self.assert_not_joined(one)
        self.operator.recover(one)
        self.wait_joined(one)
