"""A program that is killed anywhere resumes, and nothing that cannot be undone happens twice."""

import collections
import pathlib
import re

from kedgevm import Node, NodeOptions
from kedgevm.living import LivingTest
from kedgevm.operator import Operator
from kedgevm.process import tool
from kedgevm.testcase import BOOT, JOIN, full_only, settings

LIFE = pathlib.Path(__file__).resolve().parents[2] / "bootstrapper/core/life.cc"
# Steps of every boot; of a role; of a node's first boot, and of every later one.
ALWAYS = {"keep-invitation", "measure-init-data", "verify-invitation", "inspect-disk",
          "configure-network", "load-invitation", "measure-cluster-id", "release", "open-disk",
          "advance-disk", "count-in-tpm", "write-node-state", "measure-node", "measure-cap",
          "load-node-state", "write-certificates", "report-joined", "start-join-target"}
ROLE = {"worker": {"measure-pinned-cluster"}, "first": {"announce-role", "find-own-service"}}
FIRST_BOOT = {"format-if-ordered", "report-formatted"}
LATER_BOOT = {"acknowledge-disk"}
# The disk remembers that these are done: killed before they are told, they are not told again.
REMEMBERED = {"report-formatted", "acknowledge-disk"}
MARKERS = "/run/kedge/testkill"


def kill_points(mode: str) -> NodeOptions:
    """A machine whose bootstrapper is killed at every step ("steps"), or call ("calls")."""
    return NodeOptions(fw_cfg={
        f"opt/kedge.test/{stage}":
            f"LD_PRELOAD={prefix}/usr/lib/kedge-testkill.so\nKEDGE_TESTKILL={mode}\n".encode()
        for stage, prefix in (("initrd", "/sysroot"), ("root", ""))})


class ResumptionTest(LivingTest):
    def test_the_lists_of_steps_are_whole(self):
        steps = set(re.findall(r'^    \{"([a-z-]+)", Stage::', LIFE.read_text(), re.MULTILINE))
        self.assertEqual(steps, ALWAYS.union(FIRST_BOOT, LATER_BOOT, *ROLE.values()))

    def test_worker_killed_at_every_step(self):
        node = self.stranger("killed", kill_points("steps"))
        self.operator.invite(node, self.one)
        node.start()
        # Between the release and the report, the key service goes down as well.
        node.wait_console(r"kedge: step release done", self.limit(BOOT))
        self.kill_key_service(self.one, "kedge-keyservice.service")
        node.wait_console(r"kedge-bootstrapper: joined", self.limit(2 * JOIN))
        self.check_killed_at(node, ALWAYS | ROLE["worker"] | FIRST_BOOT)
        self.check_end(node, self.operator, self.one)
        self.assertEqual(1, node.console.text().count("formatting the state disk: 100 %"))
        node.run("echo kept > /run/kedge/state/kept && sync")

        node.power_cut()
        node.start()
        node.wait_console(r"kedge-bootstrapper: joined", self.limit(2 * JOIN))
        self.check_killed_at(node, ALWAYS | ROLE["worker"] | LATER_BOOT)
        self.check_end(node, self.operator, self.one)
        self.assertNotIn("formatting", node.console.text())
        self.assertEqual("kept\n", node.run("cat /run/kedge/state/kept").text)

    def test_first_node_killed_at_every_step(self):
        node = self.stranger("first", kill_points("steps"))
        owner = Operator(self.cluster, settings.bin_dir, self.folder / "owner-of-first")
        owner.prepare(node, ("release", "test"))
        node.start()
        node.wait_console(r"kedge-keyservice: AWAITING_INIT", self.limit(BOOT))
        owner.init(node)
        # The seed exists, in the kernel's keyring and nowhere else.
        self.kill_key_service(node, "kedge-keyservice-initrd.service")
        node.wait_console(r"kedge-bootstrapper: joined", self.limit(2 * JOIN))
        self.check_killed_at(node, ALWAYS | ROLE["first"] | FIRST_BOOT)
        self.check_end(node, owner, node)
        self.assertEqual(1, node.console.text().count("formatting the state disk: 100 %"))

    @full_only
    def test_worker_killed_at_every_call(self):
        """Every outside effect, not only every step."""
        node = self.stranger("shattered", kill_points("calls"))
        self.operator.invite(node, self.one)
        node.start()
        node.wait_console(r"kedge-bootstrapper: joined", self.limit(12 * JOIN))
        self.check_end(node, self.operator, self.one)
        points = self.killed_at(node)
        self.assertLess(100, len(points))
        kinds = {match[1] for point in points
                 if (match := re.search(r"-(tpm|fsync|rename|mount|dm|connect)-\d", point))}
        self.assertEqual({"tpm", "fsync", "rename", "mount", "dm", "connect"}, kinds)
        node.run("echo kept > /run/kedge/state/kept && sync")
        node.power_cut()
        node.start()
        node.wait_console(r"kedge-bootstrapper: joined", self.limit(12 * JOIN))
        self.check_end(node, self.operator, self.one)
        self.assertEqual("kept\n", node.run("cat /run/kedge/state/kept").text)

    def kill_key_service(self, node: Node, unit: str) -> None:
        """As a crash would; it comes back by itself, and says that it serves."""
        seen = node.console.mark()
        node.run(f"systemctl kill --signal=KILL {unit}", self.limit(30))
        node.wait_console(r"kedge-keyservice: SERVING", self.limit(60), seen)
        self.assertNotRegex("\n".join(line for _, line in node.console.lines()[seen:]),
                            r"kedge-keyservice: AWAITING")

    def killed_at(self, node: Node) -> list[str]:
        return node.run(f"ls {MARKERS}").text.split()

    def check_killed_at(self, node: Node, steps: set[str]) -> None:
        expected = {f"{step}-{when}" for step in steps for when in ("before", "after")}
        self.assertEqual(expected - {f"{step}-after" for step in REMEMBERED},
                         set(self.killed_at(node)))

    def check_end(self, node: Node, owner: Operator, service: Node) -> None:
        """Where an undisturbed node ends up."""
        entry = owner.nodes(service)[node.name]
        self.assertEqual(("JOINED", "trusted"), (entry["state"], entry["verdict"]))
        extends = collections.Counter(node.tpm.extends())
        ours = [key for key in extends.elements() if key[0] in (14, 15)]
        self.assertEqual([14, 14, 14, 15], sorted(pcr for pcr, _ in ours))
        self.assertEqual(4, len(set(ours)), "init-data, node, cap, cluster-id: once each")
        self.assertEqual(entry["pcr15"], node.pcr(15))
        state = node.run("cat /run/kedge/state/node-state.json").text
        self.assertRegex(state, r'"disk_reported":\s*true')
        certificate = node.run("cat /run/kedge/state/pki/node.crt").text
        self.check_dates(certificate)
        self.assertEqual(self.key_of(certificate, "x509", "-noout", "-pubkey"),
                         self.key_of(node.run("cat /run/kedge/state/pki/node.key").text,
                                     "pkey", "-pubout"))

    @staticmethod
    def key_of(pem: str, *command: str) -> str:
        return tool("openssl", *command, stdin=pem.encode())
