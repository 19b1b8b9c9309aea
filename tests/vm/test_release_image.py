"""What a release image does not have: looked at from within a test node that has it as a disk."""

import re

from kedgevm import NodeOptions
from kedgevm.testcase import BOOT, VmTest

WAYS_IN = ("agetty", "getty", "login", "sulogin", "su", "sudo", "runuser", "sshd", "passwd",
           "kedge-testd", "kedge-testkill.so", "systemd-sulogin-shell", "systemd-run", "systemd-nspawn",
           "systemd-debug-generator", "systemd-getty-generator", "systemd-run-generator")
UNITS_WITH_A_SHELL = ("*getty*", "debug-shell.service", "rescue.*", "kedge-testd*",
                      "systemd-firstboot*", "*ask-password*", "ctrl-alt-del.target")
ONLY_IN_THE_TEST_IMAGE = {
    "./etc/systemd/system/multi-user.target.wants/kedge-testd.service",
    "./usr/bin/kedge-testd",
    "./usr/lib/kedge-testkill.so",
    "./usr/lib/systemd/system-preset/40-testd.preset",
    "./usr/lib/systemd/system/kedge-bootstrapper.service.d",
    "./usr/lib/systemd/system/kedge-bootstrapper.service.d/50-testkill.conf",
    "./usr/lib/systemd/system/kedge-testd.service",
}


class ReleaseImage(VmTest):
    def test_has_no_way_in_and_is_the_test_image_without_testd(self):
        release = self.cluster.image("release")
        node = self.cluster.add_node("node-1", "test", NodeOptions(extra_arguments=[
            "-drive", f"file={release.disk},format=raw,if=none,id=release,readonly=on",
            "-device", "virtio-blk-pci,drive=release,serial=release"]))
        node.start()
        # The node stays in its initrd, with its own root under /sysroot: it has no invitation.
        node.wait_console("kedge-image: .*, initrd", self.limit(BOOT))
        limit = self.limit(60)
        node.run("mkdir /run/release && mount -t erofs -o ro "
                 "/dev/disk/by-id/virtio-release-part2 /run/release", limit)

        def listing(root: str, arguments: str = "") -> set[str]:
            return set(node.run(f"cd {root} && find . -xdev {arguments}", limit).text.split("\n"))

        files = listing("/run/release")
        self.assertLess(1000, len(files))
        self.assertIn("./usr/lib/systemd/systemd", files)

        names = {path.rsplit("/", 1)[-1] for path in files if re.search("/(s?bin|systemd)/", path)}
        self.assertEqual(set(), names & set(WAYS_IN))
        for pattern in UNITS_WITH_A_SHELL:
            self.assertEqual({""}, listing("/run/release", f"-name '{pattern}'"), pattern)
        self.assertEqual({""}, listing("/run/release", r"-type f -perm /6000"))
        self.assertEqual("", node.run("grep -rlE 'sulogin|agetty|/bin/(ba)?sh' "
                                      "/run/release/usr/lib/systemd/system "
                                      "/run/release/etc/systemd", limit, check=False).text)
        for line in node.run("cat /run/release/etc/shadow").text.splitlines():
            self.assertRegex(line, r"^[^:]+:!\*:")
        for line in node.run("cat /run/release/etc/passwd").text.splitlines():
            self.assertRegex(line, r":/usr/sbin/nologin$")

        own = listing("/sysroot")
        self.assertEqual(ONLY_IN_THE_TEST_IMAGE, own - files)
        self.assertEqual(set(), files - own)
