"""Records who sends what on a node's cable: `Capture` in a test, the rest in a process of its own
within the namespace."""

import collections
import pathlib
import socket
import struct
import subprocess
import sys
import time

_ALL_PROTOCOLS = 3
_IP4, _IP6 = 0x0800, 0x86DD
_TRANSPORT = {6: "tcp", 17: "udp", 58: "icmp6", 1: "icmp"}
_NAMES = {0x0806: "arp"}
_ETHERNET = 1  # link type of a capture file


def describe(frame: bytes) -> str:
    """A frame in a few words: "tcp 40000>7443", "arp", "icmp6 133", "0x88cc"."""
    (kind,) = struct.unpack_from(">H", frame, 12)
    if kind == _IP4:
        protocol, transport = frame[23], 14 + (frame[14] & 15) * 4
    elif kind == _IP6:
        protocol, transport = frame[20], 54
    else:
        return _NAMES.get(kind, f"{kind:#06x}")
    name = _TRANSPORT.get(protocol, f"ip {protocol}")
    if name in ("tcp", "udp"):
        source, target = struct.unpack_from(">HH", frame, transport)
        return f"{name} {source}>{target}"
    return f"{name} {frame[transport]}" if name.startswith("icmp") else name


class Capture:
    """Runs until stop(). What a node sent is told by its MAC address."""

    def __init__(self, process: subprocess.Popen, log: pathlib.Path):
        self.process = process
        self._log = log

    @property
    def frames_file(self) -> pathlib.Path:
        """Every frame as it was, in the format of tcpdump."""
        return self._log.with_suffix(".pcap")

    def sent_by(self, mac: str) -> collections.Counter:
        """How often the machine with this address sent what."""
        rows = (line.split(" ", 1) for line in self._log.read_text().splitlines())
        return collections.Counter(what for source, what in rows if source == mac)


def _record(interface: str, frames_file: pathlib.Path) -> None:
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL_PROTOCOLS)) as port, \
            frames_file.open("wb", buffering=0) as frames:
        port.bind((interface, _ALL_PROTOCOLS))
        frames.write(struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65536, _ETHERNET))
        print("- started", flush=True)
        while True:
            frame = port.recv(65536)
            seconds, rest = divmod(time.time_ns(), 10**9)
            frames.write(struct.pack("<IIII", seconds, rest // 1000, len(frame), len(frame))
                         + frame)
            print(frame[6:12].hex(":"), describe(frame), flush=True)


if __name__ == "__main__":
    _record(sys.argv[1], pathlib.Path(sys.argv[2]))
