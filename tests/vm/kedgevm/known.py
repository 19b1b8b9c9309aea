"""For tests that change the disk or the TPM of a node which the cluster knows."""

from . import tamper
from .living import LivingTest, digest
from .process import wait_until

# The state disk's mappings, from the file system down to the tags (docs/STORAGE.md).
STACK = ("kedge-state_fs", "kedge-state", "kedge-state_dif")


class KnownNode(LivingTest):
    """node-2 is off at the beginning of each test, and has its good disk again behind it."""

    def setUp(self) -> None:
        super().setUp()
        self.two.power_cut()
        self.good_disk = self.folder / "good.img"
        tamper.copy_disk(self.two.state_disk, self.good_disk)
        self.spoilt = False

    def refuse(self, code: str, step: str = "release") -> str:
        """Boots node-2, which must be refused, and takes it down; returns the owner's reason."""
        before = digest(self.two.state_disk)
        self.spoilt = True
        self.addCleanup(self.put_back_good_disk)
        self.two.start()
        correlation_id = self.wait_refused(self.two, step, code)
        reason = self.reason_for(correlation_id, "node-2", code)
        self.two.power_cut()
        self.assertNotRegex(self.two.console.text(), r"kedge-bootstrapper: joined")
        self.assertEqual(before, digest(self.two.state_disk), "a refused node touched its disk")
        return reason

    def put_back_good_disk(self) -> None:
        """Once: a disk that was used since is newer than the copy, which would be stale."""
        self.two.power_cut()
        if self.spoilt:
            tamper.copy_disk(self.good_disk, self.two.state_disk)
            self.spoilt = False

    def find_payload(self) -> tuple[int, int]:
        """Where node-2's payload is on the disk: the longest run of blocks that changes when the
        file is written again, in bytes. Leaves node-2 off, and nothing in the disk's journal."""
        self.living.revive_second()
        wait_until(lambda: self.two.run("systemctl is-active kedge-disk-grow", check=False).text
                   == "inactive\n", self.limit(300), "the disk to have grown")
        before = self.two.state_disk.read_bytes()
        self.living.write_payload()
        for name in STACK:
            self.two.run(f"dmsetup suspend {name}")
        for name in reversed(STACK):
            self.two.run(f"dmsetup resume {name}")  # writes what only the journal had, empties it
        self.two.power_cut()
        return tamper.longest_change(before, self.two.state_disk.read_bytes())
