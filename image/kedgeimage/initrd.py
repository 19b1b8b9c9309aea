"""The initrd: systemd, udev, networkd and dm-verity, taken file by file from the root tree."""

import pathlib
import re
import shutil

from . import kernel as kernels
from .host import BuildError, run, run_inside
from .identity import Identity
from .tree import copy_onto, lines_of, remove_units_of

_LIBRARY_FOLDERS = ("usr/lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu/systemd",
                    "usr/lib/systemd")
_ELF = b"\x7fELF"


class _Copier:
    """Copies files of the root tree, following symbolic links and shared library names."""

    def __init__(self, root: pathlib.Path, target: pathlib.Path):
        self._root = root
        self._target = target
        self._seen: set[str] = set()

    def put(self, path: str) -> None:
        """Copies /path with its ELF dependencies. Unknown files are an error."""
        path = self._without_linked_folders(path)
        if path in self._seen:
            return
        self._seen.add(path)
        source = self._root / path.lstrip("/")
        target = self._target / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_symlink():
            link = source.readlink()
            target.symlink_to(link)
            if str(link) != "/dev/null":
                self.put(str(link if link.is_absolute() else pathlib.Path(path).parent / link))
            return
        if not source.is_file():
            raise BuildError(f"the initrd wants {path}, which is not a file of the root tree")
        shutil.copy2(source, target)
        with source.open("rb") as stream:
            if stream.read(4) == _ELF:
                self._put_needed(source, path)

    def _put_needed(self, source: pathlib.Path, path: str) -> None:
        """Copies what the ELF header of a file names: its interpreter and its libraries."""
        headers = run("readelf", "--wide", "--dynamic", "--program-headers", source)
        for interpreter in re.findall(r"program interpreter: ([^\]]+)\]", headers):
            self.put(interpreter)
        for name in re.findall(r"\(NEEDED\).*\[(.+)\]", headers):
            self.put(self._library(name, path))

    def _without_linked_folders(self, path: str) -> str:
        """/lib/x → /usr/lib/x: resolves links among the folders of a path, not its last part."""
        whole = self._root / path.lstrip("/")
        return "/" + str(whole.parent.resolve().relative_to(self._root.resolve()) / whole.name)

    def _library(self, name: str, wanted_by: str) -> str:
        for folder in _LIBRARY_FOLDERS:
            if (self._root / folder / name).exists():
                return f"/{folder}/{name}"
        raise BuildError(f"{wanted_by} needs {name}, which the root tree does not have")


def _units(root: pathlib.Path, copier: _Copier, target: pathlib.Path) -> None:
    """The units that were kept for the root image serve the initrd as well."""
    folder = root / "usr/lib/systemd/system"
    for path in sorted(folder.iterdir()):
        if path.is_dir() and path.suffix in (".wants", ".requires"):
            for entry in sorted(path.iterdir()):
                there = target / entry.relative_to(root)
                there.parent.mkdir(parents=True, exist_ok=True)
                there.symlink_to(f"../{entry.name}")
        elif path.is_dir():
            copy_onto(path, _made(target / path.relative_to(root)))
        else:
            copier.put(f"/{path.relative_to(root)}")


def _made(folder: pathlib.Path) -> pathlib.Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def make(base: pathlib.Path, root: pathlib.Path, project: pathlib.Path, identity: Identity,
         kernel: kernels.Kernel, target: pathlib.Path, missing: list[str]) -> None:
    """Makes the initrd's tree from the base tree, the root tree's accounts and our units, but for
    the units of programs that are missing."""
    image_dir = project / "image"
    shutil.rmtree(target, ignore_errors=True)
    for folder in ("usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "etc/systemd/system", "proc",
                   "sys", "dev", "run", "tmp", "var", "sysroot"):
        (target / folder).mkdir(parents=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        (target / name).symlink_to(f"usr/{name}")
    copier = _Copier(base, target)
    for path in lines_of(image_dir / "initrd.files"):
        copier.put(path)
    _units(base, copier, target)
    for name in ("passwd", "group", "shadow"):
        shutil.copy2(root / "etc" / name, target / "etc" / name)
    kernels.install_modules(kernel, kernels.module_names(image_dir / "modules.initrd"), target)
    for name in ("modprobe", "insmod"):
        (target / "usr/sbin" / name).symlink_to("../bin/kmod")
    (target / "init").symlink_to("usr/lib/systemd/systemd")
    (target / "etc/initrd-release").write_text(identity.os_release())
    (target / "etc/os-release").symlink_to("initrd-release")
    (target / "etc/machine-id").write_text("")
    # udev loads what a device asks for; these have no device, or are wanted before it is asked. The
    # kernel would load the last line's itself, by a modprobe of its own each while the firewall and
    # the state disk wait for it.
    _made(target / "etc/modules-load.d").joinpath("kedge.conf").write_text("\n".join((
        "sha256-ssse3", "dm-verity", "erofs", "efivarfs", "qemu_fw_cfg", "virtio_blk", "virtio_net",
        "nf_tables", "nft_ct", "dm-crypt", "dm-integrity", "xts", "authenc", "")))
    (target / "etc/systemd/system/default.target").symlink_to(
        "/usr/lib/systemd/system/initrd.target")
    units = target / "usr/lib/systemd/system"
    sources = [project / "systemd/initrd", image_dir / "tree-initrd/usr/lib/systemd/system"]
    if identity.variant == "test":
        sources.append(project / "tests/vm/testd/tree-initrd/usr/lib/systemd/system")
    for source in sources:
        copy_onto(source, units)
    remove_units_of(missing, units)
    # What is enabled here is what our own units of the initrd ask for.
    enabled = [path.name for source in sources for path in sorted(source.iterdir())
               if path.is_file() and "\n[Install]\n" in path.read_text()
               and (units / path.name).exists()]
    run_inside(target, "systemctl", "--root=/", "enable", *enabled)
