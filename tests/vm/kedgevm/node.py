"""One virtual machine: its disks, TPM, firmware variables and power switch."""

import dataclasses
import pathlib
import shutil
import subprocess
import time

from . import tamper
from .console import Console, ConsoleTimeout
from .images import Image
from .network import Network
from .process import ToolError, spawn, stop, wait_for_socket, wait_until
from .testd import CommandResult, Testd
from .tpm import Tpm, TpmAuthority

# Measured: emulating AVX and friends costs a quarter of the boot, and cmpxchg16b of QEMU 7.2
# crashes kernel 6.12 with two processors.
_CPU = ("max,avx=off,avx2=off,xsave=off,f16c=off,erms=off,fsrm=off,la57=off,smap=off,smep=off,"
        "pku=off,cx16=off")
# The 2 MB build of OVMF measures 3 s faster than the 4 MB one.
_FIRMWARE = pathlib.Path("/usr/share/OVMF/OVMF_CODE.fd")
_FIRMWARE_VARIABLES = pathlib.Path("/usr/share/OVMF/OVMF_VARS.fd")
_INVITATION = "opt/kedge/invitation"


@dataclasses.dataclass
class NodeOptions:
    """What a test may choose about a machine."""

    memory_mib: int = 512
    processors: int = 1
    state_disk_mib: int = 96
    # fw_cfg names and contents beside the invitation, and raw `-smbios` values: a hostile host's.
    fw_cfg: dict[str, bytes] = dataclasses.field(default_factory=dict)
    smbios: list[str] = dataclasses.field(default_factory=list)
    extra_arguments: list[str] = dataclasses.field(default_factory=list)
    # False leaves the choice of what to boot to the firmware's variables.
    boot_from_disk: bool = True
    # False: a restart inside the node powers it off instead.
    may_restart: bool = True


