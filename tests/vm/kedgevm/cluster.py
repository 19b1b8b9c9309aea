"""A network, a TPM authority and any number of nodes, cleaned up together."""

import contextlib
import pathlib
import shutil
import subprocess
import tempfile

from .images import Image
from .network import Network
from .node import Node, NodeOptions
from .process import COMMAND_TIMEOUT
from .tpm import TpmAuthority


class Cluster:
    """Context manager: whatever the test does, its VMs, TPMs and network are gone afterwards."""

    def __init__(self, images: pathlib.Path, folder: pathlib.Path):
        """`images` is what image/build made; `folder` holds disks and logs, and stays."""
        self._images = images
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.nodes: list[Node] = []
        self.network: Network | None = None

    def __enter__(self) -> "Cluster":
        self.authority = TpmAuthority(self.folder / "tpm-authority")
        # Short paths: a UNIX socket's has at most 107 bytes.
        self._sockets = pathlib.Path(tempfile.mkdtemp(prefix="kedgevm-"))
        self.network = Network()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def tpm_root(self) -> pathlib.Path:
        """The certificate (PEM) under which all TPMs of this cluster are certified."""
        return self.authority.root_certificate

    def image(self, variant: str) -> Image:
        return Image(self._images / variant)

    def add_node(self, name: str, variant: str = "release",
                 options: NodeOptions | None = None) -> Node:
        """Makes a machine with a blank state disk and a new TPM. It is off."""
        node = Node(name, len(self.nodes) + 1, self.image(variant), self.network, self.authority,
                    self.folder / name, self._sockets, options or NodeOptions())
        self.nodes.append(node)
        return node

    def host(self, *argv: object, stdin: bytes | None = None,
             timeout: float = COMMAND_TIMEOUT) -> subprocess.CompletedProcess:
        """Runs a command on the host, with the nodes' network as its only network."""
        return self.network.run(*argv, stdin=stdin, timeout=timeout)

    def close(self) -> None:
        """Also when one of its steps fails, the others are done."""
        with contextlib.ExitStack() as steps:
            if self.network:
                steps.callback(shutil.rmtree, self._sockets)
                steps.callback(self.network.close)
                self.network = None
            for node in self.nodes:
                steps.callback(node.power_cut)
