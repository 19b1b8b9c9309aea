"""What a hostile host does to a machine that is off."""

import os
import pathlib
import struct

from . import uefi_variables
from .gpt import partitions
from .process import tool

_UKI_PATH = "EFI/BOOT/BOOTX64.EFI"


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


def swap_files(one: pathlib.Path, other: pathlib.Path) -> None:
    """Exchanges two disks."""
    between = one.with_suffix(".swap")
    os.rename(one, between)
    os.rename(other, one)
    os.rename(between, other)


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
