"""A writer for the kernel's initramfs archive (cpio "newc": kernel docs, initramfs buffer format).

Own code because the archive must depend on nothing but names, modes and contents: no inode
numbers, owners or times of the build machine.
"""

import io
import os
import pathlib
import stat

_TRAILER = "TRAILER!!!"


def _entry(out: io.BytesIO, inode: int, name: str, mode: int, mtime: int, data: bytes) -> None:
    raw = name.encode() + b"\0"
    links = 2 if stat.S_ISDIR(mode) else 1
    fields = (inode, mode, 0, 0, links, mtime, len(data), 0, 0, 0, 0, len(raw), 0)
    out.write(b"070701" + b"".join(b"%08X" % field for field in fields) + raw)
    out.write(b"\0" * (-out.tell() % 4))
    out.write(data)
    out.write(b"\0" * (-out.tell() % 4))


def archive(tree: pathlib.Path, mtime: int) -> bytes:
    """Returns the archive of a tree: sorted by path, everything owned by root."""
    out = io.BytesIO()
    paths = sorted(tree.rglob("*"), key=lambda path: path.relative_to(tree).as_posix().encode())
    for inode, path in enumerate(paths, start=1):
        info = path.lstat()
        if stat.S_ISLNK(info.st_mode):
            mode, data = stat.S_IFLNK | 0o777, os.readlink(path).encode()
        elif stat.S_ISDIR(info.st_mode):
            mode, data = stat.S_IFDIR | stat.S_IMODE(info.st_mode), b""
        elif stat.S_ISREG(info.st_mode):
            mode, data = stat.S_IFREG | stat.S_IMODE(info.st_mode), path.read_bytes()
        else:
            raise ValueError(f"{path}: neither a file, a folder nor a symbolic link")
        _entry(out, inode, path.relative_to(tree).as_posix(), mode, mtime, data)
    _entry(out, 0, _TRAILER, 0, 0, b"")
    out.write(b"\0" * (-out.tell() % 512))
    return out.getvalue()
