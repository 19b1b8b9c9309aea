"""No secret of the cluster shows anywhere but in locked memory and, a node's own key, on its
encrypted disk (S11)."""

import base64
import json
import os
import re

from kedgevm import Node, secrets
from kedgevm.living import LivingTest

# What a node shows to whoever is root in it. Each is one command, which prints it.
INSIDE = {
    "journal": "journalctl --no-pager --all --output=export",
    "kernel log": "dmesg --raw 2>/dev/null || cat /dev/kmsg --squeeze-blank < /dev/null",
    "/run": "find /run -xdev -type f ! -path '/run/log/*' -print -exec cat {} + 2>/dev/null; true",
    "/etc": "find /etc -xdev -type f -exec cat {} + 2>/dev/null; true",
    "command lines": "cat /proc/[0-9]*/cmdline 2>/dev/null; true",
    "environments": "cat /proc/[0-9]*/environ 2>/dev/null; true",
    "firmware variables": "cat /sys/firmware/efi/efivars/* 2>/dev/null; true",
    "measurement logs": "cat /run/kedge/measurements.json "
                        "/sys/kernel/security/tpm0/binary_bios_measurements",
    "unit states": "systemctl show --all --no-pager 'kedge*'",
}
STATE = "find /run/kedge/state -xdev -type f ! -path '*/pki/node.key' -exec cat {} +"
CORES = "find / -xdev -name 'core*' -type f -size +100k 2>/dev/null; " \
        "find /run /tmp /var /dev/shm -name '*core*' -type f 2>/dev/null; true"
DAEMONS = {"node-1": ("kedge-keyservice", "kedge-bootstrapper"), "node-2": ("kedge-bootstrapper",)}


def outside(node: Node) -> dict[str, bytes]:
    """What a node leaves with its host."""
    log = (node.folder / "tpm" / "swtpm.log").read_text(errors="replace")
    found = {path.name: path.read_bytes() for path in node.folder.iterdir() if path.is_file()
             and path.name != "image.img"}
    found["TPM commands"] = re.sub(r"\s+", "", "".join(
        line for line in log.splitlines() if re.fullmatch(r"\s*(?:[0-9A-F]{2} *)+", line))).encode()
    for path in (node.folder / "tpm").iterdir():
        found[f"TPM {path.name}"] = path.read_bytes()
    return found


