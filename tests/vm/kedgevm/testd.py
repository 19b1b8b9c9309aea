"""Runs commands in a test node, through kedge-testd at the other end of a virtio-serial port.

Frames, integers big-endian. Request: u32 id, u32 limit in ms, u32 length, command.
Answer: u32 id, i32 status, u32 and u32 lengths of what went to stdout and stderr, then both.
"""

import dataclasses
import pathlib
import socket
import struct
import time

# The guest enforces a command's limit; this much later the host stops waiting for its answer.
_GRACE = 10.0
TIMED_OUT = -1


class TestdError(Exception):
    """No answer, a broken one, or a command that failed where success was required."""


@dataclasses.dataclass(frozen=True)
class CommandResult:
    """What a command did. status: its exit status, 128 + signal, or TIMED_OUT."""

    status: int
    stdout: bytes
    stderr: bytes

    @property
    def text(self) -> str:
        return self.stdout.decode(errors="replace")


class Testd:
    """One connection, from power-on to power-off."""

    def __init__(self, path: pathlib.Path):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._id = 0

    def run(self, command: str, timeout: float = 30, check: bool = True) -> CommandResult:
        """Runs a shell command as root in the node and returns what it did.

        Also waits for the node to get as far as starting kedge-testd, within the same limit.
        """
        self._id += 1
        raw = command.encode()
        deadline = time.monotonic() + timeout + _GRACE
        self._socket.sendall(struct.pack(">III", self._id, int(timeout * 1000), len(raw)) + raw)
        while True:
            answer, status, out, err = struct.unpack(">IiII", self._receive(16, deadline, command))
            result = CommandResult(status, self._receive(out, deadline, command),
                                   self._receive(err, deadline, command))
            if answer == self._id:  # else: the late answer to a command we gave up on
                break
        if check and result.status != 0:
            raise TestdError(f"in the node, {command!r} ended with status {result.status}: "
                             f"{result.stderr.decode(errors='replace')[-1000:]}")
        return result

    def _receive(self, size: int, deadline: float, command: str) -> bytes:
        data = b""
        while len(data) < size:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TestdError(f"no answer from kedge-testd to {command!r}")
            self._socket.settimeout(left)
            try:
                chunk = self._socket.recv(size - len(data))
            except TimeoutError:
                continue
            if not chunk:
                raise TestdError(f"the node went away while running {command!r}")
            data += chunk
        return data

    def close(self) -> None:
        self._socket.close()
