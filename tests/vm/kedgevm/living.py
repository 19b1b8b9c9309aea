"""A cluster that many tests share, so that each needs at most a boot of its own.

node-1 is the control plane and stays up. node-2 is a worker that has joined; a test may take it
down and change its disk, if it leaves a disk that works. Whatever was left down is brought back.
"""

import base64
import datetime
import hashlib
import json
import pathlib
import re
import shutil
import unittest

from . import testcase
from .cluster import Cluster
from .network import HOST_ADDRESS
from .node import Node, NodeOptions
from .operator import PORT, Operator
from .process import tool
from .testcase import BOOT, JOIN, VmTest, settings

# A file on node-2's state disk that it wrote in its first boot; large enough to be found there.
PAYLOAD = "/run/kedge/state/payload"
_PAYLOAD_MIB = 4


class LivingCluster:
    """Made by the first test that needs it, closed by tests/vm/run after the last."""

    def __init__(self, folder: pathlib.Path):
        shutil.rmtree(folder, ignore_errors=True)
        self.folder = folder
        self.cluster = Cluster(settings.images.resolve(), folder)
        self.cluster.__enter__()
        try:
            self._begin()
        except BaseException:
            self.cluster.close()
            raise

    def _begin(self) -> None:
        network = self.cluster.network
        self.capture = network.capture(self.folder / "frames.log")
        self.operator = Operator(self.cluster, settings.bin_dir, self.folder / "workspace")
        self.one = self.cluster.add_node("node-1", "test")
        self.operator.prepare(self.one, ("release", "test"))
        self.one.start()
        self.one.wait_console(r"kedge-keyservice: AWAITING_INIT", VmTest.limit(BOOT))
        self.operator.init(self.one)
        self.wait_joined(self.one)
        self._other: tuple[Node, Operator] | None = None
        self.relay = network.relay(self.one.address, PORT, self.folder / "relay")
        self.two = self.cluster.add_node("node-2", "test")
        # Whoever is between a node and its key service is only a longer wire.
        self.operator.invite(self.two, f"{HOST_ADDRESS}:{PORT}", self.one)
        self.two.start()
        self.wait_joined(self.two)
        self.write_payload()

    def write_payload(self) -> None:
        """Gives node-2's file new content."""
        self.two.run(f"head -c {_PAYLOAD_MIB}M /dev/urandom > {PAYLOAD} && sync", VmTest.limit(60))
        self.payload_digest = self.digest_of_payload()

    def digest_of_payload(self) -> str:
        return self.two.run(f"sha256sum {PAYLOAD}", VmTest.limit(60)).text.split()[0]

    def wait_joined(self, node: Node) -> None:
        node.wait_console(r"kedge-bootstrapper: joined", VmTest.limit(JOIN))

    def other(self) -> tuple[Node, Operator]:
        """The control plane of another cluster in the same network, under the same TPM authority;
        its host's clock is ten years late. And its owner."""
        if self._other is None or not self._other[0].running:
            number = len(self.cluster.nodes)
            node = self.cluster.add_node(f"other-{number}", "test", rtc(-10))
            owner = Operator(self.cluster, settings.bin_dir, self.folder / f"owner-{number}")
            owner.prepare(node, ("release", "test"))
            node.start()
            node.wait_console(r"kedge-keyservice: AWAITING_INIT", VmTest.limit(BOOT))
            owner.init(node)
            self._other = (node, owner)
        return self._other

    def revive_first(self) -> None:
        if not self.one.running:
            self.one.start()
            self.one.wait_console(r"kedge-keyservice: AWAITING_SEED", VmTest.limit(BOOT))
            self.operator.recover(self.one)
            self.wait_joined(self.one)

    def revive_second(self) -> None:
        if not self.two.running:
            self.two.start()
            self.wait_joined(self.two)


