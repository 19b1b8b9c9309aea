#!/usr/bin/env python3
"""The manual pages say what the programs say: commands, options, which of them must be given or take a
value, and exit codes, in both directions.

Usage: man_pages_test.py SOURCE_DIR BUILD_DIR
"""
import pathlib
import re
import shutil
import subprocess
import sys
import unittest
from typing import NamedTuple

SOURCE, BUILD = (pathlib.Path(sys.argv.pop(1)).resolve() for _ in range(2))
PAGES = SOURCE / "docs/man"
PROGRAMS = {"kedge": ("cli/kedge", 1), "kedge-bootstrapper": ("bootstrapper/kedge-bootstrapper", 8),
            "kedge-disk-grow": ("storage/grow/kedge-disk-grow", 8),
            "kedge-keyservice": ("keyservice/server/kedge-keyservice", 8)}
HELP = ("--help", "-h")


class Option(NamedTuple):
    value: bool
    required: bool


def help_of(program: str, *command: str) -> str:
    return subprocess.run([BUILD / PROGRAMS[program][0], *command, "--help"], check=True,
                          capture_output=True, text=True, timeout=30).stdout


def part_of_help(text: str, title: str) -> str:
    listed = re.search(rf"^{title}:\n((?:  .*\n)*)", text, re.MULTILINE)
    return listed[1] if listed else ""


def options_in_help(text: str) -> dict[tuple[str, ...], Option]:
    """names → what the help says of it; --help itself left out. A positional argument is named as
    in the pages, in capitals."""
    # CLI11: names, " TYPE…", then a description after two spaces or on the next line.
    line = re.compile(r"^  ([-\w]\S*)( [A-Z]{2,}.*?)??( REQUIRED)?(?:  .*| \(Env.*| Excludes: .*)?$", re.MULTILINE)
    found = {}
    for match in line.finditer(part_of_help(text, "Positionals")):
        found[(match[1].upper(),)] = Option(True, match[3] is not None)
    for match in line.finditer(part_of_help(text, "Options")):
        names = tuple(sorted(match[1].split(",")))
        if not set(names) & set(HELP):
            found[names] = Option(match[2] is not None, match[3] is not None)
    return found


def commands_in_help(text: str) -> list[str]:
    return re.findall(r"^  (\S+)", part_of_help(text, "Subcommands"), re.MULTILINE)


def names_in(macros: str) -> tuple[str, ...]:
    flags = re.findall(r"Fl (-?[\w-]+)", macros)
    return tuple(sorted("-" + name for name in flags)) or tuple(re.findall(r"^Ar (\S+)", macros))


def takes_value(macros: str) -> bool:
    return re.search(r"\b(Ar|Cm) ", macros) is not None


def section(page: str, name: str) -> str:
    match = re.search(rf"^\.Sh {name}\n(.*?)(?=^\.Sh |\Z)", page, re.MULTILINE | re.DOTALL)
    return match[1] if match else ""


def synopsis_of(page: str, command: str) -> dict[tuple[str, ...], Option]:
    """The options that the synopsis of `command` ("kedge verify cluster") shows."""
    text = section(page, "SYNOPSIS")
    called = re.split(r"^\.Nm(.*)\n", text, flags=re.MULTILINE)
    own_name = re.search(r"^\.Nm (.*)$", section(page, "NAME"), re.MULTILINE)[1]
    parts = {(name.strip() or own_name): body for name, body in zip(called[1::2], called[2::2])}
    found = {}
    for line in parts.get(command, "").splitlines():
        if line.split()[-1] in ("COMMAND", "...") and "Fl" not in line:
            continue  # the command that follows, and its options
        match = re.fullmatch(r"\.(Op )?((?:Fl|Ar) .*)", line)
        if match:
            found[names_in(match[2])] = Option(takes_value(match[2]), match[1] is None)
    return found


