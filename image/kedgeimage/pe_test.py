"""Tests of the PE parser against images made by hand, from the format's tables."""

import hashlib
import struct
import unittest

from kedgeimage import pe

_HEADERS = 0x400
_CHECKSUM = 0x80 + 24 + 64
_CERTIFICATE_ROW = 0x80 + 24 + 112 + 4 * 8


def make(sections: dict[str, bytes], certificates: bytes = b"", order: list[str] | None = None,
         virtual_extra: int = 0) -> bytes:
    """A minimal PE32+ image. `order` is that of the contents in the file."""
    table, contents = b"", b""
    offsets = {}
    for name in order or sections:
        offsets[name] = _HEADERS + len(contents)
        contents += sections[name] + b"\0" * (-len(sections[name]) % 512)
    address = 0x1000
    for name, data in sections.items():
        raw = len(data) + (-len(data) % 512)
        table += struct.pack("<8sIIII16x", name.encode(), len(data) + virtual_extra, address, raw,
                             offsets[name])
        address += 0x1000
    optional = struct.pack("<H22xQII16xII", 0x20B, 0x140000000, 0x1000, 512, address, _HEADERS)
    optional = optional.ljust(108, b"\0") + struct.pack("<I", 16)
    rows = bytearray(16 * 8)
    if certificates:
        struct.pack_into("<II", rows, 4 * 8, _HEADERS + len(contents), len(certificates))
    optional += bytes(rows)
    header = b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x80)
    header = header.ljust(0x80, b"\0") + b"PE\0\0" + struct.pack(
        "<HHIIIHH", 0x8664, len(sections), 0, 0, 0, len(optional), 0x206)
    return (header + optional + table).ljust(_HEADERS, b"\0") + contents + certificates


class PeTest(unittest.TestCase):
    def test_sections_are_found_and_filled_with_zeros(self):
        image = pe.Image.parse(make({".text": b"code", ".osrel": b"name"}, virtual_extra=3))
        self.assertEqual([".text", ".osrel"], [section.name for section in image.sections])
        self.assertEqual(b"name\0\0\0", image.section_as_loaded(".osrel"))
        self.assertIsNone(image.section_as_loaded(".initrd"))
        self.assertEqual(0x140000000, image.image_base)
        self.assertEqual(0x3000, image.end_of_image())

    def test_authenticode_is_the_documented_concatenation(self):
        data = make({".text": b"A" * 600, ".data": b"B" * 10})
        expected = hashlib.sha256(data[:_CHECKSUM] + data[_CHECKSUM + 4:_CERTIFICATE_ROW]
                                  + data[_CERTIFICATE_ROW + 8:]).digest()
        self.assertEqual(expected, pe.Image.parse(data).authenticode("sha256"))

    def test_authenticode_ignores_checksum_and_certificates_and_nothing_else(self):
        data = make({".text": b"A" * 600, ".data": b"B" * 10})
        reference = pe.Image.parse(data).authenticode("sha256")
        signed = make({".text": b"A" * 600, ".data": b"B" * 10}, certificates=b"C" * 64)
        self.assertEqual(reference, pe.Image.parse(signed).authenticode("sha256"))
        for offset in (2, _CHECKSUM - 6, _CHECKSUM + 4, _HEADERS, len(data) - 1):
            changed = bytearray(data)
            changed[offset] ^= 1
            with self.subTest(offset=offset):
                self.assertNotEqual(reference,
                                    pe.Image.parse(bytes(changed)).authenticode("sha256"))
        changed = bytearray(data)
        changed[_CHECKSUM] ^= 1
        self.assertEqual(reference, pe.Image.parse(bytes(changed)).authenticode("sha256"))

    def test_authenticode_takes_sections_in_file_order(self):
        data = make({".text": b"A" * 600, ".data": b"B" * 600}, order=[".data", ".text"])
        expected = hashlib.sha256(data[:_CHECKSUM] + data[_CHECKSUM + 4:_CERTIFICATE_ROW]
                                  + data[_CERTIFICATE_ROW + 8:]).digest()
        self.assertEqual(expected, pe.Image.parse(data).authenticode("sha256"))

    def test_with_timestamp_changes_time_and_checksum_only(self):
        data = bytearray(make({".text": b"A"}))
        data[_CHECKSUM] = 7
        changed = pe.Image.parse(bytes(data)).with_timestamp(0x01020304)
        self.assertEqual(b"\4\3\2\1", changed[0x88:0x8C])
        self.assertEqual(0, changed[_CHECKSUM])
        self.assertEqual(data[0x8C:_CHECKSUM], changed[0x8C:_CHECKSUM])

    def test_malformed_images_are_refused(self):
        data = make({".text": b"A" * 600})
        for what, broken in (("empty", b""), ("not MZ", b"XX" + data[2:]),
                             ("no PE", data[:0x80] + b"XX" + data[0x82:]),
                             ("cut in the headers", data[:0x90]),
                             ("cut in a section", data[:-1]),
                             ("PE32", data[:0x98] + b"\x0b\x01" + data[0x9A:])):
            with self.subTest(what), self.assertRaises(pe.PeError):
                pe.Image.parse(broken)


if __name__ == "__main__":
    unittest.main()
