#!/usr/bin/env python3
"""The units, as the real systemd of this release loads and schedules them (`systemd --test` computes
a transaction and runs nothing).

Usage: units_test.py SOURCE_DIR
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else ".").resolve()
DEBIAN_UNITS = pathlib.Path("/usr/lib/systemd/system")
SYSTEMD = "/usr/lib/systemd/systemd"
NOBODY = 65534  # systemd refuses to test transactions as root
EXEC = re.compile(r"^Exec\w+=[-+!@:|]*(/\S+)", re.MULTILINE)


def project_units(folder: str) -> list[pathlib.Path]:
    return sorted(path for path in (SOURCE / folder).iterdir() if path.is_file())


class UnitsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="kedge-units-")
        cls.addClassCleanup(cls.temporary.cleanup)
        cls.root = pathlib.Path(cls.temporary.name)
        cls.root.chmod(0o755)
        cls.units = cls.root / "usr/lib/systemd/system"
        cls.presets = cls.root / "usr/lib/systemd/system-preset"
        shutil.copytree(DEBIAN_UNITS, cls.units, symlinks=True)
        cls.presets.mkdir()
        (cls.root / "etc/systemd/system").mkdir(parents=True)
        for folder in ("systemd/system", "systemd/initrd"):
            for unit in project_units(folder):
                shutil.copy(unit, cls.units)
                for program in EXEC.findall(unit.read_text()):
                    there = cls.root / program.lstrip("/")
                    there.parent.mkdir(parents=True, exist_ok=True)
                    there.write_text("")
                    there.chmod(0o755)
        for preset in project_units("systemd/preset"):
            shutil.copy(preset, cls.presets)
        # In a node it is made from the kernel command line.
        (cls.units / "sysroot.mount").write_text(
            "[Unit]\nDefaultDependencies=no\n[Mount]\nWhat=/dev/mapper/root\nWhere=/sysroot\n")
        enabled = [unit.name for unit in project_units("systemd/system")]
        subprocess.run(["systemctl", f"--root={cls.root}", "preset", *enabled], check=True,
                       capture_output=True, timeout=60)

    def test_systemd_finds_nothing_to_say_about_our_units(self):
        for folder in ("systemd/system", "systemd/initrd"):
            for unit in project_units(folder):
                done = subprocess.run(
                    ["systemd-analyze", f"--root={self.root}", "--man=no", "verify", unit.name],
                    capture_output=True, text=True, timeout=60)
                self.assertEqual((0, ""), (done.returncode, done.stdout + done.stderr), unit.name)

    def transaction(self, unit: str) -> dict[str, str]:
        """What systemd would do to reach `unit`: unit → "start" or "stop"."""
        done = subprocess.run(
            [SYSTEMD, "--test", "--system", f"--unit={unit}", "--log-target=console"],
            capture_output=True, text=True, timeout=60, user=NOBODY, group=NOBODY, extra_groups=[],
            env={"HOME": str(self.root), "PATH": os.environ["PATH"],
                 "SYSTEMD_UNIT_PATH": f"{self.root}/etc/systemd/system:{self.units}"})
        jobs = dict(re.findall(r"Action: (\S+) -> (\S+)", done.stdout + done.stderr))
        self.assertEqual("start", jobs.get(unit), done.stdout + done.stderr)
        return jobs

    def test_every_way_down_revokes_the_seed(self):
        for target in ("poweroff", "reboot", "halt", "kexec"):
            jobs = self.transaction(f"{target}.target")
            self.assertEqual("start", jobs.get("kedge-revoke-seed.service"), target)
            self.assertEqual("start", jobs.get("shutdown.target"), target)

    def test_nothing_else_revokes_the_seed(self):
        for unit in ("multi-user.target", "initrd.target", "initrd-switch-root.target",
                     "kedge-keyservice.service", "kedge-bootstrapper.service"):
            self.assertNotIn("kedge-revoke-seed.service", self.transaction(unit), unit)

    def test_shutdown_waits_for_the_seed_to_be_revoked(self):
        text = (self.units / "kedge-revoke-seed.service").read_text()
        self.assertRegex(text, r"(?m)^Before=shutdown\.target$")
        self.assertRegex(text, r"(?m)^After=kedge-keyservice\.service$")

    def test_the_initrds_key_service_asks_before_it_revokes(self):
        text = (self.units / "kedge-keyservice-initrd.service").read_text()
        self.assertRegex(
            text, r"(?m)^ExecStopPost=/sysroot/usr/bin/kedge-keyservice --stage=shutdown$")


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("SKIPPED: needs root to become another user for systemd --test")
        sys.exit(77)
    unittest.main()