class LivingTest(unittest.TestCase):
    """A test on the shared cluster, at the beginning of which node-1 is up."""

    living: LivingCluster
    failed = False  # any of these tests: then logs and disks stay
    _shared: LivingCluster | None = None

    @classmethod
    def setUpClass(cls) -> None:
        if LivingTest._shared is None:
            LivingTest._shared = LivingCluster(settings.results.resolve() / "living")
            testcase.at_end(LivingTest._end)
        cls.living = LivingTest._shared
        cls.cluster, cls.operator = cls.living.cluster, cls.living.operator

    @staticmethod
    def _end() -> None:
        LivingTest._shared.cluster.close()
        if not LivingTest.failed:
            shutil.rmtree(LivingTest._shared.folder)

    limit = staticmethod(VmTest.limit)

    def setUp(self) -> None:
        self.living.revive_first()
        self.one, self.two = self.living.one, self.living.two

    @property
    def folder(self) -> pathlib.Path:
        """Where the shared cluster's disks and logs are."""
        return self.living.folder

    def stranger(self, name: str, options: NodeOptions | None = None) -> Node:
        """A machine that no cluster knows; off, without an invitation, and off again at the end."""
        node = self.cluster.add_node(name, "test", options)
        self.addCleanup(node.power_cut)
        return node

    def other_cluster(self) -> tuple[Node, Operator]:
        return self.living.other()

    def someone_else(self) -> Operator:
        """Has all that is public of the cluster, and an owner key of their own."""
        workspace = self.folder / "someone-else"
        if not workspace.exists():
            workspace.mkdir()
            for name in ("manifest.json", "receipt.json"):
                shutil.copy(self.operator.workspace / name, workspace)
            key = workspace / "owner.key"
            key.touch(0o600)
            key.write_text(tool("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt",
                                "ec_paramgen_curve:P-384"))
        return Operator(self.cluster, settings.bin_dir, workspace)

    @staticmethod
    def cluster_id(owner: Operator) -> str:
        """In hexadecimal, from the receipt in an owner's workspace."""
        receipt = json.loads((owner.workspace / "receipt.json").read_text())
        return base64.b64decode(receipt["cluster_id"]).hex()

    def journal(self, node: Node) -> str:
        return node.run("journalctl --no-pager --output=cat", self.limit(60)).text

    def check_dates(self, certificate: str) -> None:
        """Just issued, by a true clock, and good for a while."""
        begin, end = dates_of(certificate)
        now = datetime.datetime.now(datetime.timezone.utc)
        self.assertLess(now - datetime.timedelta(hours=3), begin)
        self.assertLess(begin, now)
        self.assertLess(now + datetime.timedelta(days=30), end)
        self.assertLess(end, now + datetime.timedelta(days=3700))

    @staticmethod
    def main_pid(node: Node, unit: str) -> str:
        return node.run(f"systemctl show --value -p MainPID {unit}").text.strip()

    def check_confined(self, node: Node, unit: str, capabilities: int) -> None:
        """A running unit has these capabilities (bits) and no more, and a filter of system calls."""
        status = node.run(f"cat /proc/{self.main_pid(node, unit)}/status").text
        fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        self.assertEqual(capabilities, int(fields["CapEff"], 16))
        self.assertEqual(capabilities, int(fields["CapBnd"], 16))
        self.assertEqual("1", fields["NoNewPrivs"])
        self.assertEqual("2", fields["Seccomp"], "a filter")

    def wait_refused(self, node: Node, step: str, code: str) -> str:
        """Waits until the console says that the step was refused with this code, and no reason.
        Returns the correlation id."""
        line = rf"^kedge: step {step} refused: ([A-Z_]+), correlation id ([0-9a-f]{{16}}), next try"
        match = node.wait_console(line, self.limit(BOOT))
        self.assertEqual(code, match[1])
        self.assertRegex(match.string, line + r" in \d+ s$", "a code and an id, and nothing else")
        return match[2]

    def reason_for(self, correlation_id: str, node: str, code: str) -> str:
        """The reason for a refusal, which only the owner is told."""
        for entry in self.operator.refusals(self.one, code):
            if entry["correlation_id"] == correlation_id:
                self.assertEqual(node, entry["node"])
                return entry["reason"]
        raise AssertionError(f"no refusal {code} with the id {correlation_id} in the status")

    def assert_never_joined(self, node: Node) -> None:
        self.assertNotRegex(node.console.text(), r"step release done|kedge-bootstrapper: joined")
        entry = self.operator.nodes(self.one).get(node.name)
        self.assertTrue(entry is None or entry["state"] == "ENROLLED", entry)


def digest(path: pathlib.Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def rtc(years: int) -> NodeOptions:
    """A machine whose host's clock is off by so many years."""
    now = datetime.datetime.now(datetime.timezone.utc)
    wrong = now.replace(year=now.year + years, day=min(now.day, 28))
    return NodeOptions(extra_arguments=["-rtc", f"base={wrong:%Y-%m-%dT%H:%M:%S}"])


def dates_of(certificate: str) -> tuple[datetime.datetime, datetime.datetime]:
    """The validity of a PEM certificate."""
    text = tool("openssl", "x509", "-noout", "-dates", stdin=certificate.encode())
    found = dict(re.findall(r"(notBefore|notAfter)=(.+)", text))
    return tuple(datetime.datetime.strptime(found[name], "%b %d %H:%M:%S %Y GMT")
                 .replace(tzinfo=datetime.timezone.utc) for name in ("notBefore", "notAfter"))
