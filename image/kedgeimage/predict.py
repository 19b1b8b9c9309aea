"""Predicts the PCRs of a machine that boots a UKI under OVMF with systemd-stub 252.

Sources: TCG PC Client Platform Firmware Profile §3.3.4.5 (PCR 4), Linux drivers/firmware/efi/
libstub (PCR 9), systemd's TPM2_PCR_MEASUREMENTS (PCRs 11 to 13) and systemd-pcrphase.service(8).
"""

import hashlib

from . import pe
from .identity import Identity

# The order in which systemd-stub measures the sections, whatever their order in the file.
_STUB_SECTIONS = (".linux", ".osrel", ".cmdline", ".initrd", ".splash", ".dtb", ".pcrpkey")
PHASES = ("enter-initrd", "leave-initrd", "sysinit", "ready")


class Pcr:
    """One simulated register."""

    def __init__(self, algorithm: str):
        self._algorithm = algorithm
        self.value = b"\0" * hashlib.new(algorithm).digest_size

    def extend(self, data: bytes) -> None:
        """Extends the digest of what was measured."""
        self.extend_digest(hashlib.new(self._algorithm, data).digest())

    def extend_digest(self, digest: bytes) -> None:
        """Extends a digest that something else computed."""
        self.value = hashlib.new(self._algorithm, self.value + digest).digest()


def pcr4(uki: bytes, algorithm: str) -> bytes:
    """The boot option, the separator, then both programs that were started: the UKI, and the
    kernel within it, which the stub starts through LoadImage."""
    image = pe.Image.parse(uki)
    pcr = Pcr(algorithm)
    pcr.extend(b"Calling EFI Application from Boot Option")
    pcr.extend(b"\0\0\0\0")
    pcr.extend_digest(image.authenticode(algorithm))
    pcr.extend_digest(pe.Image.parse(_section(image, ".linux")).authenticode(algorithm))
    return pcr.value


def pcr9(uki: bytes, algorithm: str) -> bytes:
    """What the kernel's EFI stub got from systemd-stub: the command line, then the initrd."""
    image = pe.Image.parse(uki)
    pcr = Pcr(algorithm)
    text = _section(image, ".cmdline").split(b"\0")[0].decode()
    pcr.extend(text.encode("utf-16-le") + b"\0\0")
    pcr.extend(_section(image, ".initrd"))
    return pcr.value


def pcr11(uki: bytes, algorithm: str) -> dict[str, bytes]:
    """The sections, each by name and content, then one value per phase of the boot."""
    image = pe.Image.parse(uki)
    pcr = Pcr(algorithm)
    for name in _STUB_SECTIONS:
        content = image.section_as_loaded(name)
        if content is not None:
            pcr.extend(name.encode() + b"\0")
            pcr.extend(content)
    values = {}
    for phase in PHASES:
        pcr.extend(phase.encode())
        values[phase] = pcr.value
    return values


def _section(image: pe.Image, name: str) -> bytes:
    content = image.section_as_loaded(name)
    if content is None:
        raise pe.PeError(f"the UKI has no section {name}")
    return content


def reference_values(uki: bytes, identity: Identity) -> dict:
    """The reference values of an image, SHA-256 bank, as the cluster's manifest uses them."""
    zeros = "0" * 64
    return {
        "image": {"name": identity.name, "version": identity.version,
                  "variant": identity.variant},
        "pcrs": {"4": pcr4(uki, "sha256").hex(), "9": pcr9(uki, "sha256").hex(),
                 "12": zeros, "13": zeros},
        "pcr11": {phase: value.hex() for phase, value in pcr11(uki, "sha256").items()},
        "build_time": identity.build_time,
    }
