"""Child processes that cannot outlive the test, whatever happens to it."""

import ctypes
import pathlib
import signal
import subprocess
import time
from collections.abc import Callable
from typing import IO

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)
COMMAND_TIMEOUT = 60.0


class ToolError(Exception):
    """A host tool failed; the message has the end of what it printed."""


def _die_with_parent() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def spawn(argv: list[object], stdout: int | IO, stderr: int | IO,
          text: bool = False) -> subprocess.Popen:
    """Starts a process that the kernel kills when this one ends.

    Call it from the main thread: the kernel ties the child's life to the thread that made it.
    """
    return subprocess.Popen([str(part) for part in argv], stdin=subprocess.DEVNULL, stdout=stdout,
                            stderr=stderr, preexec_fn=_die_with_parent, start_new_session=True,
                            text=text)


def stop(process: subprocess.Popen | None) -> None:
    """Kills one process, by id, and waits until it is gone."""
    if process and process.poll() is None:
        process.kill()
    if process:
        process.wait(timeout=COMMAND_TIMEOUT)


def tool(*argv: object, stdin: bytes | None = None, timeout: float = COMMAND_TIMEOUT) -> str:
    """Runs a host tool to its end and returns its standard output."""
    command = [str(part) for part in argv]
    try:
        done = subprocess.run(command, input=stdin, capture_output=True, timeout=timeout,
                              check=False)
    except subprocess.TimeoutExpired as error:
        raise ToolError(f"{' '.join(command)} did not end within {timeout:g} s") from error
    if done.returncode != 0:
        tail = (done.stdout + done.stderr).decode(errors="replace")[-2000:]
        raise ToolError(f"{' '.join(command)} ended with status {done.returncode}:\n{tail}")
    return done.stdout.decode(errors="replace")


def wait_until(condition: Callable[[], bool], timeout: float, what: str) -> None:
    """Polls until the condition holds; `what` names it in the error."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {timeout:g} s")
        time.sleep(0.02)


def wait_for_path(path: pathlib.Path, owner: subprocess.Popen, timeout: float = 10) -> None:
    """Waits for a file that a process creates; notices when the process dies instead."""
    _wait_for(path.exists, owner, timeout, f"{path} to appear")


def wait_for_socket(path: pathlib.Path, owner: subprocess.Popen, timeout: float = 10) -> None:
    """Waits until a process listens on a Unix socket. The path alone says too little: bind() makes
    it, and a connection before listen() is refused."""
    def listens() -> bool:
        # Columns of /proc/net/unix: Num RefCount Protocol Flags Type St Inode Path; one list a
        # network namespace. 0x10000 is __SO_ACCEPTCON.
        try:
            table = pathlib.Path(f"/proc/{owner.pid}/net/unix").read_text()
        except OSError:  # the process is gone, which _wait_for says
            return False
        rows = (line.split(maxsplit=7) for line in table.splitlines()[1:])
        return any(int(row[3], 16) & 0x10000 for row in rows if row[7:] == [str(path)])
    _wait_for(listens, owner, timeout, f"somebody to listen on {path}")


def _wait_for(condition: Callable[[], bool], owner: subprocess.Popen, timeout: float,
              what: str) -> None:
    def holds() -> bool:
        if condition():
            return True
        if owner.poll() is not None:
            raise ToolError(f"{owner.args[0]} ended with status {owner.returncode}; "
                            f"waited for {what}")
        return False
    wait_until(holds, timeout, what)
