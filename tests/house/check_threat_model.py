#!/usr/bin/env python3
"""Every requirement of the threat model names tests, and every test that it names exists.

Usage: check_threat_model.py SOURCE_DIR. Prints each problem and exits 1 if there is one.
"""
import pathlib
import re
import sys

REQUIREMENTS = {f"S{number}" for number in range(1, 26)}
ROW = re.compile(r"^\| (S\d+) \|")
GTEST = re.compile(r"\b(?:TYPED_)?TEST(?:_F|_P)?\(\s*(\w+)\s*,\s*(\w+)\s*\)")
PYTHON = re.compile(r"^\s*def (test_\w+)\(", re.MULTILINE)
PROGRAM = re.compile(r"\bkedge_(?:fuzz|uml_program_test)\(\s*([\w.$&{}]+)")
FOLDERS = ("attestation", "base", "bootstrapper", "cli", "crypto", "image", "keyservice", "proto",
           "storage", "tests")


def known_tests(root):
    names = set()
    for folder in FOLDERS:
        for path in (root / folder).rglob("*"):
            if path.suffix == ".cc" and path.name.endswith("_test.cc"):
                names |= {f"{suite}.{case}" for suite, case in GTEST.findall(path.read_text())}
            elif path.suffix == ".py" and ("test" in path.name):
                names |= set(PYTHON.findall(path.read_text()))
            elif path.name == "test_reproducible":
                names |= set(PYTHON.findall(path.read_text()))
            elif path.name.endswith("_fuzz.cc"):
                names.add(path.stem)
            elif path.name == "CMakeLists.txt":
                names |= set(PROGRAM.findall(path.read_text()))
    return names


def problems_in(text, known):
    problems, seen = [], set()
    for number, line in enumerate(text.splitlines(), 1):
        match = ROW.match(line)
        if not match:
            continue
        requirement = match[1]
        cells = line.strip().strip("|").split("|")
        tests = re.findall(r"`([\w.]+)`", cells[-1])
        if requirement in seen:
            problems.append(f"line {number}: {requirement} has two rows")
        seen.add(requirement)
        if not tests:
            problems.append(f"line {number}: {requirement} names no test")
        problems += [f"line {number}: {requirement} names {test}, which does not exist"
                     for test in tests if test not in known]
    problems += [f"{missing} has no row" for missing in
                 sorted(REQUIREMENTS - seen, key=lambda name: int(name[1:]))]
    return problems


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    problems = problems_in((root / "docs/THREAT_MODEL.md").read_text(), known_tests(root))
    print("\n".join(problems) if problems else "every requirement has its tests")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
