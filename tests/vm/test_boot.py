"""Both images boot measured, and what they measure is what image/build predicted."""

import pathlib
import subprocess

from kedgevm import Node
from kedgevm.testcase import VmTest

BOOT_LIMIT = 120


class MeasuredBoot(VmTest):
    def boot(self, variant: str) -> Node:
        node = self.cluster.add_node("node-1", variant)
        node.start()
        node.wait_console(rf"kedge-image: kedge-node-{variant} .* is up", self.limit(BOOT_LIMIT))
        return node

    def test_test_image_measures_what_was_predicted(self):
        node = self.boot("test")
        values = node.image.reference_values()
        self.assertEqual("test", values["image"]["variant"])
        node.run("systemctl is-system-running --wait", self.limit(60))
        for index, predicted in values["pcrs"].items():
            with self.subTest(pcr=index):
                self.assertEqual(predicted, node.pcr(int(index)))
        self.assertEqual(values["pcr11"]["ready"], node.pcr(11))

    def test_release_image_boots_and_offers_no_way_in(self):
        node = self.boot("release")
        for variant in ("release", "test"):
            self.assertEqual(variant, self.cluster.image(variant).reference_values()["image"]["variant"])
        self.assertNotRegex(node.console.text(), r"(?i)login:|password:|\$ $|# $|emergency|sulogin")
