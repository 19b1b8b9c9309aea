"""The root file system: Debian's tree, cut down, with Kedge's own files on top."""

import hashlib
import os
import pathlib
import re
import shutil
import stat

from . import kernel as kernels
from .host import BuildError, run, run_inside
from .identity import Identity

PROGRAMS = ("kedge-bootstrapper", "kedge-disk-grow", "kedge-keyservice")
TEST_PROGRAMS = ("kedge-testd",)
TEST_LIBRARIES = ("kedge-testkill.so",)

# Where the project's unit folders go in an image.
_SYSTEMD_FOLDERS = {
    "systemd/system": "usr/lib/systemd/system",
    "systemd/sysusers.d": "usr/lib/sysusers.d",
    "systemd/tmpfiles.d": "usr/lib/tmpfiles.d",
    "systemd/preset": "usr/lib/systemd/system-preset",
}


def lines_of(path: pathlib.Path) -> list[str]:
    """The entries of a list file: comments and blank lines dropped."""
    stripped = (line.split("#", 1)[0].strip() for line in path.read_text().splitlines())
    return [line for line in stripped if line]


def copy_onto(source: pathlib.Path, target: pathlib.Path) -> None:
    """Copies a folder's contents over another tree; every file root's, no host metadata."""
    for path in sorted(source.rglob("*")):
        there = target / path.relative_to(source)
        if path.is_symlink():
            there.unlink(missing_ok=True)
            there.symlink_to(path.readlink())
        elif path.is_dir():
            there.mkdir(exist_ok=True, parents=True)
        else:
            install(path, there, 0o644)