class CanaryTest(LivingTest):
    def setUp(self) -> None:
        super().setUp()
        self.living.revive_second()
        workspace = self.operator.workspace
        seed, salt = secrets.seed_of(workspace)
        receipt = json.loads((workspace / "receipt.json").read_text())
        self.assertEqual(base64.b64decode(receipt["cluster_id"]), secrets.cluster_id(
            seed, salt, base64.b64decode(receipt["measurement_salt"])), "not this cluster's seed")
        self.secrets = secrets.of_cluster(seed, salt, ["node-1", "node-2"])
        for node in (self.one, self.two):
            pem = node.run("cat /run/kedge/state/pki/node.key").stdout
            self.secrets[f"key of {node.name}"] = secrets.private_scalar(pem)
        # A secret that is planted on purpose: what does not find it finds nothing.
        self.planted = os.urandom(32)
        self.search = secrets.Search({**self.secrets, "planted": self.planted})

    def look(self, node: Node, what: str) -> set[str]:
        return self.search(node.run(INSIDE[what], self.limit(60)).stdout)

    def plant(self, node: Node) -> None:
        """Puts a secret where it must be found: in hexadecimal, as it is, in base64."""
        octal = "".join(f"\\{byte:03o}" for byte in self.planted)
        text = base64.b64encode(self.planted).decode()
        node.run(f"echo '<1>canary {self.planted.hex()}' > /dev/kmsg; "
                 f"printf '{octal}' > /run/kedge/canary; echo '#{text}' > /run/canary.txt; "
                 f"C={text} setsid sleep 600 > /dev/null 2>&1 & echo $! > /run/canary.pids; "
                 f"setsid sh -c 'sleep 600; : {text}' > /dev/null 2>&1 & "
                 "echo $! >> /run/canary.pids")
        self.addCleanup(node.run, "kill -- $(sed s/^/-/ /run/canary.pids); "
                        "rm /run/kedge/canary /run/canary.txt /run/canary.pids")

    def test_no_secret_shows(self):
        for node in (self.one, self.two):
            with self.subTest(node=node.name):
                self.crash_daemons(node)
                for what in INSIDE:
                    with self.subTest(where=what):
                        self.assertEqual(set(), self.look(node, what))
                with self.subTest(where="state disk, from inside"):
                    self.assertEqual(set(), self.search(node.run(STATE, self.limit(60)).stdout))
                self.assertEqual(1, len(node.run("cat /proc/swaps").text.splitlines()))
                for where, data in outside(node).items():
                    with self.subTest(where=where):
                        self.assertEqual(set(), self.search(data))
        frames = self.living.capture.frames_file.read_bytes()
        self.assertLess(100_000, len(frames))
        self.assertEqual(set(), self.search(frames))

    def test_the_search_finds_what_is_there(self):
        node = self.two
        self.plant(node)
        for what in ("journal", "/run", "command lines", "environments"):
            with self.subTest(where=what):
                self.assertEqual({"planted"}, self.look(node, what))
        node.wait_console("canary", self.limit(10))
        self.assertEqual({"planted"}, self.search(
            (node.folder / f"console-{node.boots}.log").read_bytes()))
        # The one place where a node's own key may be.
        own = node.run("cat /run/kedge/state/pki/node.key").stdout
        self.assertEqual({"key of node-2"}, self.search(own))
        # The disk as its host sees it, with something in the clear somewhere in its middle.
        disk = bytearray(node.state_disk.read_bytes())
        disk[50_000_001:50_000_033] = self.planted
        self.assertEqual({"planted"}, self.search(bytes(disk)))
        # A frame with it, in the capture of all frames.
        self.cluster.network.run("python3", "-c", "import socket, sys; s = socket.socket("
                                 "socket.AF_INET, socket.SOCK_DGRAM); s.sendto(bytes.fromhex("
                                 "sys.argv[1]), ('192.168.77.12', 9))", self.planted.hex())
        self.assertEqual({"planted"}, self.search(self.living.capture.frames_file.read_bytes()))

    def crash_daemons(self, node: Node) -> None:
        """Each program of ours dies as by a wrong pointer: it leaves no core, and comes back."""
        for daemon in DAEMONS[node.name]:
            unit = f"{daemon}.service"
            seen = node.console.mark()
            before = self.property_of(node, unit, "NRestarts")
            self.assertEqual("0", self.property_of(node, unit, "LimitCORE"))
            node.run(f"systemctl kill --signal=SEGV --kill-whom=main {unit}")
            node.wait_console({"kedge-keyservice": r"kedge-keyservice: SERVING",
                               "kedge-bootstrapper": r"kedge-bootstrapper: joined"}[daemon],
                              self.limit(120), seen)
            self.assertEqual(int(before) + 1, int(self.property_of(node, unit, "NRestarts")))
        self.assertEqual("", node.run(CORES, self.limit(60)).text)
        self.assertRegex(node.run("journalctl --no-pager --output=cat -u kedge-bootstrapper").text,
                         "code=(killed|dumped), status=11/SEGV")
        # Whatever the kernel hands out for a core, this program takes.
        self.assertEqual("|/bin/false\n", node.run("cat /proc/sys/kernel/core_pattern").text)

    @staticmethod
    def property_of(node: Node, unit: str, name: str) -> str:
        return node.run(f"systemctl show --value -p {name} {unit}").text.strip()


class SandboxTest(LivingTest):
    """The protections that the units ask for hold in the running system."""

    def test_daemons_are_confined(self):
        self.living.revive_second()
        for node in (self.one, self.two):
            for daemon in DAEMONS[node.name]:
                with self.subTest(node=node.name, daemon=daemon):
                    self.check_confined(node, f"{daemon}.service", capabilities=0)
                    pid = self.main_pid(node, f"{daemon}.service")
                    self.assertNotEqual(node.run("readlink /proc/1/ns/mnt").text,
                                        node.run(f"readlink /proc/{pid}/ns/mnt").text)
                    done = node.run(f"nsenter --mount=/proc/{pid}/ns/mnt touch /etc/x", check=False)
                    self.assertNotEqual(0, done.status)
