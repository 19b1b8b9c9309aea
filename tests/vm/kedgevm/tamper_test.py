"""Tests of the tampering that a boot would not tell apart from doing nothing."""

import pathlib
import shutil
import tempfile
import unittest

from kedgevm import tamper, uefi_variables

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
