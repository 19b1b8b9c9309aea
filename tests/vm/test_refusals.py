"""The wrong node does not come up: one boot each, against a control plane that stays up.

Each test asserts a code of its own on the console, the reason in the owner's status alone, that
nothing was released, and that the disk is as it was where nothing may be written.
"""

import base64
import datetime
import json
import re
import shutil

from kedgevm import Node, tamper
from kedgevm.known import KnownNode
from kedgevm.living import PAYLOAD, LivingTest, dates_of, digest, rtc
from kedgevm.network import HOST_ADDRESS
from kedgevm.operator import PORT, Operator
from kedgevm.testcase import BOOT


class StrangerTest(LivingTest):
    """Machines that the cluster does not know."""

    def test_another_uki(self):
        node = self.stranger("another-uki")
        self.operator.invite(node, self.one)
        uki = self.folder / "another.efi"
        tamper.extract_uki(node.image_disk, uki)
        content = uki.read_bytes()
        self.assertEqual(1, content.count(b" quiet"))
        uki.write_bytes(content.replace(b" quiet", b" debug"))
        node.replace_uki(uki)
        self.check_refused(node, "IMAGE_NOT_ALLOWED", r"^pcr\.4: ")

    def test_changed_load_options(self):
        node = self.stranger("load-options")
        self.operator.invite(node, self.one)
        uki = self.folder / "options.efi"
        tamper.extract_uki(node.image_disk, uki)
        node.set_load_options(tamper.command_line(uki) + " kedge.tampered=1")
        self.check_refused(node, "LOAD_OPTIONS_CHANGED", r"^pcr\.12: ")

    def test_another_nodes_name(self):
        node = self.stranger("namesake")
        self.operator.invite(node, self.one, name="node-1")
        before = digest(node.state_disk)
        node.start()
        correlation_id = self.wait_refused(node, "release", "IDENTITY_MISMATCH")
        self.assertRegex(self.reason_for(correlation_id, "node-1", "IDENTITY_MISMATCH"),
                         "the name node-1 belongs to the machine ")
        # While it waits: device-mapper and mounts; device nodes and whose they are.
        self.check_confined(node, "kedge-bootstrapper-initrd.service",
                            capabilities=1 << 21 | 1 << 27 | 1 << 0)
        node.power_cut()
        self.assertEqual(before, digest(node.state_disk))
        self.assert_never_joined(node)

    def test_invitation_by_another_owner(self):
        """Anybody can name this cluster, its key and its service in an invitation of their own."""
        node = self.stranger("forged")
        self.someone_else().invite(node, self.one)
        self.check_refused(node, "INVITATION_NOT_ACCEPTED", "which is no owner key of the manifest")

    def test_invitation_with_another_cluster_id(self):
        """Whoever changes an owner's invitation breaks its signature. Such a node says nothing to
        anybody: it does not even have a network."""
        node = self.stranger("edited")
        self.operator.invite(node, self.one)
        path = self.operator.workspace / "edited.invitation.json"
        invitation = json.loads(path.read_text())
        content = json.loads(base64.b64decode(invitation["invitation"]))
        content["cluster_id"] = base64.b64encode(bytes(32)).decode()
        invitation["invitation"] = base64.b64encode(
            (json.dumps(content, indent=1) + "\n").encode()).decode()
        node.set_invitation((json.dumps(invitation, indent=1) + "\n").encode())
        before = digest(node.state_disk)
        node.start()
        self.wait_refused(node, "verify-invitation", "INVITATION_NOT_ACCEPTED")
        self.assertRegex(self.journal(node), "the signature does not fit the enclosed owner key")
        self.assertEqual({}, dict(self.living.capture.sent_by(node.mac)))
        node.power_cut()
        self.assertEqual(before, digest(node.state_disk))
        self.assert_never_joined(node)

    def test_key_service_of_another_cluster(self):
        """The invitation leads to a key service that is genuine, but another cluster's."""
        other, _ = self.other_cluster()
        node = self.stranger("misled")
        self.operator.invite(node, other)
        before = digest(node.state_disk)
        node.start()
        self.wait_refused(node, "release", "CLUSTER_MISMATCH")
        self.assertRegex(self.journal(node), "the server is of cluster [0-9a-f]{64}, expected "
                         + self.cluster_id(self.operator))
        node.power_cut()
        self.assertEqual(before, digest(node.state_disk))
        self.assert_never_joined(node)

    def test_unreachable_key_service_is_waited_for(self):
        node = self.stranger("patient")
        self.operator.invite(node, self.one)
        self.one.unplug()
        try:
            node.start()
            node.wait_console(r"step release waiting: \w+", self.limit(BOOT))
        finally:
            self.one.plug()
        self.living.wait_joined(node)

    def check_refused(self, node: Node, code: str, reason: str) -> None:
        before = digest(node.state_disk)
        node.start()
        correlation_id = self.wait_refused(node, "release", code)
        self.assertRegex(self.reason_for(correlation_id, node.name, code), reason)
        node.power_cut()
        self.assertEqual(before, digest(node.state_disk), "a refused node touched its disk")
        self.assert_never_joined(node)


