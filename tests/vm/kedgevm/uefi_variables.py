"""Writes variables into OVMF's flash file, as a host can while the machine is off.

Layout: UEFI Platform Initialization specification, volume 3, "Firmware Storage"; EDK2's
VariableFormat.h for the authenticated variable store.
"""

import pathlib
import struct
import uuid

_STORE = uuid.UUID("aaf32c78-947b-439a-a180-2e144ec37792").bytes_le
_GLOBAL = uuid.UUID("8be4df61-93ca-11d2-aa0d-00e098032b8c").bytes_le
_HEADER = struct.Struct("<HBBIQ16sIII16s")
_START = 0x55AA
_ADDED = 0x3F
_DELETED = 0xFD
_ATTRIBUTES = 7  # non-volatile, boot service and runtime access


def _aligned(offset: int) -> int:
    return (offset + 3) & ~3


def set_variable(flash: pathlib.Path, name: str, value: bytes) -> None:
    """Sets a global EFI variable: deletes the old value, appends the new one."""
    data = bytearray(flash.read_bytes())
    (volume_header,) = struct.unpack_from("<H", data, 48)
    if data[volume_header:volume_header + 16] != _STORE:
        raise ValueError(f"{flash} has no variable store where OVMF keeps it")
    (store_size,) = struct.unpack_from("<I", data, volume_header + 16)
    wanted = (name + "\0").encode("utf-16-le")
    offset = _aligned(volume_header + 28)
    while True:
        start, state, *_, name_size, data_size, vendor = _HEADER.unpack_from(data, offset)
        if start != _START:
            break
        text = offset + _HEADER.size
        if vendor == _GLOBAL and data[text:text + name_size] == wanted and state == _ADDED:
            data[offset + 2] = state & _DELETED
        offset = _aligned(text + name_size + data_size)
    row = _HEADER.pack(_START, _ADDED, 0, _ATTRIBUTES, 0, b"\0" * 16, 0, len(wanted), len(value),
                       _GLOBAL) + wanted + value
    if offset + len(row) > volume_header + store_size:
        raise ValueError(f"{flash}: the variable store is full")
    data[offset:offset + len(row)] = row
    flash.write_bytes(data)
