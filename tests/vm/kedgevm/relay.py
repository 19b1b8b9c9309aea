"""A man in the middle: passes connections on, keeps what the callers said, and says it again.

`Relay` in a test, the rest in a process of its own within the namespace.
"""

import pathlib
import select
import socket
import subprocess
import sys
import threading


class Relay:
    """Listens on the host's address. Its folder has a file for each connection: its caller's bytes,
    in order."""

    def __init__(self, process: subprocess.Popen, folder: pathlib.Path):
        self.process = process
        self._folder = folder

    def recorded(self) -> list[bytes]:
        """What each caller said so far, in the order of the connections."""
        files = sorted(self._folder.glob("*.sent"), key=lambda path: int(path.stem))
        return [path.read_bytes() for path in files]


def _pass_on(caller: socket.socket, target: tuple[str, int], record: pathlib.Path) -> None:
    with caller, record.open("wb", buffering=0) as said, \
            socket.create_connection(target, timeout=10) as server:
        while True:
            for end in select.select([caller, server], [], [])[0]:
                data = end.recv(65536)
                if not data:
                    return
                if end is caller:
                    said.write(data)
                    server.sendall(data)
                else:
                    caller.sendall(data)


def _serve(port: int, target: tuple[str, int], folder: pathlib.Path) -> None:
    with socket.create_server(("", port)) as listener:
        (folder / "listening").touch()
        number = 0
        while True:
            caller, _ = listener.accept()
            number += 1
            threading.Thread(target=_pass_on, daemon=True,
                             args=(caller, target, folder / f"{number}.sent")).start()


def _replay(record: pathlib.Path, target: tuple[str, int]) -> None:
    """Says everything at once, then prints what comes back until the other side is done."""
    with socket.create_connection(target, timeout=10) as server:
        server.settimeout(10)
        try:
            server.sendall(record.read_bytes())
            while data := server.recv(65536):
                sys.stdout.buffer.write(data)
        except (ConnectionError, TimeoutError):
            pass


if __name__ == "__main__":
    what, address, target_port, where = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
    if what == "replay":
        _replay(pathlib.Path(where), (address, target_port))
    else:
        _serve(target_port, (address, target_port), pathlib.Path(where))
