#!/usr/bin/env python3
"""Two measured VMs pull themselves up to a cluster, lose power, and come back.

Usage: demo.py --image FOLDER --bin-dir FOLDER --work FOLDER. scripts/demo prepares all three.
"""

import argparse
import pathlib
import shutil
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from kedgevm import Cluster, ConsoleTimeout, Node, timeline  # noqa: E402
from kedgevm.operator import Operator, OperatorError  # noqa: E402

BOOT, JOIN = 240, 300
FILE = "/run/kedge/state/demo"


class Demo:
    def __init__(self, cluster: Cluster, operator: Operator):
        self._cluster, self._operator = cluster, operator
        self._begun = time.monotonic()

    def say(self, text: str) -> None:
        print(f"[{time.monotonic() - self._begun:5.0f} s] {text}", flush=True)

    def wait(self, node: Node, pattern: str, limit: int, what: str) -> None:
        self.say(f"{node.name}: waiting until {what}")
        node.wait_console(pattern, limit)

    def joined(self, node: Node) -> None:
        self.wait(node, r"kedge-bootstrapper: joined", JOIN, "it has joined")

    def show_time_line(self, node: Node, title: str) -> None:
        """The parts of a boot, and Kedge's own steps within them."""
        print(f"\n  {title}: {node.name}")
        for part, seconds in timeline.parts(node.console):
            print(f"    {part:<18}{seconds:7.1f} s")
        steps = timeline.kedge_steps(node.console)
        print(f"    of which Kedge    {sum(seconds for _, seconds in steps):7.1f} s   "
              + ", ".join(f"{name} {seconds:.1f}" for name, seconds in steps if seconds >= 0.1))
        print(flush=True)

    def show_status(self, by: Node) -> None:
        print("\n" + self._operator.kedge("status", "--endpoint",
                                          self._operator.endpoint(by)).stdout, flush=True)

    def run(self) -> None:
        one = self._cluster.add_node("node-1", "release")
        two = self._cluster.add_node("node-2", "test")

        self.say("the owner makes keys, a manifest and node-1's invitation (kedge prepare)")
        self._operator.prepare(one, ("release", "test"))
        one.start()
        self.wait(one, r"kedge-keyservice: AWAITING_INIT", BOOT, "its key service awaits init")
        self.say("kedge init: seed and salt are made inside node-1, the owner gets a seed share")
        print(self._operator.init(one).stdout, flush=True)
        self.joined(one)
        self.show_time_line(one, "first boot, with init and the formatting of the state disk")

        self._operator.invite(two, one)
        two.start()
        self.joined(two)
        self.show_time_line(two, "first boot, with the formatting of the state disk")
        self.show_status(one)
        self.say("kedge verify cluster: what anybody can check from outside")
        print(self._operator.kedge("verify", "cluster", "--endpoint",
                                   self._operator.endpoint(one)).stdout, flush=True)

        self.say("a file is written to node-2's state disk; then its power is cut")
        two.run(f"echo hauled > {FILE} && sync")
        two.power_cut()
        two.start()
        self.joined(two)
        self.expect_file(two)
        self.show_time_line(two, "second boot, by itself")

        self.say("the power of both is cut")
        one.power_cut()
        two.power_cut()
        one.start()
        two.start()
        self.wait(one, r"kedge-keyservice: AWAITING_SEED", BOOT, "its key service awaits the seed")
        self.say("kedge recover: one command for the whole cluster")
        print(self._operator.recover(one).stdout, flush=True)
        self.joined(one)
        self.joined(two)
        self.expect_file(two)
        self.show_time_line(one, "boot after the outage, with kedge recover")
        self.show_time_line(two, "boot after the outage, by itself")
        self.show_status(one)

    def expect_file(self, node: Node) -> None:
        content = node.run(f"cat {FILE}").text.strip()
        if content != "hauled":
            raise RuntimeError(f"{FILE} on {node.name} holds {content!r}, not what was written")
        self.say(f"{node.name} is back, by itself, with its file")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--image", type=pathlib.Path, required=True)
    parser.add_argument("--bin-dir", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    shutil.rmtree(arguments.work, ignore_errors=True)
    begun = time.monotonic()
    try:
        with Cluster(arguments.image.resolve(), arguments.work.resolve()) as cluster:
            operator = Operator(cluster, arguments.bin_dir, arguments.work.resolve() / "workspace")
            Demo(cluster, operator).run()
    except (ConsoleTimeout, OperatorError, RuntimeError) as error:
        print(f"\nDEMO FAILED: {error}\nlogs: {arguments.work}", flush=True)
        return 1
    print(f"\nDEMO PASSED in {time.monotonic() - begun:.0f} s: two nodes measured, attested, "
          "unlocked, joined, and came back from power cuts.", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
