#!/usr/bin/env python3
"""The layering check itself finds what it must find."""
import pathlib
import tempfile
import unittest

import check_layering


class LayeringTest(unittest.TestCase):
    def problems(self, name, text):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            path = root / name
            path.parent.mkdir(parents=True)
            path.write_text(text)
            return check_layering.check_file(root, path)

    def test_downward_is_allowed(self):
        self.assertEqual(self.problems("attestation/verify/a.cc", '#include "crypto/digest.h"\n'), [])

    def test_upward_is_refused(self):
        self.assertTrue(self.problems("crypto/a.cc", '#include "attestation/verify/verify.h"\n'))

    def test_foreign_library_is_refused(self):
        self.assertTrue(self.problems("keyservice/core/a.cc", "#include <openssl/evp.h>\n"))

    def test_clock_in_the_core_is_refused(self):
        self.assertTrue(self.problems("keyservice/core/a.cc", "auto t = absl::Now();\n"))

    def test_fake_in_release_code_is_refused(self):
        self.assertTrue(self.problems("keyservice/server/a.cc",
                                      '#include "attestation/model/testing/fake_tpm.h"\n'))

    def test_tests_may_reach_further(self):
        self.assertEqual(self.problems("crypto/a_test.cc", "#include <fstream>\n"), [])


if __name__ == "__main__":
    unittest.main()
