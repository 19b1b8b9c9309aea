#!/usr/bin/env python3
"""Computes key_tree_vectors.json with nothing but hmac and hashlib, independently of the C++ code.

Usage: make_key_tree_vectors.py > key_tree_vectors.json
"""
import hashlib
import hmac
import json
import sys

ORDERS = {
    "P-256": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "P-384": int("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF"
                 "581A0DB248B0A77AECEC196ACCC52973", 16),
}


def mac(key: bytes, data: bytes) -> bytes:
    return hmac.new(key, data, hashlib.sha256).digest()


def hkdf(ikm: bytes, salt: bytes, info: bytes, size: int) -> bytes:
    """RFC 5869."""
    prk = mac(salt or bytes(32), ikm)
    out, block, counter = b"", b"", 1
    while len(out) < size:
        block = mac(prk, block + info + bytes([counter]))
        out += block
        counter += 1
    return out[:size]


def det_keygen(curve: str, secret: bytes) -> bytes:
    """c2sp.org/det-keygen, the private scalar."""
    order = ORDERS[curve]
    size = (order.bit_length() + 7) // 8
    label = b"det ECDSA key gen " + curve.encode()
    key, value = bytes(32), b"\x01" * 32
    for step in (b"\x00", b"\x01"):
        key = mac(key, value + step + secret + label)
        value = mac(key, value)
    for _ in range(2):
        candidate = b""
        while len(candidate) < size:
            value = mac(key, value)
            candidate += value
        scalar = int.from_bytes(candidate[:size], "big")
        if 0 < scalar < order:
            return candidate[:size]
        key = mac(key, value + b"\x00")
        value = mac(key, value)
    raise ValueError("no scalar")


def lp(*fields: bytes) -> bytes:
    return b"".join(len(field).to_bytes(4, "big") + field for field in fields)


def info(label: str, *fields: bytes) -> bytes:
    return lp(("kedge/1 kdf " + label).encode(), *fields)


def u32(value: int) -> bytes:
    return value.to_bytes(4, "big")


def vector(seed: bytes, salt: bytes, measurement_salt: bytes, epoch: int, kind: str, name: str,
           generation: int, workload: str) -> dict:
    size = len(seed)
    pod_state = hkdf(seed, salt, b"POD STATE SECRET", size)
    master = hkdf(seed, salt, info("master"), 32)
    measurement = hkdf(master, b"", info("measurement"), 32)
    kek = hkdf(master, b"", info("kek", u32(epoch)), 32)
    dek = hkdf(kek, b"", info("dek", kind.encode(), name.encode(), u32(generation)), 32)
    values = {
        "seed": seed,
        "salt": salt,
        "measurement_salt": measurement_salt,
        "kek_epoch": epoch,
        "kind": kind,
        "id": name,
        "dek_generation": generation,
        "workload_id": workload,
        "root_ca_p384_scalar": det_keygen("P-384", hkdf(seed, salt, b"ROOT CA SEED", size)),
        "transaction_p384_scalar": det_keygen(
            "P-384", hkdf(seed, salt, b"TRANSACTION SIGNING SECRET", size)),
        "pod_state_seed": pod_state,
        "history_seed": hkdf(seed, salt, b"HISTORY SECRET", size),
        "workload_secret": hkdf(pod_state, salt, b"WORKLOAD SECRET ID: " + workload.encode(), size),
        "identity_p256_scalar": det_keygen("P-256", hkdf(seed, salt, info("identity"), 32)),
        "master": master,
        "measurement": measurement,
        "cluster_id": hkdf(measurement, measurement_salt, info("cluster-id"), 32),
        "kek": kek,
        "dek": dek,
        "header_mac": hkdf(dek, b"", info("header-mac"), 32),
        "keyslot": hkdf(dek, b"", info("keyslot"), 32),
    }
    return {key: value.hex() if isinstance(value, bytes) else value
            for key, value in values.items()}


def main() -> None:
    vectors = [
        vector(bytes(range(64)), bytes(range(32)), bytes(range(32, 64)), 1, "state-disk",
               "node-1/state", 1, "node-1"),
        vector(bytes(range(255, 223, -1)), b"\xa5" * 32, b"\x5a" * 32, 7, "state-disk",
               "node-2/state", 3, "a workload"),
        vector(hashlib.sha512(b"seed").digest(), hashlib.sha256(b"salt").digest(),
               hashlib.sha256(b"measurement salt").digest(), 0xFFFFFFFF, "volume", "n/v",
               0xFFFFFFFF, "x"),
    ]
    json.dump({"about": "Key tree, profile kedge-v1 and the Contrast-compatible tree; hex. Made by "
                        "make_key_tree_vectors.py.",
               "vectors": vectors}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
