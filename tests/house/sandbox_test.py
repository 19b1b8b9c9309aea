#!/usr/bin/env python3
"""How much of the system each unit can reach, as systemd-analyze(1) scores it: 0 nothing, 10 all.

Usage: sandbox_test.py SOURCE_DIR
"""
import pathlib
import subprocess
import sys
import unittest

SOURCE = pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else ".").resolve()
# In tenths. Whoever raises one says in the unit what it needs.
MOST = {"kedge-keyservice": 25, "kedge-revoke-seed": 25, "kedge-firewall": 25,
        "kedge-disk-grow": 40,
        "kedge-bootstrapper": 40, "kedge-measure": 40}


def services() -> list[pathlib.Path]:
    return sorted(SOURCE.glob("systemd/*/*.service"))


def run(unit: pathlib.Path, tenths: int) -> subprocess.CompletedProcess:
    return subprocess.run(["systemd-analyze", "security", "--offline=yes", "--no-pager",
                           f"--threshold={tenths}", unit],
                          capture_output=True, text=True, timeout=60, check=False)


class SandboxTest(unittest.TestCase):
    def test_no_unit_reaches_more_than_it_may(self):
        self.assertLessEqual(8, len(services()))
        for unit in services():
            with self.subTest(unit=str(unit.relative_to(SOURCE))):
                done = run(unit, MOST[unit.stem.removesuffix("-initrd")])
                self.assertEqual(0, done.returncode, done.stdout[-200:] + done.stderr)

    def test_the_threshold_is_what_decides(self):
        for unit in services():
            self.assertNotEqual(0, run(unit, 1).returncode, unit.name)

    def test_what_is_looser_has_its_reason(self):
        """A daemon's unit names every protection that it goes without, in a comment."""
        for unit in services():
            text = unit.read_text()
            comments = "\n".join(line for line in text.splitlines() if line.startswith("#"))
            settings = {line.split("=", 1)[0] for line in text.splitlines() if "=" in line}
            for name in ("PrivateDevices", "ProtectSystem", "ProtectProc", "PrivateNetwork"):
                if name in settings or "the sandbox of kedge-keyservice.service" in comments.lower():
                    continue
                with self.subTest(unit=unit.name, setting=name):
                    self.assertIn(f"{name}=", comments)


if __name__ == "__main__":
    unittest.main()
