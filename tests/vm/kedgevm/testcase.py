"""The bases of the VM tests: one cluster per test, its logs kept when the test fails."""

import dataclasses
import pathlib
import shutil
import unittest
from collections.abc import Callable

from .cluster import Cluster
from .node import Node, NodeOptions
from .operator import Operator

# Limits in seconds, several times what the steps take on two idle cores.
BOOT = 240
JOIN = 300


@dataclasses.dataclass
class Settings:
    """Set by tests/vm/run before any test starts."""

    images: pathlib.Path = pathlib.Path("out/image")
    bin_dir: pathlib.Path = pathlib.Path("build/release")
    results: pathlib.Path = pathlib.Path("build/test-results/vm")
    # Multiplies every limit: a machine busy with other things is slow, not wrong.
    patience: float = 1.0


settings = Settings()
_at_end: list[Callable[[], None]] = []


def at_end(action: Callable[[], None]) -> None:
    """Does this after the last test."""
    _at_end.append(action)


def full_only(test):
    """Marks a test, or a class of them, that takes too long for every run."""
    test.full_only = True
    return test


def finish() -> None:
    """For tests/vm/run: what at_end() collected, the last first."""
    while _at_end:
        _at_end.pop()()


class VmTest(unittest.TestCase):
    """`self.cluster` is ready in every test and gone after it."""

    cluster: Cluster

    def setUp(self) -> None:
        folder = settings.results / self.id().removeprefix("tests.vm.")
        shutil.rmtree(folder, ignore_errors=True)
        self.cluster = self.enterContext(Cluster(settings.images.resolve(), folder.resolve()))

    @property
    def folder(self) -> pathlib.Path:
        """Where this test's disks and logs are."""
        return self.cluster.folder

    @staticmethod
    def limit(seconds: float) -> float:
        """A limit for a wait, stretched for slow machines."""
        return seconds * settings.patience


class ClusterTest(VmTest):
    """Has an owner with a workspace and the `kedge` command as well."""

    operator: Operator

    def setUp(self) -> None:
        super().setUp()
        self.operator = Operator(self.cluster, settings.bin_dir, self.folder / "workspace")

    def first_node(self, variant: str = "test", options: NodeOptions | None = None,
                   dhcp: bool = False) -> Node:
        """node-1: booted, initialised, joined."""
        node = self.cluster.add_node("node-1", variant, options)
        self.operator.prepare(node, ("release", "test"), dhcp)
        node.start()
        node.wait_console(r"kedge-keyservice: AWAITING_INIT", self.limit(BOOT))
        self.operator.init(node)
        self.wait_joined(node)
        return node

    def second_node(self, first: Node, variant: str = "test", name: str | None = None) -> Node:
        """node-2: made and invited; it is off."""
        node = self.cluster.add_node("node-2", variant)
        self.operator.invite(node, first, name=name)
        return node

    def wait_joined(self, node: Node, after: int = 0) -> None:
        node.wait_console(r"kedge-bootstrapper: joined", self.limit(JOIN), after)

    def wait_up(self, node: Node) -> None:
        """Waits for multi-user.target, which includes having joined."""
        node.wait_console(r"kedge-image: .* is up", self.limit(JOIN))
