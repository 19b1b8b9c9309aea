"""Which Debian archive to take packages from: the one this machine already uses."""

import os
import pathlib

from .host import BuildError, run

SUITE = "bookworm"
_KEYRING = pathlib.Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def _configured() -> dict[str, str]:
    """Suite name to archive address, from the machine's own apt configuration."""
    lines = run("apt-get", "indextargets", "--format", "$(RELEASE) $(SITE) $(COMPONENT)",
                "Created-By: Packages").splitlines()
    found: dict[str, str] = {}
    for line in lines:
        suite, site, component = line.split()
        if suite.startswith(SUITE) and component == "main":
            found.setdefault(suite, site)
    return found


def addresses() -> dict[str, str]:
    """Suite name to archive address. KEDGE_MIRROR and KEDGE_MIRROR_SECURITY override."""
    mirror = os.environ.get("KEDGE_MIRROR")
    if mirror:
        suites = {SUITE: mirror, f"{SUITE}-updates": mirror}
        security = os.environ.get("KEDGE_MIRROR_SECURITY")
        if security:
            suites[f"{SUITE}-security"] = security
    else:
        suites = _configured()
    if SUITE not in suites:
        raise BuildError(f"this machine's apt configuration has no {SUITE} archive; "
                         "set KEDGE_MIRROR to the address of a Debian archive")
    suites.setdefault(f"{SUITE}-backports", suites[SUITE])
    return suites


def apt_line(suite: str, address: str) -> str:
    """One line of sources.list for the given suite."""
    options = f"[signed-by={_KEYRING}] " if _KEYRING.exists() else ""
    return f"deb {options}{address} {suite} main"
