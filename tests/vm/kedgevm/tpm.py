"""A software TPM per node, with endorsement certificates from the cluster's private authority."""

import pathlib
import shutil
import subprocess

from . import tpm_log
from .process import spawn, stop, tool, wait_for_socket

# Certificate dates start before any clock a test could set.
_VALID_DAYS = 3650


class TpmAuthority:
    """The certificate authority of a cluster's TPM maker. A manifest names its root."""

    def __init__(self, folder: pathlib.Path):
        folder.mkdir(parents=True)
        self._folder = folder
        self.root_certificate = folder / "issuercert.pem"
        tool("openssl", "req", "-x509", "-newkey", "rsa:3072", "-nodes", "-sha256",
             "-days", _VALID_DAYS, "-subj", "/CN=Kedge test TPM authority",
             "-addext", "basicConstraints=critical,CA:TRUE,pathlen:0",
             "-addext", "keyUsage=critical,keyCertSign,cRLSign",
             "-keyout", folder / "signkey.pem", "-out", self.root_certificate)
        (folder / "localca.conf").write_text(
            f"statedir = {folder}\nsigningkey = {folder}/signkey.pem\n"
            f"issuercert = {self.root_certificate}\ncertserial = {folder}/certserial\n")
        (folder / "localca.options").write_text(
            "--tpm-manufacturer id:00001014\n--tpm-model swtpm\n--tpm-version id:00010001\n"
            "--platform-manufacturer Kedge\n--platform-version 1\n--platform-model test\n")
        self.setup_config = folder / "setup.conf"
        self.setup_config.write_text(
            "create_certs_tool = /usr/bin/swtpm_localca\n"
            f"create_certs_tool_config = {folder}/localca.conf\n"
            f"create_certs_tool_options = {folder}/localca.options\n"
            "active_pcr_banks = sha256\n")


class Tpm:
    """One TPM: state that survives power cuts, and the process while the power is on."""

    def __init__(self, folder: pathlib.Path, socket: pathlib.Path, authority: TpmAuthority,
                 name: str, banks: str = "sha256"):
        self._folder = folder
        self._authority = authority
        self._name = name
        self._banks = banks
        self._process: subprocess.Popen | None = None
        self.socket = socket
        self._log = folder / "swtpm.log"
        self._make()

    def _make(self) -> None:
        self._folder.mkdir(parents=True)
        tool("swtpm_setup", "--tpm2", "--tpmstate", self._folder, "--config",
             self._authority.setup_config, "--create-ek-cert", "--lock-nvram", "--vmid",
             self._name, "--pcr-banks", self._banks, "--overwrite", "--logfile",
             self._folder / "setup.log")

    def replace(self) -> None:
        """Swaps in a new TPM of the same maker: other endorsement key, empty NV storage."""
        if self._process and self._process.poll() is None:
            raise RuntimeError(f"{self._name}: cut the power before replacing the TPM")
        shutil.rmtree(self._folder)
        self._make()

    def power_on(self) -> None:
        """Starts the TPM: PCRs and sessions are gone, NV storage is as it was."""
        self.power_off()
        self.socket.unlink(missing_ok=True)
        with (self._folder / "swtpm.out").open("ab") as log:
            self._process = spawn(
                ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self._folder}", "--ctrl",
                 f"type=unixio,path={self.socket}", "--terminate", "--log",
                 # Level 5 has every command, for tpm_log.
                 f"file={self._log},level=5,truncate"], log, log)
        wait_for_socket(self.socket, self._process)

    def pcrs(self) -> dict[int, str]:
        """The SHA-256 bank since the last start, in hexadecimal; also right after a power cut."""
        return tpm_log.pcrs(self._log)

    def extends(self) -> list[tuple[int, bytes]]:
        """(PCR, SHA-256 digest) of every extend since the last start."""
        return tpm_log.extends(self._log)

    def power_off(self) -> None:
        stop(self._process)
        self._process = None
