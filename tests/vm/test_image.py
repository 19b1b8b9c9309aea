"""Properties of the built images that need no machine."""

import pathlib
import subprocess
import sys
import unittest

from kedgevm.testcase import settings

PROJECT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT / "image"))

from kedgeimage import pe  # noqa: E402

SHELLS_AND_LOGINS = {"sh", "bash", "dash", "busybox", "sulogin", "agetty", "login", "su",
                     "systemd-sulogin-shell", "systemd-debug-generator", "kedge-testd"}
ONLY_IN_THE_TEST_INITRD = {
    "etc/systemd/system/initrd.target.wants/kedge-testd.service",
    "usr/lib/systemd/system/kedge-bootstrapper-initrd.service.d",
    "usr/lib/systemd/system/kedge-bootstrapper-initrd.service.d/50-testkill.conf",
    "usr/lib/systemd/system/kedge-measure.service.d",
    "usr/lib/systemd/system/kedge-measure.service.d/50-testkill.conf",
    "usr/lib/systemd/system/kedge-testd.service",
}


def initrd_files(variant: str) -> set[str]:
    """The paths in the initrd of a built UKI."""
    uki = pe.Image.parse((settings.images / variant / "uki.efi").read_bytes())
    unpacked = subprocess.run(["zstd", "--decompress", "--quiet", "--stdout"], check=True,
                              input=uki.section_as_loaded(".initrd"), capture_output=True).stdout
    listing = subprocess.run(["cpio", "--list", "--quiet"], check=True, input=unpacked,
                             capture_output=True).stdout
    return set(listing.decode().splitlines())


class ImageTest(unittest.TestCase):
    def test_release_initrd_has_no_shell(self):
        files = initrd_files("release")
        self.assertIn("usr/lib/systemd/systemd", files)
        self.assertEqual(set(), {path.rsplit("/", 1)[-1] for path in files} & SHELLS_AND_LOGINS)

    def test_initrds_differ_by_the_test_program_only(self):
        release, test = initrd_files("release"), initrd_files("test")
        self.assertEqual(set(), release - test)
        self.assertEqual(ONLY_IN_THE_TEST_INITRD, test - release)

    def test_command_lines_differ_by_the_root_hash_only(self):
        lines = [pe.Image.parse((settings.images / variant / "uki.efi").read_bytes())
                 .section_as_loaded(".cmdline").decode().split(" ", 1)
                 for variant in ("release", "test")]
        self.assertEqual(lines[0][1], lines[1][1])
        self.assertNotEqual(lines[0][0], lines[1][0])
        for word in ("systemd.import_credentials=no", "rd.shell=0", "rd.emergency=reboot"):
            self.assertIn(f" {word} ", f" {lines[0][1]} ")

    def test_equal_inputs_give_equal_images(self):
        done = subprocess.run([PROJECT / "image/test_reproducible", "--bin-dir",
                               settings.bin_dir], capture_output=True, text=True, check=False,
                              timeout=900)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
