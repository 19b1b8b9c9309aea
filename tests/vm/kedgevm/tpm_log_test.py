"""Tests of the replay of swtpm's log."""

import hashlib
import pathlib
import struct
import tempfile
import unittest

from kedgevm import tpm_log

_STARTUP = bytes.fromhex("8001 0000000c 00000144 0000")
_OK = bytes.fromhex("8001 0000000a 00000000")
_BAD = bytes.fromhex("8001 0000000a 00000101")


def extend(pcr: int, digest: bytes) -> bytes:
    body = struct.pack(">II", pcr, 9) + bytes.fromhex("40000009 0000 00 0000")
    body += struct.pack(">IH", 2, 4) + b"\1" * 20 + struct.pack(">H", 11) + digest
    return struct.pack(">HII", 0x8002, 10 + len(body), 0x182) + body


def log(*exchange: tuple[bytes, bytes]) -> str:
    text = " Ctrl Cmd: length 5\n 00 00 00 05 00 \n"
    for command, response in exchange:
        for word, data in (("Read", command), ("Write", response)):
            text += f" SWTPM_IO_{word}: length {len(data)}\n"
            for start in range(0, len(data), 16):
                text += " " + data[start:start + 16].hex(" ").upper() + " \n"
    return text


class TpmLogTest(unittest.TestCase):
    def setUp(self):
        self.path = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory())) / "log"

    def test_successful_extends_are_replayed(self):
        self.path.write_text(log((_STARTUP, _OK), (extend(4, b"\2" * 32), _OK),
                                 (extend(4, b"\3" * 32), _BAD), (extend(15, b"\4" * 32), _OK)))
        self.assertEqual([(4, b"\2" * 32), (15, b"\4" * 32)], tpm_log.extends(self.path))
        values = tpm_log.pcrs(self.path)
        self.assertEqual(hashlib.sha256(b"\0" * 32 + b"\2" * 32).hexdigest(), values[4])
        self.assertEqual("0" * 64, values[9])
        self.assertEqual("f" * 64, values[17])

    def test_a_restart_starts_over(self):
        self.path.write_text(log((_STARTUP, _OK), (extend(4, b"\2" * 32), _OK), (_STARTUP, _OK)))
        self.assertEqual([], tpm_log.extends(self.path))

    def test_a_message_cut_by_a_power_cut_does_not_count(self):
        self.path.write_text(log((_STARTUP, _OK), (extend(4, b"\2" * 32), _OK))[:-20])
        self.assertEqual([], tpm_log.extends(self.path))


if __name__ == "__main__":
    unittest.main()
