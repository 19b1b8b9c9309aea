"""A host hands systemd credentials to its guests through SMBIOS and fw_cfg. Here they do nothing.

Debian's units would act on all of these: create files, set kernel parameters, give root a password.
"""

import base64

from kedgevm import Node, NodeOptions, tamper
from kedgevm.testcase import BOOT, ClusterTest

# Written by systemd-tmpfiles, if it is given the credential: the console shows it despite "quiet".
CANARY = "KEDGE-CANARY"
HOST_CREDENTIALS = {
    "tmpfiles.extra": (f"w /dev/kmsg - - - - <1>{CANARY}\\n\n"
                       f"f /run/canary 0644 root root - {CANARY}\n"),
    "sysctl.extra": "kernel.sysrq = 438\nkernel.kexec_load_disabled = 0\n",
    "passwd.plaintext-password.root": CANARY,
    "passwd.hashed-password.root": "$6$kedge$" + "A" * 86,
    "passwd.shell.root": "/bin/bash",
    "sysusers.extra": "u canary 777\n",
    "ssh.authorized_keys.root": f"ssh-ed25519 AAAA {CANARY}\n",
}


def hostile_options() -> NodeOptions:
    """The credentials by either way in turn; by SMBIOS where a name is too long for fw_cfg."""
    options = NodeOptions()
    for number, (name, text) in enumerate(HOST_CREDENTIALS.items()):
        fw_cfg_name = f"opt/io.systemd.credentials/{name}"
        if number % 2 and len(fw_cfg_name) < 56:
            options.fw_cfg[fw_cfg_name] = text.encode()
        else:
            value = base64.b64encode(text.encode()).decode()
            options.smbios.append(f"type=11,value=io.systemd.credential.binary:{name}={value}")
    return options


class HostCredentials(ClusterTest):
    def check_untouched(self, node: Node, root: str = "") -> None:
        """Nothing of what the credentials ask for has happened (test image)."""
        self.assertEqual("0\n", node.run("cat /proc/sys/kernel/sysrq").text)
        self.assertEqual("1\n", node.run("cat /proc/sys/kernel/kexec_load_disabled").text)
        self.assertRegex(node.run(f"grep ^root: {root}/etc/shadow").text, r"^root:!\*:")
        self.assertRegex(node.run(f"grep ^root: {root}/etc/passwd").text, r":/usr/sbin/nologin$")
        self.assertNotIn("canary", node.run(f"cat {root}/etc/passwd").text)
        self.assertEqual("", node.run(f"ls /run/canary {root}/root/.ssh 2>/dev/null",
                                      check=False).text)
        self.assertNotIn(CANARY, node.console.text())

    def test_test_image_ignores_them(self):
        node = self.first_node("test", hostile_options())
        self.wait_up(node)
        self.assertEqual("", node.run("ls /run/credentials 2>/dev/null", check=False).text)
        self.check_untouched(node)

    def test_release_image_ignores_them(self):
        node = self.first_node("release", hostile_options())
        self.wait_up(node)
        self.assertNotIn(CANARY, node.console.text())
        predicted, actual = node.image.reference_values(), node.tpm.pcrs()
        self.assertEqual(predicted["pcr11"]["ready"], actual[11])
        self.assertEqual(predicted["pcrs"], {index: actual[int(index)]
                                             for index in predicted["pcrs"]})

    def test_they_do_arrive_and_would_act(self):
        """The control: without the switch systemd imports them, and they work when used. The
        units of the image still have no use for them. Such a node does not get past the initrd:
        its command line is not the image's."""
        node = self.cluster.add_node("node-1", "test", hostile_options())
        uki = self.folder / "uki.efi"
        tamper.extract_uki(node.image_disk, uki)
        line = tamper.command_line(uki)
        self.assertIn(" systemd.import_credentials=no", line)
        node.set_load_options(line.replace(" systemd.import_credentials=no", ""))
        node.start()
        node.wait_console("kedge-image: .*, initrd", self.limit(BOOT))
        node.run("systemctl is-active sysinit.target", self.limit(60))
        self.check_untouched(node, "/sysroot")
        self.assertLessEqual(set(HOST_CREDENTIALS),
                             set(node.run("ls /run/credentials/@system").text.split()))
        node.run("CREDENTIALS_DIRECTORY=/run/credentials/@system systemd-tmpfiles --create")
        node.wait_console(CANARY, self.limit(10))
        self.assertEqual(CANARY, node.run("cat /run/canary").text)
