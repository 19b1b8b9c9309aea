"""A node's network is closed but for the key service's port, from the first packet on."""

import re

from kedgevm.network import HOST_ADDRESS
from kedgevm.process import wait_until
from kedgevm.testcase import VmTest

BOOT_LIMIT = 120
# Address resolution and DHCP's client; IPv6's equivalents; the key service.
ALLOWED = re.compile(r"arp|udp 68>67|icmp6 (133|135|136)|tcp \d+>7443|tcp 7443>\d+")


class Firewall(VmTest):
    def test_only_the_key_services_port_is_open(self):
        network = self.cluster.network
        capture = network.capture(self.folder / "frames.log")
        node = self.cluster.add_node("node-1", "test")
        node.start()
        node.wait_console("kedge-image: .* is up", self.limit(BOOT_LIMIT))
        node.run(f"ip address replace {node.address}/24 dev $(ls /sys/class/net | grep -v lo)")

        # Nobody listens: what is let in is refused, what is not meets silence.
        self.assertIn(network.connect(node.address, 7443), ("refused", "open"))
        for port in (22, 111, 6443, 10250):
            self.assertEqual("silence", network.connect(node.address, port, 3), port)
        self.assertNotEqual(0, self.cluster.host("ping", "-c1", "-W2", node.address).returncode)

        network.start("python3", "-c", "import socket, signal, sys; "
                      "ports = [socket.create_server(('', int(p))) for p in sys.argv[1:]]; "
                      "signal.pause()", 8080, 7443)
        wait_until(lambda: network.connect("127.0.0.1", 7443) == "open", 10, "the listener")
        self.assertNotEqual(0, node.run(self.attempt(8080), check=False).status)
        self.assertEqual(0, node.run(self.attempt(7443), check=False).status)

        sent = capture.sent_by(node.mac)
        self.assertTrue(any(what.endswith(">7443") for what in sent), "the capture saw nothing")
        self.assertEqual([], [what for what in sent if not ALLOWED.fullmatch(what)])

    def test_dhcp_gives_an_address_and_nothing_else(self):
        node = self.cluster.add_node("node-1", "test")
        self.cluster.network.serve_dhcp(node.address)
        node.start()
        node.wait_console("kedge-image: .* is up", self.limit(BOOT_LIMIT))
        wait_until(lambda: f"inet {node.address}/24" in node.run("ip address").text,
                   self.limit(30), "the address")
        self.assertNotIn("hostile", node.run(
            "hostname; cat /etc/resolv.conf /run/systemd/netif/links/*").text)
        self.assertIn("hostile", node.run("cat /run/systemd/netif/leases/*").text)

    @staticmethod
    def attempt(port: int) -> str:
        """A command that tries to connect to the host."""
        return f"timeout 5 bash -c '</dev/tcp/{HOST_ADDRESS}/{port}'"
