"""The Debian user space as a tar file, made once and kept in the cache."""

import hashlib
import pathlib
import platform

from . import sources
from .host import CONSTANT_TIME, BuildError, cache_dir, require, run

# Nothing in an image is read by people or localised.
_LEFT_OUT = ("doc", "man", "locale", "info", "i18n", "zoneinfo", "bash-completion", "zsh",
             "lintian", "bug", "menu")


def package_list(path: pathlib.Path) -> list[str]:
    """The package names of a list file: comments and blank lines dropped, sorted."""
    lines = (line.split("#", 1)[0].strip() for line in path.read_text().splitlines())
    return sorted({line for line in lines if line})


def ensure(packages_file: pathlib.Path) -> pathlib.Path:
    """Returns the tar file of a Debian tree with exactly these packages and what they need."""
    if platform.machine() != "x86_64":
        raise BuildError(f"images are built for x86_64 on x86_64, not on {platform.machine()}")
    packages = package_list(packages_file)
    key = hashlib.sha256("\n".join((sources.SUITE, *packages, *_LEFT_OUT)).encode()).hexdigest()
    tar = cache_dir() / f"rootfs-{sources.SUITE}-{key[:16]}.tar"
    if tar.exists():
        return tar
    require("mmdebstrap")
    suites = sources.addresses()
    part = tar.with_suffix(".part.tar")
    part.unlink(missing_ok=True)
    excludes = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in _LEFT_OUT]
    run("mmdebstrap", "--variant=essential", "--format=tar", f"--include={','.join(packages)}",
        "--components=main", *excludes, "--dpkgopt=path-exclude=/usr/lib/udev/hwdb.d/*",
        "--dpkgopt=force-unsafe-io", "--aptopt=APT::Install-Recommends \"false\"",
        sources.SUITE, part,
        *(sources.apt_line(suite, address) for suite, address in suites.items()
          if not suite.endswith("-backports")), epoch=CONSTANT_TIME)
    part.rename(tar)
    return tar
