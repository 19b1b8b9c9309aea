"""Starts Kedge nodes as measured VMs in a network of their own, and harms them from outside.

Linux, root and swtpm/QEMU/OVMF only; nothing here needs a network beyond the one it makes.
"""

from .cluster import Cluster
from .console import ConsoleTimeout
from .images import Image
from .node import Node, NodeOptions
from .testd import CommandResult, TestdError

__all__ = ["Cluster", "CommandResult", "ConsoleTimeout", "Image", "Node", "NodeOptions",
           "TestdError"]