class KnownNodeTest(KnownNode):
    """node-2 comes back, and something about its disk or its TPM is not as it was."""

    def test_blank_header(self):
        tamper.blank(self.two.state_disk, 16 << 20)
        self.assertRegex(self.refuse("DISK_BLANK"), "is JOINED asks with a blank disk")
        # It has got nothing that could make the blank disk look like its own.
        self.put_back_good_disk()
        self.living.revive_second()
        self.assertEqual(self.living.payload_digest, self.living.digest_of_payload())

    def test_null_cipher(self):
        tamper.change_luks_header(self.two.state_disk, lambda text: re.sub(
            r'("encryption":)"aes-xts-plain64"', r'\1"cipher_null-ecb"', text))
        self.assertRegex(self.refuse("DISK_FOREIGN"),
                         "is JOINED asks with a disk that Kedge does not accept")

    def test_stale_copy_of_the_disk(self):
        """The right disk, the right key, the right TPM, but of before the last boot."""
        self.living.revive_second()
        self.two.run(f"echo newer > {PAYLOAD}-newer && sync")
        self.two.power_cut()
        newer = self.folder / "newer.img"
        tamper.copy_disk(self.two.state_disk, newer)
        tamper.copy_disk(self.good_disk, self.two.state_disk)
        tamper.copy_disk(newer, self.good_disk)  # what the clean-up puts back
        self.assertRegex(self.refuse("STALE_DISK"), "counter")
        self.put_back_good_disk()
        self.living.revive_second()
        self.assertEqual("newer\n", self.two.run(f"cat {PAYLOAD}-newer").text)

    def test_flipped_data_sector(self):
        """One changed byte below a file: an error when it is read, never other bytes."""
        start, size = self.find_payload()
        tamper.flip_byte(self.two.state_disk, start + size // 2)
        self.living.revive_second()
        read = self.two.run(f"sha256sum {PAYLOAD}", self.limit(60), check=False)
        self.assertNotEqual(0, read.status)
        self.assertRegex(read.stderr.decode(), "Input/output error")
        self.two.run(f"dd if={PAYLOAD} of=/run/read bs=4k conv=noerror status=none", check=False)
        self.assertRegex(self.two.run("journalctl -k --no-pager").text,
                         "INTEGRITY AEAD ERROR|integrity.*(checksum|tag)|AEAD")
        self.two.run(f"rm /run/read {PAYLOAD} && sync")
        self.living.write_payload()

    def test_swapped_tpm(self):
        """Another TPM, of the same maker, is another machine: until the owner says otherwise."""
        before = digest(self.two.state_disk)
        self.two.tpm.replace()
        self.two.start()
        correlation_id = self.wait_refused(self.two, "release", "MACHINE_CHANGED")
        self.assertRegex(self.reason_for(correlation_id, "node-2", "MACHINE_CHANGED"),
                         "the name node-2 belongs to the machine .* which has the node's disk")
        self.assertEqual(before, digest(self.two.state_disk))
        self.operator.kedge("node", "rebind", "node-2", "--last-refused", "--reason", "new board",
                            "--endpoint", self.operator.endpoint(self.one))
        self.living.wait_joined(self.two)  # it asks again by itself
        self.assertEqual("JOINED", self.operator.nodes(self.one)["node-2"]["state"])
        self.assertEqual(self.living.payload_digest, self.living.digest_of_payload())


class OwnerTest(LivingTest):
    """Whoever has no owner key, or a second cluster's, changes nothing and learns nothing."""

    def test_operator_without_the_owner_key(self):
        someone = self.someone_else()
        for command in ("status",):
            done = someone.kedge(command, "--endpoint", someone.endpoint(self.one), expect=1)
            self.assertIn("NOT_OWNER", done.stderr)
            self.assertNotIn("node-2", done.stdout + done.stderr)
        refused = self.operator.refusals(self.one, "NOT_OWNER")
        self.assertRegex(refused[-1]["reason"], "owner")

    def test_replayed_join(self):
        """All that node-2 said when it joined, said again to the key service."""
        said = [stream for stream in self.living.relay.recorded() if len(stream) > 1000]
        self.assertLessEqual(3, len(said), "a release and two reports")
        before = self.registry()
        for number, stream in enumerate(said):
            answer = self.cluster.network.replay(stream, self.one.address, PORT, self.folder)
            # A new handshake, then an alert: the recorded client cannot finish it.
            self.assertLess(len(answer), 4096, number)
        self.assertEqual(before, self.registry())

    def test_clock_ten_years_off(self):
        """The host's clock decides nothing: not what is valid, not what gets written."""
        for years in (-10, 10):
            with self.subTest(years=years):
                node = self.stranger(f"clock{'-late' if years < 0 else '-early'}", rtc(years))
                self.operator.invite(node, self.one)
                node.start()
                self.living.wait_joined(node)
                year = int(node.run("date -u +%Y").text)
                self.check_dates(node.run("cat /run/kedge/state/pki/node.crt").text)
                if years > 0:
                    self.assertEqual(datetime.datetime.now().year + years, year)
                self.assertEqual("trusted", self.operator.nodes(self.one)[node.name]["verdict"])
                node.power_cut()
        # Nor a control plane's, which makes certificates: late it does not count …
        _, owner = self.other_cluster()
        self.check_dates((owner.workspace / "ca.pem").read_text())
        # … and early it makes none.
        node = self.stranger("early-plane", rtc(10))
        owner = Operator(self.cluster, self.operator.bin_dir, self.folder / "owner-early")
        owner.prepare(node, ("release", "test"))
        node.start()
        node.wait_console(r"kedge-keyservice: AWAITING_INIT", self.limit(BOOT))
        done = owner.kedge("init", "--endpoint", owner.endpoint(node), expect=1)
        self.assertIn("CLOCK_AHEAD", done.stderr)
        self.assertFalse((owner.workspace / "receipt.json").exists())

    def test_second_init(self):
        """A cluster is made once: not again while it runs, and by nobody else on a blank disk."""
        someone = Operator(self.cluster, self.operator.bin_dir, self.folder / "someone")
        other, owner = self.other_cluster()
        someone.kedge("prepare", "--cluster", "theirs", "--image",
                      other.image.reference_values_file, "--tpm-root", self.cluster.tpm_root,
                      "--first-node", other.name, "--address", f"{other.address}/24")
        done = someone.kedge("init", "--endpoint", someone.endpoint(other), expect=1)
        self.assertIn("ALREADY_INITIALISED", done.stderr)
        old = self.cluster_id(owner)
        other.power_cut()
        other.reset_state_disk()
        other.start()
        other.wait_console(r"kedge-keyservice: AWAITING_INIT", self.limit(BOOT))
        # What the machine measured names its owner; nobody else's word makes a cluster in it.
        invitation = owner.workspace / f"{other.name}.invitation.json"
        shutil.copy(invitation, someone.workspace / invitation.name)
        done = someone.kedge("init", "--endpoint", someone.endpoint(other), expect=1)
        self.assertIn("NOT_OWNER", done.stderr)
        # The owner's own workspace has a cluster, which is not in this machine any more.
        done = owner.kedge("init", "--endpoint", owner.endpoint(other), expect=None)
        self.assertIn("this workspace already has a cluster", done.stderr)
        self.assertEqual(old, self.cluster_id(owner))
        done = owner.kedge("recover", "--endpoint", owner.endpoint(other), expect=None)
        self.assertIn("AWAITING_INIT", done.stderr)
        # A new cluster in the same machine is another one, and an impostor to the old one's nodes.
        again = self.folder / "again"
        again.mkdir()
        for name in ("owner.key", "seedshare.key", "manifest.json", invitation.name):
            shutil.copy(owner.workspace / name, again / name)
        renewed = Operator(self.cluster, self.operator.bin_dir, again)
        renewed.init(other)
        self.assertNotEqual(old, self.cluster_id(renewed))

    def registry(self) -> dict[str, tuple[str, str]]:
        return {name: (entry["state"], entry["last_seen"])
                for name, entry in self.operator.nodes(self.one).items()}
