"""Tests of the tampering that a boot would not tell apart from doing nothing."""

import pathlib
import shutil
import subprocess
import tempfile
import unittest

from kedgevm import tamper, uefi_variables

_HEADER = pathlib.Path(__file__).resolve().parents[2] / "testdata/storage/disk-v1/header.bin"
_VARIABLES = pathlib.Path("/usr/share/OVMF/OVMF_VARS.fd")


class TamperTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def file(self, name: str, data: bytes) -> pathlib.Path:
        path = self.folder / name
        path.write_bytes(data)
        return path

    def test_flip_byte_flips_one(self):
        path = self.file("disk", b"\x00\x0f\xff")
        tamper.flip_byte(path, 1)
        self.assertEqual(b"\x00\xf0\xff", path.read_bytes())

    def test_blank_zeroes_a_range(self):
        path = self.file("disk", b"abcdef")
        tamper.blank(path, 2, offset=3)
        self.assertEqual(b"abc\0\0f", path.read_bytes())

    def test_swap_files(self):
        one, other = self.file("one", b"1"), self.file("other", b"2")
        tamper.swap_files(one, other)
        self.assertEqual((b"2", b"1"), (one.read_bytes(), other.read_bytes()))

    def test_longest_change_is_found_among_others(self):
        before = bytearray(24 << 20)
        after = bytearray(before)
        for start, size in ((0, 1 << 20), (17 << 20, 8192), (18 << 20, 65536), (20 << 20, 4096)):
            after[start:start + size] = b"x" * size
        self.assertEqual((18 << 20, 65536), tamper.longest_change(bytes(before), bytes(after)))
        after[-4096:] = b"y" * 4096  # a run may end with the disk
        self.assertEqual((18 << 20, 65536), tamper.longest_change(bytes(before), bytes(after)))

    def test_change_luks_header_keeps_the_checksums_right(self):
        disk = self.folder / "disk"
        shutil.copyfile(_HEADER, disk)
        with disk.open("r+b") as stream:
            stream.truncate(32 << 20)
        tamper.change_luks_header(disk, lambda text: text.replace("aes-xts", "cipher_null"))
        done = subprocess.run(["cryptsetup", "luksDump", disk], capture_output=True, text=True,
                              timeout=30, check=True)
        self.assertIn("cipher_null-plain64", done.stdout)
        with self.assertRaises(ValueError):
            tamper.change_luks_header(disk, lambda text: text)

    def test_set_variable_appends_and_replaces(self):
        flash = self.folder / "vars.fd"
        shutil.copyfile(_VARIABLES, flash)
        uefi_variables.set_variable(flash, "BootOrder", b"\x77\0")
        once = flash.read_bytes()
        name = "BootOrder\0".encode("utf-16-le")
        self.assertEqual(_VARIABLES.read_bytes().count(name) + 1, once.count(name))
        self.assertIn(name + b"\x77\0", once)
        uefi_variables.set_variable(flash, "BootOrder", b"\x78\0")
        twice = flash.read_bytes()
        self.assertIn(name + b"\x78\0", twice)
        state = once.index(name + b"\x77\0") - 60 + 2
        self.assertEqual((0x3F, 0x3D), (once[state], twice[state]), "the old one is deleted")

    def test_a_file_without_a_store_is_refused(self):
        with self.assertRaises(ValueError):
            uefi_variables.set_variable(self.file("vars.fd", b"\0" * 4096), "BootOrder", b"")


if __name__ == "__main__":
    unittest.main()
