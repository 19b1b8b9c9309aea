"""A node's network is closed but for the key service's port, from the first packet on."""

import re

from kedgevm.living import LivingTest
from kedgevm.network import HOST_ADDRESS
from kedgevm.process import wait_until
from kedgevm.testcase import ClusterTest

# Address resolution and DHCP's client; IPv6's equivalents; the key service.
ALLOWED = re.compile(r"arp|udp 68>67|icmp6 (133|135|136)|tcp \d+>7443|tcp 7443>\d+")


class Firewall(LivingTest):
    def test_only_the_key_services_port_is_open(self):
        network, node = self.cluster.network, self.one
        # Nobody listens on these ports: without the firewall the answer would be a refusal.
        self.assertEqual("open", network.connect(node.address, 7443))
        for port in (22, 111, 6443, 10250):
            self.assertEqual("silence", network.connect(node.address, port, 3), port)
        self.assertNotEqual(0, self.cluster.host("ping", "-c1", "-W2", node.address).returncode)

        # The relay listens on the key service's port already.
        network.start("python3", "-c", "import socket, signal; "
                      "port = socket.create_server(('', 8080)); signal.pause()")
        wait_until(lambda: network.connect("127.0.0.1", 8080) == "open", 10, "the listener")
        self.assertNotEqual(0, node.run(self.attempt(8080), check=False).status)
        self.assertEqual(0, node.run(self.attempt(7443), check=False).status)

        sent = self.living.capture.sent_by(node.mac)  # since its first packet
        self.assertTrue(any(what.endswith(">7443") for what in sent), "the capture saw nothing")
        self.assertEqual([], [what for what in sent if not ALLOWED.fullmatch(what)])

    @staticmethod
    def attempt(port: int) -> str:
        """A command that tries to connect to the host."""
        return f"timeout 5 bash -c '</dev/tcp/{HOST_ADDRESS}/{port}'"


class Dhcp(ClusterTest):
    def test_dhcp_gives_an_address_and_nothing_else(self):
        self.cluster.network.serve_dhcp(self.cluster.network.address(1))
        node = self.first_node(dhcp=True)
        self.assertIn(f"inet {node.address}/24", node.run("ip address").text)
        self.assertNotIn("hostile", node.run(
            "hostname; cat /etc/resolv.conf /run/systemd/netif/links/*").text)
        self.assertIn("hostile", node.run("cat /run/systemd/netif/leases/*").text)
