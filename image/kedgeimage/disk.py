"""The bootable disk: GPT with an EFI system partition, the root and its hash tree.

Plain files throughout: no loop devices, no mounts.
"""

import os
import pathlib
import re

from .host import BuildError, run

_MIB = 1 << 20
_ESP_TYPE = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"
# Discoverable Partitions Specification: root and root-verity for x86-64.
_ROOT_TYPE = "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709"
_VERITY_TYPE = "2C7357ED-EBD2-46D9-AEC1-23D437EC2BF5"
_EROFS_UUID = "6b656467-6500-4000-8000-726f6f746673"
_VERITY_UUID = "6b656467-6500-4000-8000-766572697479"
_VOLUME_ID = "6b656467"


def make_root_image(tree: pathlib.Path, target: pathlib.Path, epoch: int) -> None:
    """Packs a tree into an erofs image whose bytes depend on the tree alone."""
    target.unlink(missing_ok=True)
    # mkfs.erofs 1.5 keeps times that are older than its -T, whatever its options say.
    for path in (tree, *tree.rglob("*")):
        os.utime(path, (epoch, epoch), follow_symlinks=False)
    run("mkfs.erofs", "-zlz4hc", f"-T{epoch}", "-U", _EROFS_UUID, "-x-1", "--quiet", target, tree)


def make_verity(root_image: pathlib.Path, target: pathlib.Path) -> str:
    """Writes the hash tree and returns the root hash as hexadecimal digits.

    The salt is fixed: it would protect a tree against precomputation, which matters where content
    is secret; here it would only make two equal builds differ.
    """
    target.unlink(missing_ok=True)
    said = run("veritysetup", "format", f"--salt={'0' * 64}", f"--uuid={_VERITY_UUID}",
               root_image, target)
    match = re.search(r"^Root hash:\s+([0-9a-f]{64})$", said, re.MULTILINE)
    if not match:
        raise BuildError(f"veritysetup printed no root hash:\n{said}")
    return match.group(1)


def _uuid(digits: str) -> str:
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32]))


def _mebibytes(path: pathlib.Path) -> int:
    return -(-path.stat().st_size // _MIB)


def _make_esp(uki: pathlib.Path, size: int, target: pathlib.Path) -> None:
    target.unlink(missing_ok=True)
    with target.open("wb") as stream:
        stream.truncate(size * _MIB)
    run("mkfs.vfat", "--invariant", "-F", "32", "-i", _VOLUME_ID, "-n", "ESP", target)
    run("mmd", "-i", target, "::/EFI", "::/EFI/BOOT")
    run("mcopy", "-m", "-i", target, uki, "::/EFI/BOOT/BOOTX64.EFI")


def make_disk(uki: pathlib.Path, root_image: pathlib.Path, verity: pathlib.Path, root_hash: str,
              work: pathlib.Path, target: pathlib.Path) -> None:
    """Puts the parts together. The two partitions' UUIDs are the halves of the root hash, by which
    systemd finds them."""
    # FAT32 needs 65525 clusters: 33 MiB of 512 bytes each, and some for the tables.
    esp_size = max(_mebibytes(uki) + 2, 36)
    root_size, verity_size = _mebibytes(root_image), _mebibytes(verity)
    esp = work / "esp.img"
    _make_esp(uki, esp_size, esp)
    target.unlink(missing_ok=True)
    with target.open("wb") as stream:
        stream.truncate((1 + esp_size + root_size + verity_size + 1) * _MIB)
    layout = (f"label: gpt\nlabel-id: {_uuid(root_hash[16:48])}\n"
              f"start=1MiB, size={esp_size}MiB, type={_ESP_TYPE}, "
              f"uuid={_uuid(root_hash[8:40])}, name=esp\n"
              f"size={root_size}MiB, type={_ROOT_TYPE}, uuid={_uuid(root_hash[:32])}, name=root\n"
              f"size={verity_size}MiB, type={_VERITY_TYPE}, uuid={_uuid(root_hash[32:])}, "
              "name=root-verity\n")
    run("sfdisk", "--quiet", target, stdin=layout.encode())
    for part, start in ((esp, 1), (root_image, 1 + esp_size),
                        (verity, 1 + esp_size + root_size)):
        run("dd", f"if={part}", f"of={target}", "bs=1M", f"seek={start}", "conv=notrunc,sparse",
            "status=none")
    esp.unlink()
