#!/usr/bin/env python3
"""Checks that every operation that records itself for the tape opens a scope for profiles, too.
Prints one line for each function that does not, FILE:LINE: what is wrong."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
RECORDS = re.compile(r"\bRecording recording\{([^,}]*)")
SCOPE = "OpScope scope("


def functions(lines):
    """The definitions of a formatted file: (first line, lines) up to each closing brace in column 0."""
    first = 0
    for i, line in enumerate(lines):
        if line.startswith("}"):
            yield first, lines[first:i]
            first = i + 1


def check(path):
    for first, body in functions(path.read_text().splitlines()):
        for i, line in enumerate(body):
            if (record := RECORDS.search(line)) and not any(SCOPE in before for before in body[:i]):
                yield (f"{path.relative_to(ROOT)}:{first + i + 1}: records {record[1]} without a scope; "
                       f"begin the function with: const OpScope scope({record[1]});")


def main():
    files = sorted((ROOT / "src" / "ops").glob("*.cpp"))
    offences = [offence for path in files for offence in check(path)]
    print("\n".join(offences) if offences else f"check_profiled: fine, {len(files)} files")
    return 1 if offences else 0


if __name__ == "__main__":
    sys.exit(main())
