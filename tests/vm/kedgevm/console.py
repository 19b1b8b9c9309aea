"""The serial console of one run of a VM: every line with the seconds since power-on."""

import pathlib
import re
import threading
import time
from typing import IO

# Terminal control sequences: firmware and systemd colour their output.
_CONTROL = re.compile(
    rb"\x1b(?:\[[0-9;?=]*[A-Za-z]|\][^\x07]*\x07|[=>()][0-9A-B]?|c)|[\x00-\x08\x0b-\x1f]")


class ConsoleTimeout(Exception):
    """The console did not show what a test waited for."""


class Console:
    """Reads a VM's console in a thread and keeps all of it, in memory and in a file."""

    def __init__(self, stream: IO[bytes], log: pathlib.Path, start: float):
        self._stream = stream
        self._start = start
        self._lines: list[tuple[float, str]] = []
        self._partial = b""
        self._ended = False
        self._changed = threading.Condition()
        self._log = log
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with self._log.open("w", encoding="utf-8") as log:
            while chunk := self._stream.read1(65536):
                now = time.monotonic() - self._start
                with self._changed:
                    *whole, self._partial = (self._partial + chunk).split(b"\n")
                    for raw in whole:
                        text = _CONTROL.sub(b"", raw).decode(errors="replace")
                        self._lines.append((now, text))
                        log.write(f"{now:8.2f} {text}\n")
                    log.flush()
                    self._changed.notify_all()
            with self._changed:
                if self._partial:
                    self._lines.append((time.monotonic() - self._start,
                                        _CONTROL.sub(b"", self._partial).decode(errors="replace")))
                    log.write(f"         {self._lines[-1][1]}\n")
                self._ended = True
                self._changed.notify_all()

    def lines(self) -> list[tuple[float, str]]:
        """What has been shown so far: (seconds since power-on, text)."""
        with self._changed:
            return list(self._lines)

    def text(self) -> str:
        """The same as one string, without the times."""
        return "\n".join(line for _, line in self.lines())

    def mark(self) -> int:
        """A position for wait(): only what comes after it counts."""
        with self._changed:
            return len(self._lines)

    def wait(self, pattern: str, timeout: float, after: int = 0) -> re.Match:
        """Waits for a line that matches and returns the match. `after` is a mark()."""
        compiled = re.compile(pattern)
        deadline = time.monotonic() + timeout
        position = after
        with self._changed:
            while True:
                while position < len(self._lines):
                    match = compiled.search(self._lines[position][1])
                    if match:
                        return match
                    position += 1
                left = deadline - time.monotonic()
                if self._ended or left <= 0:
                    why = "the VM stopped" if self._ended else f"nothing for {timeout:g} s"
                    tail = "\n".join(f"  {at:7.2f} {line}" for at, line in self._lines[-15:])
                    raise ConsoleTimeout(
                        f"no console line matches /{pattern}/: {why}. Last lines:\n{tail}")
                self._changed.wait(left)

    def time_of(self, pattern: str) -> float | None:
        """Seconds from power-on to the first line that matches, if there is one."""
        compiled = re.compile(pattern)
        return next((at for at, line in self.lines() if compiled.search(line)), None)

    def close(self) -> None:
        """Waits for the reader: call it after the VM has stopped."""
        self._thread.join(timeout=10)
        self._stream.close()
