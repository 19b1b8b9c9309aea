"""All secrets of a cluster, and where any of them shows.

The key tree is derived again from the owner's seed share, by the second implementation that the
vectors of tests/testdata come from.
"""

import base64
import importlib.util
import json
import pathlib
import subprocess

_VECTORS = pathlib.Path(__file__).resolve().parents[2] / "testdata/make_key_tree_vectors.py"
_SHORTEST = 16  # bytes of a secret that are looked for; fewer would be found by chance


def _key_tree():
    spec = importlib.util.spec_from_file_location("key_tree_vectors", _VECTORS)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def seed_of(workspace: pathlib.Path) -> tuple[bytes, bytes]:
    """(seed, salt) from the seed share and its key in an owner's workspace."""
    share = json.loads((workspace / "seedshare.json").read_text())
    done = subprocess.run(
        ["openssl", "pkeyutl", "-decrypt", "-inkey", workspace / "seedshare.key",
         "-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:sha256",
         "-pkeyopt", "rsa_mgf1_md:sha256", "-pkeyopt", f"rsa_oaep_label:{b'seedshare'.hex()}"],
        input=base64.b64decode(share["encrypted_seed"]), capture_output=True, check=True,
        timeout=30)
    return done.stdout, base64.b64decode(share["salt"])


def cluster_id(seed: bytes, salt: bytes, measurement_salt: bytes) -> bytes:
    """The public end of the tree: shows that the seed is the cluster's."""
    tree = _key_tree()
    master = tree.hkdf(seed, salt, tree.info("master"), 32)
    measurement = tree.hkdf(master, b"", tree.info("measurement"), 32)
    return tree.hkdf(measurement, measurement_salt, tree.info("cluster-id"), 32)


def of_cluster(seed: bytes, salt: bytes, nodes: list[str]) -> dict[str, bytes]:
    """Every secret that the service and these nodes hold or derive, by name."""
    tree = _key_tree()
    size = len(seed)
    master = tree.hkdf(seed, salt, tree.info("master"), 32)
    kek = tree.hkdf(master, b"", tree.info("kek", tree.u32(1)), 32)
    pod_state = tree.hkdf(seed, salt, b"POD STATE SECRET", size)
    found = {
        "seed": seed,
        "root CA seed": tree.hkdf(seed, salt, b"ROOT CA SEED", size),
        "transaction signing secret": tree.hkdf(seed, salt, b"TRANSACTION SIGNING SECRET", size),
        "pod state seed": pod_state,
        "history seed": tree.hkdf(seed, salt, b"HISTORY SECRET", size),
        "identity secret": tree.hkdf(seed, salt, tree.info("identity"), 32),
        "master": master,
        "measurement secret": tree.hkdf(master, b"", tree.info("measurement"), 32),
        "KEK": kek,
    }
    found["root CA key"] = tree.det_keygen("P-384", found["root CA seed"])
    found["transaction key"] = tree.det_keygen("P-384", found["transaction signing secret"])
    found["identity key"] = tree.det_keygen("P-256", found["identity secret"])
    for node in nodes:
        dek = tree.hkdf(kek, b"", tree.info("dek", b"state-disk", f"{node}/state".encode(),
                                            tree.u32(1)), 32)
        found[f"DEK of {node}"] = dek
        for label in ("header-mac", "keyslot", "state-marker"):
            found[f"{label} key of {node}"] = tree.hkdf(dek, b"", tree.info(label), 32)
        found[f"workload secret of {node}"] = tree.hkdf(
            pod_state, salt, f"WORKLOAD SECRET ID: {node}".encode(), size)
    return found


def private_scalar(pem: bytes) -> bytes:
    """The secret number of an EC private key."""
    der = subprocess.run(["openssl", "ec", "-outform", "DER"], input=pem, capture_output=True,
                         check=True, timeout=30).stdout
    # RFC 5915: SEQUENCE { INTEGER 1, OCTET STRING privateKey, … }
    start = der.index(b"\x02\x01\x01\x04") + 5
    return der[start:start + der[start - 1]]


def spellings(secret: bytes) -> set[bytes]:
    """What to look for: raw, hexadecimal, base64 at each alignment; both ends of the secret."""
    found = set()
    for part in {secret[:_SHORTEST], secret[-_SHORTEST:]}:
        found |= {part, part.hex().encode(), part.hex().upper().encode()}
        for skipped in range(3):
            text = base64.b64encode(bytes(skipped) + part)
            # Without the characters that also depend on what comes before or after.
            text = text.rstrip(b"=")[(skipped * 8 + 5) // 6:]
            text = text[:-1] if (skipped + len(part)) % 3 else text
            found |= {text, text.translate(bytes.maketrans(b"+/", b"-_"))}
    return found


class Search:
    """Looks for the spellings of many secrets."""

    def __init__(self, secrets: dict[str, bytes]):
        if any(len(secret) < _SHORTEST for secret in secrets.values()):
            raise ValueError("a secret of fewer than 16 bytes would be found by chance")
        self._needles = [(name, needle) for name, secret in secrets.items()
                         for needle in spellings(secret)]

    def __call__(self, data: bytes) -> set[str]:
        """The names of the secrets that show in `data`."""
        return {name for name, needle in self._needles if needle in data}
