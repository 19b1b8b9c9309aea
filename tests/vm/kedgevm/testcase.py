"""The base of the VM tests: one cluster per test, its logs kept when the test fails."""

import dataclasses
import pathlib
import shutil
import unittest

from .cluster import Cluster


@dataclasses.dataclass
class Settings:
    """Set by tests/vm/run before any test starts."""

    images: pathlib.Path = pathlib.Path("out/image")
    bin_dir: pathlib.Path = pathlib.Path("build/release")
    results: pathlib.Path = pathlib.Path("build/test-results/vm")
    # Multiplies every limit: a machine busy with other things is slow, not wrong.
    patience: float = 1.0


settings = Settings()


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
