"""Reads a GUID partition table (UEFI specification, chapter 5)."""

import dataclasses
import pathlib
import struct
import uuid

_SECTOR = 512


@dataclasses.dataclass(frozen=True)
class Partition:
    """One partition; offsets and sizes in bytes."""

    number: int
    name: str
    guid: uuid.UUID
    offset: int
    size: int


def partitions(disk: pathlib.Path) -> dict[str, Partition]:
    """A disk's partitions by name."""
    found = {}
    with disk.open("rb") as stream:
        stream.seek(_SECTOR)
        header = stream.read(92)
        if header[:8] != b"EFI PART":
            raise ValueError(f"{disk} has no partition table")
        table, count, size = struct.unpack_from("<QII", header, 72)
        for number in range(count):
            stream.seek(table * _SECTOR + number * size)
            row = stream.read(size)
            first, last = struct.unpack_from("<QQ", row, 32)
            if any(row[:16]):
                name = row[56:128].decode("utf-16-le").rstrip("\0")
                found[name] = Partition(number + 1, name, uuid.UUID(bytes_le=row[16:32]),
                                        first * _SECTOR, (last - first + 1) * _SECTOR)
    return found
