"""The 6.12 cloud kernel of bookworm-backports: the first Debian 12 kernel with configfs-tsm.

It is unpacked, not installed: its package would pull in an initramfs generator.
"""

import dataclasses
import lzma
import pathlib
import re
import shutil

from . import sources
from .host import BuildError, cache_dir, require, run

_META_PACKAGE = "linux-image-cloud-amd64"


@dataclasses.dataclass(frozen=True)
class Kernel:
    """An unpacked kernel package."""

    version: str
    vmlinuz: pathlib.Path
    root: pathlib.Path  # has usr/lib/modules/<version>, indexed by depmod


def _download(into: pathlib.Path) -> None:
    """Puts the newest kernel package of the backports suite in `into`, with a private apt state."""
    require("apt-get", "apt-cache")
    state = into / "apt"
    for folder in ("lists/partial", "cache/archives/partial"):
        (state / folder).mkdir(parents=True, exist_ok=True)
    suite = f"{sources.SUITE}-backports"
    (state / "sources.list").write_text(
        sources.apt_line(suite, sources.addresses()[suite]) + "\n")
    (state / "status").write_text("")
    options = []
    for key, value in (("Dir::Etc::sourcelist", state / "sources.list"),
                       ("Dir::Etc::sourceparts", "/dev/null"),
                       ("Dir::Etc::preferences", "/dev/null"),
                       ("Dir::Etc::preferencesparts", "/dev/null"),
                       ("Dir::State::lists", state / "lists"),
                       ("Dir::State::status", state / "status"),
                       ("Dir::Cache", state / "cache"),
                       ("APT::Sandbox::User", "root")):
        options += ["-o", f"{key}={value}"]
    run("apt-get", *options, "update")
    depends = run("apt-cache", *options, "depends", _META_PACKAGE)
    match = re.search(r"Depends: (linux-image-[0-9][^\s]*-cloud-amd64)\s", depends)
    if not match:
        raise BuildError(f"{suite} has no {_META_PACKAGE}: is it on the mirror? apt said:\n"
                         + depends)
    run("apt-get", *options, "download", match.group(1), cwd=into)
    shutil.rmtree(state)


def ensure() -> Kernel:
    """The cached kernel, downloaded and unpacked first when the cache has none."""
    base = cache_dir() / f"kernel-{sources.SUITE}-backports"
    if not base.exists():
        require("dpkg-deb", "depmod", "modprobe")
        part = base.with_name(base.name + ".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        _download(part)
        debs = list(part.glob("*.deb"))
        if len(debs) != 1:
            raise BuildError(f"expected one kernel package in {part}, found {len(debs)}")
        run("dpkg-deb", "-x", debs[0], part / "root")
        debs[0].unlink()
        if not (part / "root/usr/lib/modules").exists():
            (part / "root/usr/lib").mkdir(parents=True, exist_ok=True)
            (part / "root/lib/modules").rename(part / "root/usr/lib/modules")
            (part / "root/lib").rmdir()
        (part / "root/lib").symlink_to("usr/lib")
        (version,) = (path.name for path in (part / "root/usr/lib/modules").iterdir())
        run("depmod", "-b", part / "root", version)
        part.rename(base)
    (version,) = (path.name for path in (base / "root/usr/lib/modules").iterdir())
    return Kernel(version, base / f"root/boot/vmlinuz-{version}", base / "root")


def module_names(path: pathlib.Path) -> list[str]:
    """Module names of a list file: comments and blank lines dropped."""
    words = (line.split("#", 1)[0].split() for line in path.read_text().splitlines())
    return sorted({name for line in words for name in line})


def install_modules(kernel: Kernel, names: list[str], tree: pathlib.Path) -> None:
    """Copies the modules and everything they depend on under tree/usr/lib/modules."""
    base = pathlib.Path("usr/lib/modules") / kernel.version
    wanted: set[str] = set()
    for name in names:
        for line in run("modprobe", "-d", kernel.root, "-S", kernel.version, "--show-depends",
                        name).splitlines():
            kind, *rest = line.split()
            if kind == "insmod":
                wanted.add(rest[0].split(f"/lib/modules/{kernel.version}/", 1)[1])
            elif kind != "builtin":
                raise BuildError(f"modprobe said something unexpected about {name}: {line}")
    for relative in sorted(wanted):
        target = tree / base / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        source = kernel.root / base / relative
        if source.suffix == ".xz":
            target = target.with_suffix("")
            target.write_bytes(lzma.decompress(source.read_bytes()))
        else:
            shutil.copyfile(source, target)
    for name in ("modules.builtin", "modules.builtin.modinfo", "modules.order"):
        shutil.copyfile(kernel.root / base / name, tree / base / name)
    run("depmod", "-b", tree, kernel.version)
