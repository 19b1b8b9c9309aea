#!/usr/bin/env python3
"""No release binary holds test code (S17): nothing from a testing/ folder, no fake, no test framework.

Usage: check_no_test_code.py BUILD_DIR BINARY... (paths within the build folder)

Two views of each binary, because either alone can be blind: what the build system made it from, down
to every header, and the symbols that are in it. Prints what it finds and exits 1.
"""
import pathlib
import re
import subprocess
import sys

TEST_FILE = re.compile(r"(^|/)testing/|_testing\.(a|so)\b|_(test|fuzz)\.cc|status_matchers\.h$"
                       r"|/(gtest|gmock)/|lib(gtest|gmock)")
TEST_SYMBOL = re.compile(r"\bkedge::(\w+::)*testing::|\bkedge::(\w+::)*Fake\w*|\btesting::internal::")
MINIMUM_FILES, MINIMUM_SYMBOLS = 100, 100


def output_of(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout


def headers_by_object(build: pathlib.Path) -> dict[str, list[str]]:
    """What each object file was compiled from, as the compiler said."""
    result, current = {}, []
    for line in output_of("ninja", "-C", str(build), "-t", "deps").splitlines():
        if line.startswith("    "):
            current.append(line.strip())
        elif ": #deps" in line:
            result[line.split(": #deps")[0]] = current = []
    return result


def files_of(build: pathlib.Path, binary: str, headers: dict[str, list[str]]) -> set[str]:
    inputs = set(output_of("ninja", "-C", str(build), "-t", "inputs", binary).splitlines())
    return inputs | {header for entry in inputs for header in headers.get(entry, [])}


def symbols_of(path: pathlib.Path) -> list[str]:
    return output_of("nm", "-C", "--defined-only", str(path)).splitlines()


def problems_of(build: pathlib.Path, binary: str, headers: dict[str, list[str]]) -> list[str]:
    path = build / binary
    if not path.is_file():
        return [f"{binary}: not built yet"]
    files, symbols = files_of(build, binary, headers), symbols_of(path)
    if len(files) < MINIMUM_FILES or len(symbols) < MINIMUM_SYMBOLS:
        return [f"{binary}: only {len(files)} files and {len(symbols)} symbols to look at"]
    return ([f"{binary}: made from {file}" for file in sorted(files) if TEST_FILE.search(file)]
            + [f"{binary}: holds {symbol}" for symbol in symbols if TEST_SYMBOL.search(symbol)])


def main() -> int:
    build, binaries = pathlib.Path(sys.argv[1]), sys.argv[2:]
    headers = headers_by_object(build)
    problems = [line for binary in binaries for line in problems_of(build, binary, headers)]
    print("\n".join(problems) if problems else f"no test code in {', '.join(binaries)}")
    return 1 if problems or not binaries else 0


if __name__ == "__main__":
    sys.exit(main())
