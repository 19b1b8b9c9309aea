"""Tests of the archive writer, read back by the cpio program."""

import os
import pathlib
import subprocess
import tempfile
import unittest

from kedgeimage import cpio


class CpioTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.tree = self.folder / "tree"
        (self.tree / "usr/bin").mkdir(parents=True)
        (self.tree / "usr/bin/tool").write_bytes(b"x" * 5)
        (self.tree / "usr/bin/tool").chmod(0o755)
        (self.tree / "bin").symlink_to("usr/bin")
        (self.tree / "empty").write_bytes(b"")

    def test_cpio_reads_it_back(self):
        out = self.folder / "out"
        out.mkdir()
        subprocess.run(["cpio", "--extract", "--make-directories", "--quiet"], cwd=out, check=True,
                       input=cpio.archive(self.tree, 1704067200))
        self.assertEqual(b"x" * 5, (out / "usr/bin/tool").read_bytes())
        self.assertEqual(0o755, (out / "usr/bin/tool").stat().st_mode & 0o777)
        self.assertEqual("usr/bin", os.readlink(out / "bin"))
        self.assertEqual(b"", (out / "empty").read_bytes())

    def test_times_and_inodes_of_the_tree_do_not_matter(self):
        first = cpio.archive(self.tree, 1)
        os.utime(self.tree / "empty", (5, 5))
        (self.tree / "empty").rename(self.tree / "between")
        (self.tree / "between").rename(self.tree / "empty")
        self.assertEqual(first, cpio.archive(self.tree, 1))
        (self.tree / "empty").chmod(0o600)
        self.assertNotEqual(first, cpio.archive(self.tree, 1))

    def test_devices_are_refused(self):
        os.mkfifo(self.tree / "pipe")
        with self.assertRaises(ValueError):
            cpio.archive(self.tree, 1)


if __name__ == "__main__":
    unittest.main()
