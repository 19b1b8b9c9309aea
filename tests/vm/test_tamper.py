"""A host that changes node-2's state disk while the node is off, while it opens it, and while it
runs: an error or a named state every time, never other bytes than were written, never a format."""

import collections
import os
import threading

from kedgevm import tamper
from kedgevm.known import KnownNode
from kedgevm.living import PAYLOAD
from kedgevm.testcase import BOOT, JOIN, full_only

# docs/FORMATS.md, "Layout".
HEADER = 16384
KEYSLOT = 32768
INTEGRITY = 16 << 20
BLOCK = 4096


@full_only
class TamperTest(KnownNode):
    def test_header_and_size_of_a_disk_that_is_off(self):
        """Every part of what is read before the disk is opened."""
        whole = self.two.state_disk.stat().st_size
        changes = {
            "text of the primary header": lambda disk: tamper.flip_byte(disk, 5000),
            "text of the secondary header": lambda disk: tamper.flip_byte(disk, HEADER + 5000),
            "binary header": lambda disk: tamper.flip_byte(disk, 40),
            "secondary header is zero": lambda disk: tamper.blank(disk, HEADER, HEADER),
            "headers exchanged": lambda disk: tamper.exchange(disk, 0, HEADER, HEADER),
            "half of the disk is gone": lambda disk: os.truncate(disk, whole // 2),
        }
        for name, change in changes.items():
            with self.subTest(name):
                change(self.two.state_disk)
                self.assertRegex(self.refuse("DISK_FOREIGN"),
                                 "is JOINED asks with a disk that Kedge does not accept")
                self.put_back_good_disk()
        self.comes_back()

    def test_keyslot_of_a_disk_that_is_off(self):
        tamper.flip_byte(self.two.state_disk, KEYSLOT + 1000)
        self.assertRegex(self.refuse("DISK_MISMATCH"), "has a disk with header [0-9a-f]{64}, but")
        self.put_back_good_disk()
        self.comes_back()

    def test_integrity_superblock_of_a_disk_that_is_off(self):
        """Only shows when the kernel opens the disk, behind the release."""
        tamper.flip_byte(self.two.state_disk, INTEGRITY + 16)
        self.spoilt = True
        self.addCleanup(self.put_back_good_disk)
        self.two.start()
        self.wait_refused(self.two, "open-disk", "DISK_IO")
        self.two.power_cut()
        self.assertNotRegex(self.two.console.text(), r"kedge-bootstrapper: joined|formatting")
        self.put_back_good_disk()
        self.comes_back()

    def test_data_sectors_of_a_disk_that_is_off(self):
        """Two sectors exchanged, and one of an older version of the file put back."""
        older = self.two.state_disk.read_bytes()
        start, size = self.find_payload()  # written again since
        middle = start + size // 2 // BLOCK * BLOCK
        for name, change in {
                "exchanged": lambda disk: tamper.exchange(disk, middle, middle + 8 * BLOCK),
                "put back": lambda disk: tamper.put(disk, middle, older[middle:middle + BLOCK]),
        }.items():
            with self.subTest(name):
                good = self.folder / "before-change.img"
                tamper.copy_disk(self.two.state_disk, good)
                change(self.two.state_disk)
                self.living.revive_second()
                self.assert_unreadable()
                self.two.power_cut()
                # The boot advanced the counter: the same sectors, as they should be, instead.
                tamper.put(self.two.state_disk, middle,
                           good.read_bytes()[middle:middle + 9 * BLOCK])
        self.comes_back()

    def test_header_that_is_exchanged_while_it_is_opened(self):
        """Good and hostile headers in turn, as fast as the host can write them, for a whole boot."""
        good = self.two.state_disk.read_bytes()[:INTEGRITY]
        hostile = self.folder / "hostile.img"
        tamper.copy_disk(self.two.state_disk, hostile)
        tamper.change_luks_header(hostile, lambda text: text.replace(
            '"encryption":"aes-xts-plain64"', '"encryption":"cipher_null-ecb"'))
        hostile_header = hostile.read_bytes()[:2 * HEADER]
        outcomes = collections.Counter()
        for _ in range(5):
            done = threading.Event()

            def race() -> None:
                with self.two.state_disk.open("r+b", buffering=0) as disk:
                    while not done.is_set():
                        for header in (hostile_header, good[:2 * HEADER]):
                            disk.seek(0)
                            disk.write(header)

            host = threading.Thread(target=race)
            self.spoilt = True
            self.addCleanup(self.put_back_good_disk)
            self.two.start()
            host.start()
            try:
                match = self.two.wait_console(
                    r"kedge-bootstrapper: joined|step \S+ refused: ([A-Z_]+), correlation",
                    self.limit(JOIN))
            finally:
                done.set()
                host.join()
            outcomes[match[1] or "joined"] += 1
            if not match[1]:
                self.assertEqual(self.living.payload_digest, self.living.digest_of_payload())
            self.two.power_cut()
            self.assertNotRegex(self.two.console.text(), "formatting")
            self.put_back_good_disk()
        print(f"  exchanged headers: {dict(outcomes)}", flush=True)
        # DISK_IO: the advanced header was not there when it was read back.
        self.assertLessEqual(set(outcomes), {"joined", "DISK_FOREIGN", "HEADER_NOT_ACCEPTED",
                                             "DISK_MISMATCH", "STALE_DISK", "DISK_IO"})

    def test_data_sectors_of_a_disk_in_use(self):
        start, size = self.find_payload()
        self.living.revive_second()
        middle = start + size // 2 // BLOCK * BLOCK
        with self.two.state_disk.open("rb") as disk:
            disk.seek(middle)
            good = disk.read(BLOCK)
        for name, content in (("zeros", bytes(BLOCK)), ("ones", b"\xff" * BLOCK)):
            with self.subTest(name):
                tamper.put(self.two.state_disk, middle, content)
                self.two.run("echo 3 > /proc/sys/vm/drop_caches")
                self.assert_unreadable()
                tamper.put(self.two.state_disk, middle, good)
        self.two.run("echo 3 > /proc/sys/vm/drop_caches")
        self.assertEqual(self.living.payload_digest, self.living.digest_of_payload())

    def assert_unreadable(self) -> None:
        """Reading the payload is an error; what can be read of it is what was written."""
        read = self.two.run(f"sha256sum {PAYLOAD}", self.limit(60), check=False)
        self.assertNotEqual(0, read.status)
        self.assertRegex(read.stderr.decode(), "Input/output error")

    def comes_back(self) -> None:
        self.living.revive_second()
        self.assertEqual(self.living.payload_digest, self.living.digest_of_payload())


@full_only
class KilledTest(KnownNode):
    """The machine's power goes twenty times while a program writes: what was synced is there."""

    TIMES = 20

    def test_synced_counts_survive(self):
        counts = f"{PAYLOAD}-counts"
        writer = (f"i=$(tail -n 1 {counts} 2>/dev/null || echo 0); while :; do i=$((i+1)); "
                  f"echo $i >> {counts}; sync {counts}; echo kedge-count: $i > /dev/console; done")
        acknowledged = 0
        for time in range(self.TIMES):
            self.living.revive_second()
            found = [int(line) for line in self.two.run(f"cat {counts} || true").text.split()]
            self.assertEqual(list(range(1, len(found) + 1)), found, f"cut number {time}")
            self.assertGreaterEqual(len(found), acknowledged, f"cut number {time}")
            self.two.run(f"setsid sh -c '{writer}' > /dev/null 2>&1 &")
            least = len(found) + 1 + time % 4
            self.two.wait_console(rf"kedge-count: {least}$", self.limit(60))
            self.two.power_cut()
            acknowledged = max(int(line.rsplit(" ", 1)[1]) for _, line in self.two.console.lines()
                               if "kedge-count: " in line)
        self.living.revive_second()
        self.assertEqual(self.living.payload_digest, self.living.digest_of_payload())
        self.two.run(f"rm {counts} && sync")