class Node:
    """Use Cluster.add_node() to make one."""

    def __init__(self, name: str, index: int, image: Image, network: Network,
                 authority: TpmAuthority, folder: pathlib.Path, sockets: pathlib.Path,
                 options: NodeOptions):
        self.name = name
        self.address = network.address(index)
        self.mac = f"52:54:00:77:00:{10 + index:02x}"
        self.image = image
        self.options = options
        self.folder = folder
        self.boots = 0
        folder.mkdir()
        self.image_disk = image.disk
        self.state_disk = folder / "state.img"
        self.firmware_variables = folder / "vars.fd"
        self.reset_state_disk()
        shutil.copyfile(_FIRMWARE_VARIABLES, self.firmware_variables)
        self.tpm = Tpm(folder / "tpm", sockets / f"tpm{index}", authority, name)
        self._testd_socket = sockets / f"testd{index}"
        self._network = network
        self._port = f"tap{index}"
        network.add_port(self._port)
        self._invitation: bytes | None = None
        self._process: subprocess.Popen | None = None
        self._console: Console | None = None
        self._testd: Testd | None = None

    # --- what the host hands in -------------------------------------------------------------

    def set_invitation(self, invitation: bytes | None) -> None:
        """The invitation of the next boots; None for none."""
        self._invitation = invitation

    def reset_state_disk(self) -> None:
        """Replaces the state disk with a blank one."""
        self._require_off()
        self.state_disk.unlink(missing_ok=True)
        with self.state_disk.open("wb") as stream:
            stream.truncate(self.options.state_disk_mib << 20)

    def own_image_disk(self) -> pathlib.Path:
        """Gives this node a copy of the image's disk, for a test to change. Returns its path."""
        self._require_off()
        own = self.folder / "image.img"
        if self.image_disk != own:
            subprocess.run(["cp", "--sparse=always", "--reflink=auto", self.image_disk, own],
                           check=True, timeout=60)
            self.image_disk = own
        return own

    def replace_uki(self, uki: pathlib.Path) -> None:
        """Makes this node, and no other, boot another UKI."""
        tamper.replace_uki(self.own_image_disk(), uki)

    def set_load_options(self, command_line: str) -> None:
        """Makes the firmware start the UKI with load options, which systemd-stub takes for a
        kernel command line."""
        self._require_off()
        self.options.boot_from_disk = False
        tamper.set_load_options(self.firmware_variables, self.image_disk, command_line)

    def unplug(self) -> None:
        """Pulls the network cable; plug() puts it back."""
        self._network.set_port(self._port, up=False)

    def plug(self) -> None:
        self._network.set_port(self._port, up=True)

    # --- power ------------------------------------------------------------------------------

    def start(self) -> None:
        """Switches the machine on. Returns at once: wait for what you need on the console."""
        self._require_off()
        self.boots += 1
        self.tpm.power_on()
        self._testd_socket.unlink(missing_ok=True)
        begun = time.monotonic()
        with (self.folder / f"qemu-{self.boots}.err").open("wb") as errors:
            self._process = spawn(self._network.inside(*self._qemu()),
                                  subprocess.PIPE, errors)
        self._console = Console(self._process.stdout, self.folder / f"console-{self.boots}.log",
                                begun)
        try:
            wait_for_socket(self._testd_socket, self._process)
            self._testd = Testd(self._testd_socket)
        except (ToolError, OSError) as error:
            raise ToolError(f"{self.name} did not start: {self._qemu_errors()}") from error

    def power_cut(self) -> None:
        """Takes the power away at once, from machine and TPM. Harmless when it is off."""
        stop(self._process)
        self._process = None
        self.tpm.power_off()
        if self._testd:
            self._testd.close()
            self._testd = None
        if self._console:
            self._console.close()

    def wait_off(self, timeout: float) -> None:
        """Waits for a machine that is shutting down by itself."""
        process = self._process
        if process:
            wait_until(lambda: process.poll() is not None, timeout, f"{self.name} to power off")
        self.power_cut()

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _require_off(self) -> None:
        if getattr(self, "_process", None) and self.running:
            raise RuntimeError(f"{self.name} is running: cut its power first")

    # --- what it shows ----------------------------------------------------------------------

    @property
    def console(self) -> Console:
        """The console of the current or last boot."""
        if not self._console:
            raise RuntimeError(f"{self.name} was never started")
        return self._console

    def wait_console(self, pattern: str, timeout: float, after: int = 0):
        """Waits for a console line of this boot and returns the match."""
        try:
            return self.console.wait(pattern, timeout, after)
        except ConsoleTimeout as error:
            raise ConsoleTimeout(f"{self.name}: {error}\n{self._qemu_errors()}") from None

    def _qemu_errors(self) -> str:
        text = (self.folder / f"qemu-{self.boots}.err").read_text(errors="replace").strip()
        return f"QEMU said: {text}" if text else "QEMU said nothing"

    def run(self, command: str, timeout: float = 30, check: bool = True) -> CommandResult:
        """Runs a shell command as root in the node: test image only."""
        if not self._testd:
            raise RuntimeError(f"{self.name} is off")
        return self._testd.run(command, timeout, check)

    def pcr(self, index: int, timeout: float = 30) -> str:
        """A PCR of the SHA-256 bank in hexadecimal, as the node's kernel reads it: test image
        only. `tpm.pcrs()` asks the TPM itself, whatever the image."""
        return self.run(f"cat /sys/class/tpm/tpm0/pcr-sha256/{index}",
                        timeout).text.strip().lower()

    # --- the machine ------------------------------------------------------------------------

    def _qemu(self) -> list[str]:
        options = self.options
        argv = ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none",
                "-machine", "q35,smm=off", "-accel", "tcg,thread=multi", "-cpu", _CPU,
                "-smp", str(options.processors), "-m", str(options.memory_mib),
                "-name", self.name, "-serial", "stdio", "-monitor", "none",
                "-drive", f"if=pflash,format=raw,readonly=on,file={_FIRMWARE}",
                "-drive", f"if=pflash,format=raw,file={self.firmware_variables}",
                "-chardev", f"socket,id=tpm,path={self.tpm.socket}",
                "-tpmdev", "emulator,id=tpm0,chardev=tpm", "-device", "tpm-crb,tpmdev=tpm0",
                "-drive", f"file={self.image_disk},format=raw,if=none,id=image,readonly=on",
                "-device", "virtio-blk-pci,drive=image,serial=kedge-image"
                + (",bootindex=0" if options.boot_from_disk else ""),
                "-drive", f"file={self.state_disk},format=raw,if=none,id=state,cache=writeback",
                "-device", "virtio-blk-pci,drive=state,serial=kedge-state",
                "-netdev", f"tap,id=net,ifname={self._port},script=no,downscript=no,vhost=off",
                # No option ROM: nothing to boot from the network.
                "-device", f"virtio-net-pci,netdev=net,mac={self.mac},romfile=",
                "-device", "virtio-rng-pci", "-device", "virtio-serial-pci",
                "-chardev", f"socket,id=testd,path={self._testd_socket},server=on,wait=off",
                "-device", "virtserialport,chardev=testd,name=org.kedge.testd"]
        if not options.may_restart:
            argv.append("-no-reboot")
        fw_cfg = dict(options.fw_cfg)
        if self._invitation is not None:
            fw_cfg[_INVITATION] = self._invitation
        for number, (name, content) in enumerate(sorted(fw_cfg.items())):
            path = self.folder / f"fw_cfg-{number}"
            path.write_bytes(content)
            argv += ["-fw_cfg", f"name={name},file={path}"]
        for value in options.smbios:
            argv += ["-smbios", value]
        return argv + options.extra_arguments
