#!/usr/bin/env python3
"""Kedge's share of the userspace boot of a node that comes back, in a VM without KVM: a JSON line.

Usage: bench_boot.py --image FOLDER --bin-dir FOLDER --work FOLDER [--boots N]. scripts/bench boot
prepares all three. Exit codes: 0 the target is met, 1 it is missed, 5 it could not be measured.
"""

import argparse
import json
import pathlib
import shutil
import statistics
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from kedgevm import Cluster, ConsoleTimeout, Node, timeline  # noqa: E402
from kedgevm.operator import Operator, OperatorError  # noqa: E402

BOOT, JOIN = 240, 300
TARGET = 0.05


def userspace(node: Node) -> float:
    """Seconds from the initrd's first line until the node has joined."""
    return dict(timeline.parts(node.console))["initrd and start"]


def measure(cluster: Cluster, operator: Operator, boots: int) -> dict:
    one, two = cluster.add_node("node-1", "release"), cluster.add_node("node-2", "test")
    operator.prepare(one, ("release", "test"))
    one.start()
    one.wait_console(r"kedge-keyservice: AWAITING_INIT", BOOT)
    operator.init(one)
    one.wait_console(r"kedge-bootstrapper: joined", JOIN)
    operator.invite(two, one)
    two.start()
    two.wait_console(r"kedge-bootstrapper: joined", JOIN)
    shares, steps = [], {}
    for _ in range(boots):
        two.power_cut()
        two.start()
        two.wait_console(r"kedge-bootstrapper: joined", JOIN)
        kedge = timeline.kedge_steps(two.console)
        shares.append(sum(seconds for _, seconds in kedge) / userspace(two))
        for name, seconds in kedge:
            steps.setdefault(name, []).append(seconds)
    return {"bench": "boot_share", "unit": "Kedge's own steps of the userspace boot, median",
            "boots": boots, "userspace_s": round(userspace(two), 2),
            "steps_s": {name: statistics.median(values) for name, values in steps.items()},
            "ratio": round(statistics.median(shares), 3), "target": TARGET}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--image", type=pathlib.Path, required=True)
    parser.add_argument("--bin-dir", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--boots", type=int, default=3)
    arguments = parser.parse_args()
    shutil.rmtree(arguments.work, ignore_errors=True)
    try:
        with Cluster(arguments.image.resolve(), arguments.work.resolve()) as cluster:
            operator = Operator(cluster, arguments.bin_dir, arguments.work.resolve() / "workspace")
            result = measure(cluster, operator, arguments.boots)
    except (ConsoleTimeout, OperatorError) as error:
        print(f"bench_boot: {error}; logs: {arguments.work}", file=sys.stderr)
        return 5
    result["met"] = result["ratio"] <= TARGET
    print(json.dumps(result), flush=True)
    return 0 if result["met"] else 1


if __name__ == "__main__":
    sys.exit(main())