def described(text: str) -> dict[tuple[str, ...], bool]:
    """names → takes a value, of the options that a piece of a page describes."""
    return {names_in(item): takes_value(item)
            for item in re.findall(r"^\.It ((?:Fl|Ar) .*)$", text, re.MULTILINE)
            if not set(names_in(item)) & set(HELP)}


def exit_codes_in_page(page: str) -> list[str]:
    return re.findall(r"^\.It (\d)$", section(page, "EXIT STATUS"), re.MULTILINE)


def exit_codes_in_help(text: str) -> list[str]:
    listed = re.search(r"Exit codes: (.*)", text, re.DOTALL)[1]
    return re.findall(r"(?:^|[;,]\s)(\d) ", listed)


class ManPagesTest(unittest.TestCase):
    def page(self, name: str, number: int) -> str:
        path = PAGES / f"{name}.{number}"
        self.assertTrue(path.is_file(), f"no page {path.name}")
        return path.read_text()

    def check(self, where: str, help_text: str, synopsis: dict, description: str) -> None:
        options = options_in_help(help_text)
        self.assertEqual(options, synopsis, f"{where}: --help and SYNOPSIS")
        self.assertEqual({names: option.value for names, option in options.items()},
                         described(description), f"{where}: --help and DESCRIPTION")

    def test_programs(self):
        for program, (_, number) in PROGRAMS.items():
            page, text = self.page(program, number), help_of(program)
            self.check(program, text, synopsis_of(page, program), section(page, "DESCRIPTION"))
            self.assertGreaterEqual(len(options_in_help(text)), 3, "the help was not understood")
            self.assertEqual(exit_codes_in_help(text), exit_codes_in_page(page), program)
            self.assertGreaterEqual(len(exit_codes_in_page(page)), 3)

    def test_commands(self):
        commands = commands_in_help(help_of("kedge"))
        self.assertGreaterEqual(len(commands), 7, "the help was not understood")
        overview = self.page("kedge", 1)
        self.assertCountEqual(commands, re.findall(r"^\.It Ic (\S+)$", overview, re.MULTILINE))
        for command in commands:
            page, text = self.page(f"kedge-{command}", 1), help_of("kedge", command)
            self.assertIn(f".Xr kedge-{command} 1", overview)
            # A page that describes several commands has a subsection for each.
            parts = re.split(r"^\.Ss (\S+)\n", section(page, "DESCRIPTION"), flags=re.MULTILINE)
            described_below = dict(zip(parts[1::2], parts[2::2]))
            below = commands_in_help(text)
            self.assertCountEqual(below, list(described_below), command)
            for nested in below:
                self.check(f"{command} {nested}", help_of("kedge", command, nested),
                           synopsis_of(page, f"kedge {command} {nested}"), described_below[nested])
            if not below:
                self.check(command, text, synopsis_of(page, f"kedge {command}"), parts[0])

    def test_no_page_is_of_a_command_that_is_gone(self):
        expected = {f"{name}.{number}" for name, (_, number) in PROGRAMS.items()}
        expected |= {f"kedge-{command}.1" for command in commands_in_help(help_of("kedge"))}
        self.assertEqual(expected, {path.name for path in PAGES.iterdir()})

    def test_pages_format_without_a_warning(self):
        if shutil.which("groff") is None:
            self.skipTest("groff is not installed: pages are not formatted")
        for path in sorted(PAGES.iterdir()):
            done = subprocess.run(["groff", "-mdoc", "-Tutf8", "-ww", "-z", path],
                                  capture_output=True, text=True, timeout=60)
            self.assertEqual((0, ""), (done.returncode, done.stderr), path.name)

    def test_references_lead_to_pages(self):
        for path in sorted(PAGES.iterdir()):
            for name, number in re.findall(r"^\.Xr (kedge\S*) (\d)", path.read_text(), re.MULTILINE):
                self.assertTrue((PAGES / f"{name}.{number}").is_file(), f"{path.name}: {name}({number})")


if __name__ == "__main__":
    unittest.main()
