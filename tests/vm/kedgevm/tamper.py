"""What a hostile host does to a machine that is off."""

import hashlib
import os
import pathlib
import struct
import subprocess
from collections.abc import Callable

from . import uefi_variables
from .gpt import partitions
from .process import tool

_UKI_PATH = "EFI/BOOT/BOOTX64.EFI"
_BLOCK = 4096
# docs/FORMATS.md, "State disk header and token".
_LUKS_COPY = 16384
_LUKS_BINARY = 4096
_LUKS_CHECKSUM = 448
_LUKS_CHECKSUM_FIELD = 64
_LUKS_DATA = 16 << 20


def flip_byte(disk: pathlib.Path, offset: int) -> None:
    """Inverts one byte of a file."""
    with disk.open("r+b") as stream:
        stream.seek(offset)
        (byte,) = stream.read(1)
        stream.seek(offset)
        stream.write(bytes([byte ^ 0xFF]))


def blank(disk: pathlib.Path, size: int, offset: int = 0) -> None:
    """Overwrites a range with zeros: a LUKS2 header takes the first 16 MiB at most."""
    with disk.open("r+b") as stream:
        stream.seek(offset)
        stream.write(b"\0" * size)


def exchange(disk: pathlib.Path, one: int, other: int, size: int = _BLOCK) -> None:
    """Exchanges two ranges of a disk."""
    with disk.open("r+b") as stream:
        ranges = []
        for offset in (one, other):
            stream.seek(offset)
            ranges.append(stream.read(size))
        for offset, content in zip((other, one), ranges):
            stream.seek(offset)
            stream.write(content)


def put(disk: pathlib.Path, offset: int, content: bytes) -> None:
    """Overwrites a range."""
    with disk.open("r+b") as stream:
        stream.seek(offset)
        stream.write(content)


def swap_files(one: pathlib.Path, other: pathlib.Path) -> None:
    """Exchanges two disks."""
    between = one.with_suffix(".swap")
    os.rename(one, between)
    os.rename(other, one)
    os.rename(between, other)


def copy_disk(source: pathlib.Path, target: pathlib.Path) -> None:
    """Takes or puts back a copy, which needs no more room than the original."""
    subprocess.run(["cp", "--sparse=always", source, target], check=True, timeout=60)


def longest_change(before: bytes, after: bytes) -> tuple[int, int]:
    """(offset, size) of the longest run of 4 KiB blocks of the data area that differ."""
    best, start = (0, 0), None
    for offset in range(_LUKS_DATA, len(after) + 1, _BLOCK):
        differs = before[offset:offset + _BLOCK] != after[offset:offset + _BLOCK]
        if differs and start is None:
            start = offset
        elif not differs and start is not None:
            best = max(best, (offset - start, start))
            start = None
    size, start = best
    return start, size


def change_luks_header(disk: pathlib.Path, change: Callable[[str], str]) -> None:
    """Changes the JSON text of both copies of a LUKS2 header, and makes the checksums fit."""
    with disk.open("r+b") as stream:
        for start in (0, _LUKS_COPY):
            stream.seek(start)
            header = bytearray(stream.read(_LUKS_COPY))
            old = header[_LUKS_BINARY:].rstrip(b"\0").decode()
            new = change(old).encode()
            if new == old.encode():
                raise ValueError(f"{disk}: the header's text did not change")
            header[_LUKS_BINARY:] = new.ljust(_LUKS_COPY - _LUKS_BINARY, b"\0")
            field = slice(_LUKS_CHECKSUM, _LUKS_CHECKSUM + _LUKS_CHECKSUM_FIELD)
            header[field] = bytes(_LUKS_CHECKSUM_FIELD)
            header[field] = hashlib.sha256(header).digest().ljust(_LUKS_CHECKSUM_FIELD, b"\0")
            stream.seek(start)
            stream.write(header)


def replace_uki(image_disk: pathlib.Path, uki: pathlib.Path) -> None:
    """Puts another UKI into the EFI system partition."""
    start = partitions(image_disk)["esp"].offset
    tool("mcopy", "-o", "-i", f"{image_disk}@@{start}", uki, f"::/{_UKI_PATH}")


def extract_uki(image_disk: pathlib.Path, target: pathlib.Path) -> None:
    """Copies the UKI out of the EFI system partition."""
    start = partitions(image_disk)["esp"].offset
    tool("mcopy", "-n", "-o", "-i", f"{image_disk}@@{start}", f"::/{_UKI_PATH}", target)


def command_line(uki: pathlib.Path) -> str:
    """The kernel command line within a UKI."""
    data = uki.read_bytes()
    start = data.index(b"roothash=")
    return data[start:data.index(b"\0", start)].decode()


def set_load_options(variables: pathlib.Path, image_disk: pathlib.Path,
                     command_line: str) -> None:
    """Adds a boot entry that passes load options to the UKI, and makes it the first choice."""
    esp = partitions(image_disk)["esp"]
    # UEFI specification 10.3.5.1 (hard drive) and 10.3.5.4 (file path), then the end node.
    hard_drive = struct.pack("<BBHIQQ16sBB", 4, 1, 42, esp.number, esp.offset // 512,
                             esp.size // 512, esp.guid.bytes_le, 2, 2)
    name = ("\\" + _UKI_PATH.replace("/", "\\") + "\0").encode("utf-16-le")
    path = hard_drive + struct.pack("<BBH", 4, 4, 4 + len(name)) + name + b"\x7f\xff\x04\x00"
    option = (struct.pack("<IH", 1, len(path)) + "Tampered\0".encode("utf-16-le") + path
              + (command_line + "\0").encode("utf-16-le"))
    uefi_variables.set_variable(variables, "Boot0077", option)
    uefi_variables.set_variable(variables, "BootOrder", struct.pack("<H", 0x77))
