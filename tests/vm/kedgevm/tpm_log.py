"""PCR values as the TPM itself has them, replayed from swtpm's log of commands.

A release image has no way to ask it anything, and a node's own word about its PCRs would prove
little. TCG TPM 2.0 Library, part 3, gives the layouts.
"""

import hashlib
import pathlib
import re
import struct

_STARTUP, _EXTEND, _EVENT, _SEQUENCE_COMPLETE = 0x144, 0x182, 0x13C, 0x185
_SUCCESS = 0
_SESSIONS = 0x8002
_SHA256 = 0x000B
_DIGEST_SIZES = {0x0004: 20, 0x000B: 32, 0x000C: 48, 0x000D: 64}
_DYNAMIC_PCRS = range(17, 23)  # start as all ones
_NO_PCR = 0x40000007  # TPM_RH_NULL


def _messages(log: pathlib.Path) -> list[tuple[str, bytes]]:
    """("Read" for a command or "Write" for a response, bytes), in order; the last may be cut."""
    found: list[tuple[str, int, bytearray]] = []
    for line in log.read_text(errors="replace").splitlines():
        header = re.fullmatch(r"\s*SWTPM_IO_(Read|Write): length (\d+)\s*", line)
        if header:
            found.append((header[1], int(header[2]), bytearray()))
        elif found and len(found[-1][2]) < found[-1][1] and re.fullmatch(
                r"\s*(?:[0-9A-F]{2} *)+", line):
            found[-1][2].extend(bytes.fromhex(line))
    return [(kind, bytes(data)) for kind, length, data in found if len(data) == length]


def _sha256_of(values: bytes) -> bytes:
    """The SHA-256 digest of a TPML_DIGEST_VALUES."""
    (count,) = struct.unpack_from(">I", values)
    offset = 4
    for _ in range(count):
        (algorithm,) = struct.unpack_from(">H", values, offset)
        digest = values[offset + 2:offset + 2 + _DIGEST_SIZES[algorithm]]
        if algorithm == _SHA256:
            return digest
        offset += 2 + len(digest)
    raise ValueError("an extend without a SHA-256 digest")


def extends(log: pathlib.Path) -> list[tuple[int, bytes]]:
    """(PCR, SHA-256 digest) of every successful extend since the TPM last started."""
    result: list[tuple[int, bytes]] = []
    messages = _messages(log)
    for (kind, command), (answer_kind, response) in zip(messages, messages[1:]):
        if kind != "Read" or answer_kind != "Write" or len(command) < 10:
            continue
        tag, _, code = struct.unpack_from(">HII", command)
        if struct.unpack_from(">I", response, 6)[0] != _SUCCESS:
            continue
        if code == _STARTUP:
            result.clear()
        elif code in (_EXTEND, _EVENT, _SEQUENCE_COMPLETE) and tag == _SESSIONS:
            (pcr,) = struct.unpack_from(">I", command, 10)
            if pcr == _NO_PCR:
                continue
            if code == _EXTEND:
                (authorisation,) = struct.unpack_from(">I", command, 14)
                digest = _sha256_of(command[18 + authorisation:])
            else:
                digest = _sha256_of(response[14:])
            result.append((pcr, digest))
    return result


def pcrs(log: pathlib.Path) -> dict[int, str]:
    """Every PCR of the SHA-256 bank, in hexadecimal."""
    values = {pcr: (b"\xff" if pcr in _DYNAMIC_PCRS else b"\0") * 32 for pcr in range(24)}
    for pcr, digest in extends(log):
        values[pcr] = hashlib.sha256(values[pcr] + digest).digest()
    return {pcr: value.hex() for pcr, value in values.items()}
