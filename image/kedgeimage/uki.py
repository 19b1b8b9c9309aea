"""The unified kernel image: systemd-stub with the kernel, initrd and command line as sections."""

import os
import pathlib

from . import pe
from .host import SOURCE_DATE_EPOCH, BuildError, run

STUB = pathlib.Path("/usr/lib/systemd/boot/efi/linuxx64.efi.stub")
_PAGE = 4096


def command_line(root_hash: str) -> str:
    """The kernel command line: part of the UKI, so measured; the same for both images."""
    return " ".join((
        # systemd-veritysetup-generator finds both partitions by the root hash.
        f"roothash={root_hash}", "root=/dev/mapper/root", "rootfstype=erofs", "ro",
        # What a host hands in through SMBIOS or fw_cfg is not configuration.
        "systemd.import_credentials=no",
        # Read by dracut's programs only. What they ask for is true of our initrd without them:
        # it has no shell to open, and its emergency.service restarts the machine.
        "rd.shell=0", "rd.emergency=reboot",
        "systemd.show_status=0", "audit=0", "panic=10", "console=ttyS0", "quiet",
        "sysctl.kernel.sysrq=0",
    ))


def build(kernel: pathlib.Path, initrd: pathlib.Path, cmdline: str, os_release: str,
          work: pathlib.Path, target: pathlib.Path) -> None:
    """Adds the sections behind those of the stub, at addresses computed from their sizes.

    Fixed addresses, as in most recipes, leave too little room for this kernel.
    """
    if not STUB.exists():
        raise BuildError(f"{STUB} is missing; install what scripts/packages lists")
    stub = pe.Image.parse(STUB.read_bytes())
    (work / "cmdline").write_bytes(cmdline.encode() + b"\0")
    (work / "osrel").write_text(os_release)
    address = stub.end_of_image()
    options: list[object] = []
    for name, path in ((".osrel", work / "osrel"), (".cmdline", work / "cmdline"),
                       (".linux", kernel), (".initrd", initrd)):
        options += ["--add-section", f"{name}={path}",
                    "--set-section-flags", f"{name}=contents,alloc,load,readonly,data",
                    "--change-section-vma", f"{name}={stub.image_base + address:#x}"]
        address += -(-path.stat().st_size // _PAGE) * _PAGE
    run("objcopy", *options, STUB, target)
    # objcopy writes the time of day into the headers.
    target.write_bytes(pe.Image.parse(target.read_bytes()).with_timestamp(SOURCE_DATE_EPOCH))
    os.utime(target, (SOURCE_DATE_EPOCH, SOURCE_DATE_EPOCH))
