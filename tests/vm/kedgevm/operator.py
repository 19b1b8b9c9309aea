"""The cluster's owner: a workspace on the host and the `kedge` command, as a person uses it."""

import dataclasses
import json
import pathlib
import subprocess

from .cluster import Cluster
from .node import Node

PORT = 7443


class OperatorError(Exception):
    """`kedge` ended with a status that the caller did not expect."""


@dataclasses.dataclass(frozen=True)
class KedgeResult:
    status: int
    stdout: str
    stderr: str

    def json(self) -> dict:
        return json.loads(self.stdout)


class Operator:
    """Keys and manifest live in `workspace`; commands run in the cluster's network namespace."""

    def __init__(self, cluster: Cluster, bin_dir: pathlib.Path, workspace: pathlib.Path):
        self._cluster = cluster
        self.bin_dir = bin_dir
        self._kedge = (bin_dir / "cli" / "kedge").resolve()
        self.workspace = workspace

    def kedge(self, *arguments: object, expect: int | None = 0, timeout: float = 120,
              workspace: pathlib.Path | None = None) -> KedgeResult:
        """Runs `kedge ARGUMENTS`; `expect` is the exit status that must come, None for any."""
        argv = [self._kedge, "--workspace", workspace or self.workspace, *arguments]
        try:
            done = self._cluster.host(*argv, timeout=timeout)
        except subprocess.TimeoutExpired as error:
            raise OperatorError(f"{argv} took over {timeout} s") from error
        result = KedgeResult(done.returncode, done.stdout.decode(errors="replace"),
                             done.stderr.decode(errors="replace"))
        if expect is not None and result.status != expect:
            raise OperatorError(f"kedge {' '.join(map(str, arguments))} ended with "
                                f"{result.status}, expected {expect}:\n{result.stdout}"
                                f"{result.stderr}")
        return result

    def prepare(self, first: Node, variants: tuple[str, ...], dhcp: bool = False) -> None:
        """Makes the keys, a manifest that allows the images named, and the first invitation."""
        address = [] if dhcp else ["--address", f"{first.address}/24"]
        images = [argument for variant in variants
                  for argument in ("--image", self._cluster.image(variant).reference_values_file)]
        self.kedge("prepare", "--cluster", "test", *images, "--tpm-root", self._cluster.tpm_root,
                   "--first-node", first.name, *address)
        self.invitation(first)

    def invitation(self, node: Node) -> None:
        """Hands the node the invitation that the workspace holds for it."""
        node.set_invitation((self.workspace / f"{node.name}.invitation.json").read_bytes())

    def init(self, node: Node, **options) -> KedgeResult:
        return self.kedge("init", "--endpoint", self.endpoint(node), **options)

    def recover(self, node: Node, **options) -> KedgeResult:
        return self.kedge("recover", "--endpoint", self.endpoint(node), **options)

    def invite(self, node: Node, *services: Node | str, name: str | None = None) -> None:
        """Invites `node` to join the cluster at `services` (nodes or "address:port"), under its own
        name unless told otherwise."""
        name = name or node.name
        path = self.workspace / f"{node.name}.invitation.json"
        endpoints = [word for service in services for word in (
            "--endpoint", self.endpoint(service) if isinstance(service, Node) else service)]
        self.kedge("invite", "--node", name, "--role", "worker", "--address",
                   f"{node.address}/24", *endpoints, "--output", path)
        node.set_invitation(path.read_bytes())

    def status(self, node: Node) -> dict:
        return self.kedge("--json", "status", "--endpoint", self.endpoint(node)).json()

    def nodes(self, service: Node) -> dict[str, dict]:
        """The registry, by name."""
        return {entry["name"]: entry for entry in self.status(service)["nodes"]}

    def refusals(self, service: Node, code: str) -> list[dict]:
        """The owner's view of what was refused with this code, oldest first."""
        return [entry for entry in self.status(service).get("refusals", [])
                if entry["code"] == code]

    @staticmethod
    def endpoint(node: Node) -> str:
        return f"{node.address}:{PORT}"
