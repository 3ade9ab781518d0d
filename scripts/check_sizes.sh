#!/usr/bin/env bash
# No source file has more than 600 lines; those above 400 are listed for a second look.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

git ls-files -z --cached --others --exclude-standard -- \
  '*.hpp' '*.cpp' '*.py' '*.sh' '*.cmake' '*.in' '*CMakeLists.txt' '.ci/run' |
  while IFS= read -r -d '' file; do
    [ ! -f "$file" ] || printf '%6d %s\n' "$(wc -l <"$file")" "$file"
  done | sort -rn | awk '
    NR <= 10 { largest = largest "\n" $0 }
    $1 > 400 { long = long "\n" $0 }
    $1 > 600 { failed = failed "\n" $0 }
    END {
      print "check_sizes: " NR " files, the largest:" largest
      if (long) print "look again (above 400 lines):" long
      if (failed) { print "FAILED (above 600 lines):" failed; exit 1 }
    }'
