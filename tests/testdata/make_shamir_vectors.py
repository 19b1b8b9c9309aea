#!/usr/bin/env python3
"""Computes shamir_vectors.json with logarithm tables, independently of the C++ code, which has none.

Usage: make_shamir_vectors.py > shamir_vectors.json
"""
import hashlib
import json
import sys

# Powers of the generator 3 modulo x^8 + x^4 + x^3 + x + 1.
POWER, LOG = [0] * 255, {}
value = 1
for exponent in range(255):
    POWER[exponent], LOG[value] = value, exponent
    value ^= (value << 1) ^ (0x11B if value & 0x80 else 0)


def times(a: int, b: int) -> int:
    return POWER[(LOG[a] + LOG[b]) % 255] if a and b else 0


def share(secret: bytes, coefficients: list[bytes], x: int) -> bytes:
    out, power = bytearray(secret), 1
    for coefficient in coefficients:
        power = times(power, x)
        for i, byte in enumerate(coefficient):
            out[i] ^= times(byte, power)
    return bytes(out)


def vector(name: str, size: int, threshold: int, count: int) -> dict:
    def bytes_of(what: str) -> bytes:
        return hashlib.shake_256(f"{name} {what}".encode()).digest(size)
    secret = bytes_of("secret")
    coefficients = [bytes_of(f"coefficient {i}") for i in range(1, threshold)]
    shares = [share(secret, coefficients, x) for x in range(1, count + 1)]
    return {"secret": secret.hex(), "threshold": threshold, "count": count,
            "coefficients": [c.hex() for c in coefficients], "shares": [s.hex() for s in shares]}


def main() -> None:
    vectors = [vector("one of one", 32, 1, 1), vector("two of three", 64, 2, 3),
               vector("three of five", 48, 3, 5), vector("all of seven", 64, 7, 7),
               vector("two of many", 4, 2, 255)]
    json.dump({"about": "Shamir's secret sharing over GF(2^8), 0x11B, secret at 0, shares at 1, 2, "
                        "…; hex. Made by make_shamir_vectors.py.", "vectors": vectors},
              sys.stdout, indent=1, ensure_ascii=False)
    print()


if __name__ == "__main__":
    main()
