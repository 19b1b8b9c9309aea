"""A network namespace with one bridge: all that the nodes of a cluster can reach."""

import itertools
import os
import pathlib
import re
import subprocess

from .capture import Capture
from .process import COMMAND_TIMEOUT, ToolError, spawn, stop, tool, wait_for_path, wait_until
from .relay import Relay

PREFIX = "192.168.77"
HOST_ADDRESS = f"{PREFIX}.1"
_BRIDGE = "br0"
_CAPTURE = pathlib.Path(__file__).with_name("capture.py")
_DHCP = pathlib.Path(__file__).with_name("dhcp.py")
_RELAY = pathlib.Path(__file__).with_name("relay.py")
_counter = itertools.count(1)


def _remove_leftovers() -> None:
    """Deletes the namespaces of test runs that were killed before they could."""
    for line in tool("ip", "netns", "list").splitlines():
        match = re.match(r"kedge-(\d+)-\d+\b", line)
        if match and not pathlib.Path(f"/proc/{match[1]}").exists():
            tool("ip", "netns", "del", match[0])


class Network:
    """Made on construction, gone after close()."""

    def __init__(self) -> None:
        self.namespace = f"kedge-{os.getpid()}-{next(_counter)}"
        _remove_leftovers()
        self._children: list[subprocess.Popen] = []
        tool("ip", "netns", "add", self.namespace)
        try:
            self._ip("link", "set", "lo", "up")
            # Without a delay: a port that waits for the spanning tree loses the first packets.
            self._ip("link", "add", _BRIDGE, "type", "bridge", "forward_delay", "0")
            self._ip("addr", "add", f"{HOST_ADDRESS}/24", "dev", _BRIDGE)
            self._ip("link", "set", _BRIDGE, "up")
        except ToolError:
            self.close()
            raise

    def _ip(self, *arguments: str) -> None:
        tool("ip", "-n", self.namespace, *arguments)

    def add_port(self, name: str) -> None:
        """Makes a tap device on the bridge for one node."""
        tool("ip", "netns", "exec", self.namespace, "ip", "tuntap", "add", name, "mode", "tap")
        self._ip("link", "set", name, "master", _BRIDGE, "up")

    def set_port(self, name: str, up: bool) -> None:
        """Plugs a node's cable in, or pulls it."""
        self._ip("link", "set", name, "up" if up else "down")

    def inside(self, *argv: object) -> list[object]:
        """The command line that runs a command within the namespace."""
        return ["ip", "netns", "exec", self.namespace, *argv]

    def run(self, *argv: object, stdin: bytes | None = None,
            timeout: float = COMMAND_TIMEOUT) -> subprocess.CompletedProcess:
        """Runs a host command (the `kedge` program, say) within the namespace.

        Returns whatever its status; TimeoutExpired is raised after killing it.
        """
        return subprocess.run([str(part) for part in self.inside(*argv)], input=stdin,
                              capture_output=True, timeout=timeout, check=False)

    def start(self, *argv: object) -> subprocess.Popen:
        """Starts a host command within the namespace; it ends at the latest with close()."""
        process = spawn(self.inside(*argv), subprocess.DEVNULL, subprocess.DEVNULL)
        self._children.append(process)
        return process

    @staticmethod
    def address(index: int) -> str:
        """The address meant for the cluster's node of this number, from 1."""
        return f"{PREFIX}.{10 + index}"

    def serve_dhcp(self, address: str) -> None:
        """Gives this address, and hostile advice, to whoever asks; until close()."""
        self.start("python3", _DHCP, _BRIDGE, HOST_ADDRESS, address)

    def connect(self, address: str, port: int, timeout: float = 5) -> str:
        """What a TCP connection from the host meets: "open", "refused" or "silence"."""
        script = ("import socket, sys\n"
                  "try: socket.create_connection((sys.argv[1], int(sys.argv[2])), "
                  "float(sys.argv[3])); print('open')\n"
                  "except ConnectionRefusedError: print('refused')\n"
                  "except OSError: print('silence')\n")
        done = self.run("python3", "-c", script, address, port, timeout, timeout=timeout + 30)
        return done.stdout.decode().strip() or done.stderr.decode()

    def capture(self, log: pathlib.Path) -> Capture:
        """Records every frame on the bridge from now on, until close()."""
        with log.open("wb") as out:
            process = spawn(self.inside("python3", _CAPTURE, _BRIDGE, log.with_suffix(".pcap")),
                            out, out)
        self._children.append(process)
        wait_until(lambda: b"started" in log.read_bytes(), 10, "the capture to start")
        return Capture(process, log)

    def relay(self, target: str, port: int, folder: pathlib.Path) -> Relay:
        """Passes the host's own port on to `target`'s, and keeps what callers say, until close()."""
        folder.mkdir()
        process = self.start("python3", _RELAY, "serve", target, port, folder)
        wait_for_path(folder / "listening", process)
        return Relay(process, folder)

    def replay(self, said: bytes, target: str, port: int, folder: pathlib.Path) -> bytes:
        """Says recorded bytes to a server again and returns its answer."""
        record = folder / "replayed"
        record.write_bytes(said)
        return self.run("python3", _RELAY, "replay", target, port, record).stdout

    def close(self) -> None:
        """Deletes the namespace and with it every device in it."""
        for process in self._children:
            stop(process)
        tool("ip", "netns", "del", self.namespace)
