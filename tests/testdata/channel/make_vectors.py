#!/usr/bin/env python3
"""A second, independent reading of docs/PROTOCOL.md: writes exchange-v1.json beside itself.

The C++ sessions are tested against that file, so a change to any formula shows up as a changed
vector. Needs python3-cryptography. Everything in here is public test data.
"""
import hashlib
import hmac
import json
import pathlib

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def u32(value):
    return value.to_bytes(4, "big")


def lp(*fields):
    fields = [f.encode() if isinstance(f, str) else f for f in fields]
    return b"".join(u32(len(f)) + f for f in fields)


def h(*fields):
    return hashlib.sha512(lp(*fields)).digest()


def hkdf(z, salt, label):
    return HKDF(hashes.SHA256(), 32, salt, lp(label)).derive(z)


def seal(key, aad, plaintext):
    return AESGCM(key).encrypt(bytes(12), plaintext, aad)


def test_bytes(label, size=32):
    return hashlib.shake_256(("kedge test vector " + label).encode()).digest(size)


def spki(scalar):
    key = ec.derive_private_key(int.from_bytes(scalar, "big"), ec.SECP256R1())
    return key.public_key().public_bytes(serialization.Encoding.DER,
                                         serialization.PublicFormat.SubjectPublicKeyInfo)


def x25519_public(private):
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes(
        serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def exchange(name, awaiting, proof_type, upload):
    v = {"name": name, "proof_type": proof_type}
    for field in ["nonce_c", "esk_c", "nonce_s", "esk_s", "identity_scalar"]:
        v[field] = test_bytes(f"{name} {field}")
    v["spki_c"] = spki(test_bytes(f"{name} tls c"))
    v["spki_s"] = spki(test_bytes(f"{name} tls s"))
    v["epk_c"] = x25519_public(v["esk_c"])
    v["epk_s"] = x25519_public(v["esk_s"])
    identity_spki = spki(v["identity_scalar"])
    v["cluster_id"] = b"" if awaiting else test_bytes(f"{name} cluster")
    v["service_key_spki"] = b"" if awaiting else identity_spki
    v["generation"] = 0 if awaiting else 3
    v["manifest_digest"] = bytes(32) if awaiting else test_bytes(f"{name} manifest")
    v["request"] = test_bytes(f"{name} request", 40)
    v["proof"] = test_bytes(f"{name} proof", 120)
    v["payload_c"] = test_bytes(f"{name} payload c", 300)
    v["payload_s"] = test_bytes(f"{name} payload s", 200)
    v["evidence_s"] = test_bytes(f"{name} evidence s", 500)
    v["activation_secret"] = test_bytes(f"{name} activation")

    v["state"] = v["generation"].to_bytes(8, "big") + v["manifest_digest"]
    key_id = hashlib.sha256(v["service_key_spki"]).digest() if v["service_key_spki"] else b""
    v["ctx0"] = lp("kedge/1", "X25519-HKDF-SHA256-A256GCM", "kedge.v1.KeyService", v["cluster_id"],
                   key_id, v["state"], v["nonce_c"], v["epk_c"], v["spki_c"], v["nonce_s"],
                   v["epk_s"], v["spki_s"], "spki", b"")
    v["sig_hello_message"] = h("kedge/1 server hello", v["ctx0"])
    v["z"] = X25519PrivateKey.from_private_bytes(v["esk_c"]).exchange(
        X25519PublicKey.from_public_bytes(v["epk_s"]))
    v["k_h"] = hkdf(v["z"], h("kedge/1 hello key", v["ctx0"]), "kedge/1 c2s hello")

    ctx = v["ctx"] = lp(v["ctx0"], v["request"])
    proof_c = v["proof_c"] = lp(proof_type, v["proof"])
    v["rd_c"] = h("kedge/1 client evidence", proof_type, ctx,
                  hashlib.sha512(v["payload_c"]).digest())
    v["owner_message"] = h("kedge/1 owner proof", ctx)
    v["hello"] = seal(v["k_h"], lp("kedge/1 hello"),
                      lp(v["request"], proof_type, v["proof"], v["payload_c"]))
    v["activation_mac"] = hmac.new(v["activation_secret"], lp("kedge/1 activate", ctx),
                                   hashlib.sha256).digest()

    salt = h("kedge/1 key", ctx, proof_c)
    v["k_s"] = hkdf(v["z"], salt, "kedge/1 s2c box")
    v["k_u"] = hkdf(v["z"], salt, "kedge/1 c2s box")
    v["k_d"] = hkdf(v["z"], salt, "kedge/1 s2c done box")
    v["box"] = b""
    if not upload:
        v["box_kind"], v["box_id"], v["box_generation"] = "dek", "node-2/state", 7
        v["box_secret"] = test_bytes(f"{name} secret", 96)
        v["box"] = seal(v["k_s"], lp("kedge/1 box"),
                        lp(v["box_kind"], v["box_id"], u32(7), v["box_secret"]))
    payload_digest = hashlib.sha512(v["payload_s"]).digest()
    v["rd_s"] = h("kedge/1 server evidence", ctx, proof_c, payload_digest, v["box"])
    v["sig_id_message"] = h("kedge/1 server identity", ctx, proof_c, payload_digest, v["box"],
                            v["evidence_s"])
    if upload:
        v["upload_secret"] = test_bytes(f"{name} upload", 64)
        v["upload_result"] = test_bytes(f"{name} result", 150)
        v["done_spki"] = identity_spki
        v["box_up"] = seal(v["k_u"], lp("kedge/1 box up", h(ctx, proof_c, v["evidence_s"])),
                           v["upload_secret"])
        v["box_done"] = seal(
            v["k_d"],
            lp("kedge/1 box done", h(ctx, proof_c, v["evidence_s"], v["box_up"], identity_spki)),
            v["upload_result"])
        v["sig_done_message"] = h("kedge/1 upload done", ctx, proof_c, v["evidence_s"],
                                  v["box_up"], v["box_done"])
    return {k: x.hex() if isinstance(x, bytes) else x for k, x in v.items()}


vectors = [exchange("release", awaiting=False, proof_type="vtpm", upload=False),
           exchange("init", awaiting=True, proof_type="owner", upload=True)]
out = pathlib.Path(__file__).with_name("exchange-v1.json")
out.write_text(json.dumps(vectors, indent=1) + "\n")
