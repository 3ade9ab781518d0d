#!/usr/bin/env python3
"""Fails where the build asks for a package that a script, which promises to install what is missing,
does not name: on a bare machine it would end there."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
# (script, conditions of dependencies.cmake that are off in the build that it makes)
SCRIPTS = [("scripts/quickstart.sh", {"TENON_BUILD_TESTS", "TENON_BUILD_BENCH"}),
           ("scripts/test.sh", {"TENON_BUILD_BENCH"}), (".ci/run", set())]


def needed():
    """(package, conditions that it stands under), without those that come with the compiler."""
    conditions = []
    text = (ROOT / "src/cmake/dependencies.cmake").read_text()
    text = text[text.index("endmacro()"):]
    for match in re.finditer(r"^ *(?:if\((.*?)\)|(endif)\(|.*\bPACKAGE\s+(\"[^\"]*\"|\S+))", text, re.M):
        condition, end, package = match.groups()
        if condition is not None:
            conditions.append(condition)
        elif end:
            conditions.pop()
        elif not package.strip('"').startswith("g++"):
            yield package.rstrip(")"), set(conditions)


def main():
    packages, problems = list(needed()), []
    for script, off in SCRIPTS:
        text = (ROOT / script).read_text()
        calls = " ".join(re.findall(r"ensure_packages((?:[^\n;\\]|\\\n)*)", text)).split()
        problems += [f"{script} does not install {package}, which the build needs"
                     for package, conditions in packages
                     if not conditions & off and package not in calls]
    print("\n".join(problems) or f"check_packages: fine, {len(packages)} packages")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
