#!/usr/bin/env python3
"""Checks that the code blocks of the documentation are cut from files that are compiled.

In Markdown, the line `<!-- snippet: path#name -->` stands above a code block; the block must equal
the lines between `// [name]` and `// [/name]` of that file, less their common indentation.
With --fix the blocks are rewritten."""

import pathlib
import re
import sys
import textwrap

ROOT = pathlib.Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"(?P<head><!-- snippet: (?P<path>\S+)#(?P<name>\S+) -->\n+```[^\n]*\n)"
                   r"(?P<body>.*?)(?P<tail>^```$)", re.DOTALL | re.MULTILINE)
MARKER = "<!-- snippet:"


def region(path, name):
    """The text of a region, or an exception that says why there is none."""
    source = ROOT / path
    if not source.is_file():
        raise ValueError(f"no file {path}")
    lines = source.read_text().splitlines()
    begins = [i for i, line in enumerate(lines) if line.strip() == f"// [{name}]"]
    ends = [i for i, line in enumerate(lines) if line.strip() == f"// [/{name}]"]
    if len(begins) != 1 or len(ends) != 1 or ends[0] < begins[0]:
        raise ValueError(f"{path} must have '// [{name}]' and '// [/{name}]' once, in this order")
    inside = [line for line in lines[begins[0] + 1:ends[0]]
              if not re.fullmatch(r"\s*// \[/?[\w-]+\]", line)]
    return textwrap.dedent("\n".join(inside) + "\n")


def check(page, fix):
    """Yields what is wrong in a page; with fix, rewrites it."""
    text = page.read_text()
    if text.count(MARKER) != len(BLOCK.findall(text)):
        yield "a snippet marker has no code block below it"
    problems = []

    def replace(match):
        path, name = match["path"], match["name"]
        try:
            wanted = region(path, name)
        except ValueError as error:
            problems.append(str(error))
            return match[0]
        if match["body"] != wanted and not fix:
            problems.append(f"the block differs from {path}#{name} (--fix rewrites it)")
        return match["head"] + wanted + match["tail"]

    fixed = BLOCK.sub(replace, text)
    if fix and fixed != text:
        page.write_text(fixed)
        print(f"rewrote {page.relative_to(ROOT)}")
    yield from problems


def main():
    fix = sys.argv[1:] == ["--fix"]
    if sys.argv[1:] and not fix:
        sys.exit("usage: scripts/check_snippets.py [--fix]")
    pages = [page for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
             if page.is_file()]
    problems = [f"{page.relative_to(ROOT)}: {problem}" for page in pages
                for problem in check(page, fix)]
    count = sum(page.read_text().count(MARKER) for page in pages)
    print("\n".join(problems) if problems
          else f"check_snippets: fine, {count} snippets in {len(pages)} pages")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
