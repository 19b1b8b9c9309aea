"""The search finds what it is to find."""

import base64
import hashlib
import unittest

from kedgevm import secrets

SECRET = hashlib.sha512(b"secret").digest()


class SearchTest(unittest.TestCase):
    def setUp(self):
        self.search = secrets.Search({"secret": SECRET, "other": hashlib.sha256(b"other").digest()})

    def test_finds_every_spelling_anywhere(self):
        for before in range(4):
            for after in range(4):
                whole = b"x" * before + SECRET + b"y" * after
                for text in (whole, whole.hex().encode(), whole.hex().upper().encode(),
                             base64.b64encode(whole), base64.urlsafe_b64encode(whole)):
                    self.assertEqual({"secret"}, self.search(b"noise " + text + b" noise"))

    def test_finds_either_half_of_a_secret(self):
        self.assertEqual({"secret"}, self.search(SECRET[:32]))
        self.assertEqual({"secret"}, self.search(base64.b64encode(b"z" + SECRET[32:])))

    def test_finds_nothing_elsewhere(self):
        self.assertEqual(set(), self.search(hashlib.sha512(b"noise").digest() * 1000))
        self.assertEqual(set(), self.search(SECRET[1:15]))

    def test_tree_agrees_with_the_vectors(self):
        seed, salt = bytes(range(64)), bytes(range(32))
        tree = secrets.of_cluster(seed, salt, ["node-1"])
        vector = secrets._key_tree().vector(seed, salt, bytes(range(32, 64)), 1, "state-disk",
                                            "node-1/state", 1, "node-1")
        for ours, theirs in (("KEK", "kek"), ("DEK of node-1", "dek"), ("master", "master"),
                             ("keyslot key of node-1", "keyslot"),
                             ("header-mac key of node-1", "header_mac"),
                             ("identity key", "identity_p256_scalar"),
                             ("root CA key", "root_ca_p384_scalar"),
                             ("workload secret of node-1", "workload_secret")):
            self.assertEqual(vector[theirs], tree[ours].hex(), ours)
        self.assertEqual(vector["cluster_id"],
                         secrets.cluster_id(seed, salt, bytes(range(32, 64))).hex())


if __name__ == "__main__":
    unittest.main()
