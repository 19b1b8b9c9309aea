"""Where the seconds of a boot went, from its console."""

import re

from .console import Console

# The first console line after each part; the parts follow each other. A node has started when it has
# joined: multi-user.target, and the image's last line with it, comes some moments later.
_MARKS = (
    ("firmware", r"BdsDxe: starting"),
    ("kernel", r"kedge-image: .*, initrd"),
    ("initrd and start", r"kedge-bootstrapper: joined|kedge-image: .* is up"),
)


def parts(console: Console) -> list[tuple[str, float]]:
    """(part, seconds) as far as the boot got. Kedge's own lines are in `kedge_lines`."""
    result, previous = [], 0.0
    for name, pattern in _MARKS:
        at = console.time_of(pattern)
        if at is None:
            break
        result.append((name, at - previous))
        previous = at
    return result


_STEP = re.compile(r"kedge: step (\S+) done in (\d+) ms")


def kedge_steps(console: Console) -> list[tuple[str, float]]:
    """(step, seconds) of the steps that Kedge has done, without what it waited for others."""
    return [(match[1], int(match[2]) / 1000) for _, line in console.lines()
            if (match := _STEP.search(line))]


def kedge_lines(console: Console) -> list[tuple[float, str]]:
    """What the Kedge programs said, with seconds since power-on."""
    return [(at, line) for at, line in console.lines()
            if re.search(r"\bkedge(-bootstrapper|-keyservice)?: ", line)]