def install(source: pathlib.Path, target: pathlib.Path, mode: int) -> None:
    """Copies one file with the given mode. Replaces, never writes through a link."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    shutil.copyfile(source, target)
    target.chmod(mode)


def _delete(path: pathlib.Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _matches(tree: pathlib.Path, pattern: str) -> set[pathlib.Path]:
    """What a pattern names. Unlike glob() alone it also finds a dangling link by its full name."""
    literal = tree / pattern
    return {*tree.glob(pattern), *([literal] if os.path.lexists(literal) else [])}


def _remove(tree: pathlib.Path, patterns: list[str]) -> None:
    kept = {path for pattern in patterns if pattern.startswith("!")
            for path in _matches(tree, pattern[1:])}
    for pattern in patterns:
        if not pattern.startswith("!"):
            for path in sorted(_matches(tree, pattern) - kept):
                _delete(path)


def _keep_only(folder: pathlib.Path, names: set[str]) -> None:
    """Deletes every entry of a folder, and of its .wants/.requires folders, that is not named."""
    present = {path.name for path in folder.iterdir()}
    absent = names - present
    if absent:
        raise BuildError(f"{folder} does not have {', '.join(sorted(absent))}")
    for path in sorted(folder.iterdir()):
        if path.is_dir() and path.name.endswith((".wants", ".requires")):
            for entry in sorted(path.iterdir()):
                if entry.name not in names:
                    entry.unlink()
            if not any(path.iterdir()):
                path.rmdir()
        elif path.name not in names:
            _delete(path)


def _strip_credentials(units: pathlib.Path) -> int:
    """Deletes the lines by which Debian's units take credentials: a host can hand those in.

    The kernel command line already forbids the import; this leaves nothing to import them for.
    Returns how many lines went.
    """
    line = re.compile(r"^(Load|Import|Set)Credential[A-Za-z]*=.*\n|^ConditionCredential=.*\n",
                      re.MULTILINE)
    count = 0
    for unit in sorted(units.rglob("*.service")):
        if not unit.is_symlink():
            text, gone = line.subn("", unit.read_text())
            if gone:
                unit.write_text(text)
                count += gone
    return count


def make_base(rootfs_tar: pathlib.Path, kernel: kernels.Kernel, image_dir: pathlib.Path,
              work: pathlib.Path) -> pathlib.Path:
    """The part that no Kedge binary or unit changes; kept in `work` between builds."""
    digest = hashlib.sha256(f"{rootfs_tar.name} {rootfs_tar.stat().st_mtime_ns} "
                            f"{kernel.version}".encode())
    for path in sorted([*image_dir.rglob("*.keep"), *image_dir.glob("*.globs"),
                        *image_dir.glob("modules.*"), *image_dir.rglob("kedgeimage/*.py"),
                        *(image_dir / "tree").rglob("*")]):
        if path.is_file():
            digest.update(f"{path.relative_to(image_dir)}\0".encode() + path.read_bytes() + b"\0")
    base = work / f"base-{digest.hexdigest()[:16]}"
    if base.exists():
        return base
    for old in work.glob("base-*"):  # also a part left by a build that was cut off
        shutil.rmtree(old)
    part = work / "base-part"
    part.mkdir(parents=True)
    run("tar", "--extract", "--file", rootfs_tar, "--directory", part, "--exclude=./dev/*")
    _remove(part, lines_of(image_dir / "remove.globs"))
    units = part / "usr/lib/systemd/system"
    _keep_only(units, set(lines_of(image_dir / "units.keep")))
    if not _strip_credentials(units):
        raise BuildError("no unit of this Debian release takes credentials: check the pattern")
    _keep_only(part / "usr/lib/udev/rules.d", set(lines_of(image_dir / "rules.keep")))
    for name in ("modules.initrd", "modules.root"):
        kernels.install_modules(kernel, kernels.module_names(image_dir / name), part)
    copy_onto(image_dir / "tree", part)
    _drop_privileged_modes(part)
    part.rename(base)
    return base


def _drop_privileged_modes(tree: pathlib.Path) -> None:
    """No program of a node runs as anyone but its caller."""
    for path in tree.rglob("*"):
        info = path.lstat()
        if stat.S_ISREG(info.st_mode) and info.st_mode & (stat.S_ISUID | stat.S_ISGID):
            path.chmod(stat.S_IMODE(info.st_mode) & 0o777)


def _lock_accounts(tree: pathlib.Path) -> None:
    """No account has a password or a shell; root included."""
    shadow = tree / "etc/shadow"
    rows = [line.split(":") for line in shadow.read_text().splitlines()]
    shadow.write_text("".join(f"{row[0]}:!*:::::::\n" for row in rows))
    passwd = tree / "etc/passwd"
    rows = [line.split(":") for line in passwd.read_text().splitlines()]
    passwd.write_text("".join(":".join((*row[:6], "/usr/sbin/nologin")) + "\n" for row in rows))


def make_root(base: pathlib.Path, project: pathlib.Path, bin_dir: pathlib.Path,
              identity: Identity, target: pathlib.Path, allow_missing: bool) -> list[str]:
    """Makes the root tree of one image from the base tree, the binaries and the units.

    Returns the programs it had to leave out, which only `allow_missing` permits.
    """
    shutil.rmtree(target, ignore_errors=True)
    run("cp", "-a", "--reflink=auto", base, target)
    test = identity.variant == "test"
    missing = []
    wanted = [(name, "usr/bin", 0o755) for name in PROGRAMS + (TEST_PROGRAMS if test else ())]
    wanted += [(name, "usr/lib", 0o644) for name in (TEST_LIBRARIES if test else ())]
    for name, folder, mode in wanted:
        binary = find_program(bin_dir, name)
        if binary:
            install(binary, target / folder / name, mode)
            run("strip", "--strip-unneeded", target / folder / name)
        elif allow_missing:
            missing.append(name)
        else:
            raise BuildError(f"no {name} under {bin_dir}: build it first")
    for source, there in _SYSTEMD_FOLDERS.items():
        if (project / source).is_dir():
            copy_onto(project / source, target / there)
    if test:
        copy_onto(project / "tests/vm/testd/tree", target)
    remove_units_of(missing, target / "usr/lib/systemd/system")
    for folder in ("proc", "sys", "dev", "run", "tmp", "var"):  # all mounted over
        shutil.rmtree(target / folder, ignore_errors=True)
        (target / folder).mkdir()
    (target / "tmp").chmod(0o1777)
    (target / "root").chmod(0o700)
    for name, text in (("etc/machine-id", ""), ("etc/hostname", "kedge-node\n"),
                       ("etc/resolv.conf", ""), ("etc/fstab", ""),
                       ("usr/lib/clock-epoch", ""), ("usr/lib/os-release", identity.os_release())):
        (target / name).unlink(missing_ok=True)
        (target / name).write_text(text)
    run_inside(target, "systemd-sysusers")
    for leftover in (target / "etc").glob("*-"):
        leftover.unlink()
    _lock_accounts(target)
    run_inside(target, "systemctl", "--root=/", "preset-all", "--preset-mode=enable-only")
    return missing


def remove_units_of(programs: list[str], units: pathlib.Path) -> None:
    """Deletes our units that start one of these programs: they would fail for ever."""
    for unit in sorted(units.glob("kedge-*.service")):
        if any(f"/{program} " in f"{line} " for program in programs
               for line in unit.read_text().splitlines() if line.startswith("ExecStart=")):
            unit.unlink()


def find_program(bin_dir: pathlib.Path, name: str) -> pathlib.Path | None:
    """The executable of this name anywhere under a build folder."""
    found = [path for path in sorted(bin_dir.rglob(name)) if path.is_file()]
    if len(found) > 1:
        raise BuildError(f"several files called {name} under {bin_dir}: "
                         + ", ".join(map(str, found)))
    return found[0] if found else None
