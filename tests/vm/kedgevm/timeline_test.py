"""Tests of the time line: which console line ends which part of a boot."""

import threading
import unittest

from . import timeline
from .console import Console


class ShownConsole(Console):
    """A console that has shown these lines."""

    def __init__(self, *lines: tuple[float, str]):
        self._lines = list(lines)
        self._changed = threading.Condition()


FIRMWARE = (4.0, "BdsDxe: starting Boot0001 from HD(1,GPT)")
INITRD = (20.5, "kedge-image: kedge-test 1 test, initrd")
JOINED = (61.5, "[   41.2] kedge-bootstrapper: joined as node-2")
UP = (63.0, "kedge-image: kedge-test 1 test is up")


class PartsTest(unittest.TestCase):
    def test_a_joined_node_has_started_before_the_last_line_comes(self):
        self.assertEqual([("firmware", 4.0), ("kernel", 16.5), ("initrd and start", 41.0)],
                         timeline.parts(ShownConsole(FIRMWARE, INITRD, JOINED)))

    def test_the_last_line_changes_nothing(self):
        self.assertEqual(timeline.parts(ShownConsole(FIRMWARE, INITRD, JOINED)),
                         timeline.parts(ShownConsole(FIRMWARE, INITRD, JOINED, UP)))

    def test_an_image_that_joins_nothing_ends_with_its_last_line(self):
        self.assertEqual(("initrd and start", 42.5),
                         timeline.parts(ShownConsole(FIRMWARE, INITRD, UP))[-1])

    def test_steps_count_without_their_waits(self):
        console = ShownConsole(
            INITRD, (30.0, "kedge: step release waiting: UNAVAILABLE, next try in 0.6 s"),
            (33.0, "kedge: step release done in 1500 ms, waited 1600 ms"),
            (34.0, "kedge: step open-disk already done, 0 ms"),
            (35.0, "kedge: step advance-disk done in 250 ms"))
        self.assertEqual([("release", 1.5), ("advance-disk", 0.25)], timeline.kedge_steps(console))

    def test_a_boot_that_is_not_through_shows_the_parts_it_has(self):
        self.assertEqual([("firmware", 4.0)], timeline.parts(ShownConsole(FIRMWARE)))
        self.assertEqual([], timeline.parts(ShownConsole()))


class KedgeLinesTest(unittest.TestCase):
    def test_only_the_programs_own_lines(self):
        step = (30.0, "kedge: step release done in 312 ms")
        self.assertEqual([step, JOINED],
                         timeline.kedge_lines(ShownConsole(FIRMWARE, INITRD, step, JOINED, UP)))


if __name__ == "__main__":
    unittest.main()
