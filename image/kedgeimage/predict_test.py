"""Tests of the prediction against values computed step by step. That a real boot agrees is what
tests/vm/test_boot.py proves."""

import hashlib
import unittest

from kedgeimage import pe, predict
from kedgeimage.identity import Identity
from kedgeimage.pe_test import make


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def replay(*digests: bytes) -> bytes:
    value = b"\0" * 32
    for digest in digests:
        value = sha256(value + digest)
    return value


IDENTITY = Identity("1.2.3", "test", "2024-01-01T00:00:00Z")
KERNEL = make({".text": b"kernel"})
SECTIONS = {".text": b"stub", ".osrel": IDENTITY.os_release().encode(),
            ".cmdline": b"roothash=ab ro\0", ".linux": KERNEL, ".initrd": b"initrd"}


class PredictTest(unittest.TestCase):
    uki = make(SECTIONS)

    def test_pcr4_has_boot_option_separator_and_both_programs(self):
        self.assertEqual(
            replay(sha256(b"Calling EFI Application from Boot Option"), sha256(b"\0" * 4),
                   pe.Image.parse(self.uki).authenticode("sha256"),
                   pe.Image.parse(KERNEL).authenticode("sha256")),
            predict.pcr4(self.uki, "sha256"))

    def test_pcr9_has_command_line_then_initrd(self):
        text = "roothash=ab ro\0".encode("utf-16-le")
        self.assertEqual(replay(sha256(text), sha256(b"initrd")),
                         predict.pcr9(self.uki, "sha256"))

    def test_pcr11_has_sections_in_the_stubs_order_then_phases(self):
        measured = []
        for name in (".linux", ".osrel", ".cmdline", ".initrd"):
            measured += [sha256(name.encode() + b"\0"), sha256(SECTIONS[name])]
        values = predict.pcr11(self.uki, "sha256")
        phases = ["enter-initrd", "leave-initrd", "sysinit", "ready"]
        self.assertEqual(phases, list(values))
        for count, phase in enumerate(phases, start=1):
            self.assertEqual(
                replay(*measured, *(sha256(word.encode()) for word in phases[:count])),
                values[phase])

    def test_every_section_matters(self):
        reference = predict.reference_values(self.uki, IDENTITY)
        for name in (".osrel", ".cmdline", ".initrd"):
            changed = make({**SECTIONS, name: SECTIONS[name][:-1] + b"\1"})
            with self.subTest(name):
                values = predict.reference_values(changed, IDENTITY)
                self.assertNotEqual(reference["pcrs"]["4"], values["pcrs"]["4"])
                self.assertNotEqual(reference["pcr11"], values["pcr11"])

    def test_reference_values_name_the_image(self):
        values = predict.reference_values(self.uki, Identity.of_uki(self.uki))
        self.assertEqual({"name": "kedge-node", "version": "1.2.3", "variant": "test"},
                         values["image"])
        self.assertEqual("2024-01-01T00:00:00Z", values["build_time"])
        self.assertEqual("0" * 64, values["pcrs"]["12"])
        self.assertEqual({"4", "9", "12", "13"}, set(values["pcrs"]))

    def test_other_banks(self):
        self.assertEqual(48, len(predict.pcr4(self.uki, "sha384")))
        self.assertEqual(20, len(predict.pcr9(self.uki, "sha1")))

    def test_a_uki_without_a_section_is_refused(self):
        with self.assertRaises(pe.PeError):
            predict.pcr9(make({name: data for name, data in SECTIONS.items()
                               if name != ".initrd"}), "sha256")


if __name__ == "__main__":
    unittest.main()
