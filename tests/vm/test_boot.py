"""Both images boot measured, and what they measure is what image/build predicted."""

from kedgevm import Node, tamper
from kedgevm.testcase import BOOT, ClusterTest


class MeasuredBoot(ClusterTest):
    def check_pcrs(self, node: Node, phase: str) -> None:
        """The TPM's own values against the image's reference values."""
        values = node.image.reference_values()
        actual = node.tpm.pcrs()
        for index, predicted in values["pcrs"].items():
            with self.subTest(pcr=index):
                self.assertEqual(predicted, actual[int(index)])
        self.assertEqual(values["pcr11"][phase], actual[11])

    def boot_alone(self, node: Node) -> None:
        """Boots into the initrd, where a node without an invitation stays."""
        node.start()
        node.wait_console(r"kedge-image: .*, initrd", self.limit(BOOT))

    def test_test_image_measures_what_was_predicted(self):
        node = self.first_node("test")
        self.wait_up(node)
        self.assertEqual("test", node.image.reference_values()["image"]["variant"])
        self.assertEqual("running\n", node.run("systemctl is-system-running --wait", check=False,
                                               timeout=self.limit(60)).text)
        self.check_pcrs(node, "ready")
        for index in (4, 9, 11, 14, 15):
            self.assertEqual(node.pcr(index), node.tpm.pcrs()[index], "the harness's replay")

    def test_release_image_measures_what_was_predicted_and_offers_no_way_in(self):
        node = self.first_node("release")
        self.wait_up(node)
        self.assertEqual("release", node.image.reference_values()["image"]["variant"])
        self.check_pcrs(node, "ready")
        self.assertNotRegex(node.console.text(), r"(?i)login|password|[$#] ?$|emergency|sulogin")

    def test_a_node_that_waits_in_the_initrd_has_measured_that_phase(self):
        node = self.cluster.add_node("node-1", "test")
        self.boot_alone(node)
        node.run("systemctl is-active systemd-pcrphase-initrd.service", self.limit(60))
        self.check_pcrs(node, "enter-initrd")

    def test_a_changed_command_line_changes_the_measurements(self):
        node = self.cluster.add_node("node-1", "test")
        uki = self.folder / "uki.efi"
        tamper.extract_uki(node.image_disk, uki)
        node.set_load_options(tamper.command_line(uki) + " kedge.tampered=1")
        self.boot_alone(node)
        self.assertIn("kedge.tampered=1", node.run("cat /proc/cmdline", self.limit(60)).text)
        values = node.image.reference_values()
        actual = node.tpm.pcrs()
        self.assertEqual(values["pcrs"]["4"], actual[4], "the programs are the same")
        self.assertNotEqual(values["pcrs"]["9"], actual[9])
        self.assertNotEqual(values["pcrs"]["12"], actual[12])
