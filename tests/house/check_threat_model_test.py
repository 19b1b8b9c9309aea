#!/usr/bin/env python3
"""The threat model's check finds what it is there to find."""
import unittest

from check_threat_model import REQUIREMENTS, problems_in

GOOD = {name: f"| {name} | a promise | `Suite.Case` |" for name in REQUIREMENTS}
KNOWN = {"Suite.Case"}


def document(**changed):
    return "\n".join({**GOOD, **changed}.values())


class CheckThreatModelTest(unittest.TestCase):
    def test_a_whole_table_passes(self):
        self.assertEqual([], problems_in(document(), KNOWN))

    def test_a_missing_row_is_found(self):
        self.assertIn("S14 has no row", problems_in(document(S14=""), KNOWN))

    def test_a_second_row_is_found(self):
        twice = document() + "\n" + GOOD["S3"]
        self.assertRegex("\n".join(problems_in(twice, KNOWN)), "S3 has two rows")

    def test_a_row_without_a_test_is_found(self):
        row = "| S2 | a promise | by reading the code |"
        self.assertRegex("\n".join(problems_in(document(S2=row), KNOWN)), "S2 names no test")

    def test_a_test_that_does_not_exist_is_found(self):
        row = "| S2 | a promise | `Suite.Case` `Suite.Gone` |"
        self.assertRegex("\n".join(problems_in(document(S2=row), KNOWN)), "names Suite.Gone")


if __name__ == "__main__":
    unittest.main()
