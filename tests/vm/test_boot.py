"""Both images boot measured, and what they measure is what image/build predicted."""

from kedgevm import Node, tamper
from kedgevm.testcase import VmTest

BOOT_LIMIT = 120


class MeasuredBoot(VmTest):
    def boot(self, variant: str) -> Node:
        node = self.cluster.add_node("node-1", variant)
        node.start()
        node.wait_console(rf"kedge-image: kedge-node-{variant} .* is up", self.limit(BOOT_LIMIT))
        return node

    def check_pcrs(self, node: Node) -> None:
        """The TPM's own values against the image's reference values."""
        values = node.image.reference_values()
        actual = node.tpm.pcrs()
        for index, predicted in values["pcrs"].items():
            with self.subTest(pcr=index):
                self.assertEqual(predicted, actual[int(index)])
        self.assertEqual(values["pcr11"]["ready"], actual[11])

    def test_test_image_measures_what_was_predicted(self):
        node = self.boot("test")
        self.assertEqual("test", node.image.reference_values()["image"]["variant"])
        self.assertEqual("running\n", node.run("systemctl is-system-running --wait", check=False,
                                               timeout=self.limit(60)).text)
        self.check_pcrs(node)
        for index in (4, 9, 11, 15):
            self.assertEqual(node.pcr(index), node.tpm.pcrs()[index], "the harness's replay")

    def test_release_image_measures_what_was_predicted_and_offers_no_way_in(self):
        node = self.boot("release")
        self.assertEqual("release", node.image.reference_values()["image"]["variant"])
        self.check_pcrs(node)
        self.assertNotRegex(node.console.text(), r"(?i)login|password|[$#] ?$|emergency|sulogin")

    def test_a_changed_command_line_changes_the_measurements(self):
        node = self.cluster.add_node("node-1", "test")
        uki = self.folder / "uki.efi"
        tamper.extract_uki(node.image_disk, uki)
        node.set_load_options(tamper.command_line(uki) + " kedge.tampered=1")
        node.start()
        node.wait_console("kedge-image: .* is up", self.limit(BOOT_LIMIT))
        self.assertIn("kedge.tampered=1", node.run("cat /proc/cmdline").text)
        values = node.image.reference_values()
        actual = node.tpm.pcrs()
        self.assertEqual(values["pcrs"]["4"], actual[4], "the programs are the same")
        self.assertNotEqual(values["pcrs"]["9"], actual[9])
        self.assertNotEqual(values["pcrs"]["12"], actual[12])
