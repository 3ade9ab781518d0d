#!/usr/bin/env bash
# Every C++ file is as clang-format 14 writes it; --fix rewrites those that are not.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

formatter=$(command -v clang-format-14 || command -v clang-format || true)
# Other versions format differently, so they prove nothing.
if [ -z "$formatter" ] || ! "$formatter" --version | grep -q 'version 14\.'; then
  echo "check_format: clang-format 14 not found (Debian: clang-format-14)" >&2
  if [ -n "${CI:-}" ]; then exit 1; fi
  echo "check_format: skipped" >&2
  exit 0
fi

action=(--dry-run -Werror)
if [ "${1:-}" = --fix ]; then action=(-i); fi
git ls-files -z --cached --others --exclude-standard -- '*.hpp' '*.cpp' |
  xargs -0 -r "$formatter" --style=file "${action[@]}"
echo "check_format: fine"
