#!/usr/bin/env bash
# Measures what a user waits for and ships, and fails above the budgets:
#   - compiling a file that builds and trains a CNN, CPU time at -O2;
#   - building the library, CPU time;
#   - the stripped MNIST trainer, statically linked but for libc and libgomp, bytes.
# Times are judged as a ratio to a file of standard headers compiled in the same minute (about half
# a second on an idle machine of 2022), so that a slow or busy machine cannot fail them.
#
#   scripts/check_budgets.sh [WORK_DIR]
set -euo pipefail

. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

max_user_ratio=4     # 2 s
max_library_ratio=420 # the aim, 180 s, is 300
max_trainer_bytes=1500000
rounds=5

work=${1:-$source_dir/build/budgets}
mkdir -p "$work"
work=$(cd "$work" && pwd)
build_dir=$work/library
# A cache would make the figures meaningless.
export CCACHE_DISABLE=1
unset CMAKE_CXX_COMPILER_LAUNCHER
TIMEFORMAT='%3U %3S'

# cpu_seconds COMMAND...: user and system time of the command and all its children.
cpu_seconds() {
  { time "$@" >"$work/log" 2>&1; } 2>&1 | awk '{ print $1 + $2 }'
  [ "${PIPESTATUS[0]}" -eq 0 ] || {
    cat "$work/log" >&2
    die "failed: $*"
  }
}
median() { sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }

failures=0
# verdict NAME VALUE LIMIT UNIT DETAIL
verdict() {
  local word=fine
  if awk -v v="$2" -v l="$3" 'BEGIN { exit !(v > l) }'; then
    word="ABOVE THE BUDGET"
    failures=$((failures + 1))
  fi
  printf '%-34s %10s %-24s (%s) budget %s: %s\n' "$1" "$2" "$4" "$5" "$3" "$word"
}

compile() { # SOURCE
  cpu_seconds g++ -std=c++20 -O2 -I "$source_dir/include" -c "$1" -o "$work/compiled.o"
}
compile "$source_dir/tests/package/standard_headers.cpp" >/dev/null # fills the file cache
compile "$source_dir/tests/package/hello_cnn/main.cpp" >/dev/null
for _ in $(seq "$rounds"); do
  compile "$source_dir/tests/package/standard_headers.cpp" >>"$work/standard.$$"
  compile "$source_dir/tests/package/hello_cnn/main.cpp" >>"$work/user.$$"
done
standard=$(median <"$work/standard.$$")
user=$(median <"$work/user.$$")
rm "$work/standard.$$" "$work/user.$$"
verdict "compile a CNN user's file" "$(ratio "$user" "$standard")" "$max_user_ratio" \
  "x standard headers" "$user s against $standard s CPU"

rm -rf "$build_dir"
configure "$build_dir" -DCMAKE_BUILD_TYPE=Release -DTENON_BUILD_TESTS=OFF \
  -DTENON_BUILD_BENCH=OFF >"$work/log" 2>&1 || die "configure failed: $(cat "$work/log")"
library=$(cpu_seconds cmake --build "$build_dir" --target tenon --parallel "$(job_count)")
# Once more, because the machine may have become busy meanwhile.
after=$(for _ in 1 2 3; do compile "$source_dir/tests/package/standard_headers.cpp"; done | median)
standard=$(awk -v a="$standard" -v b="$after" 'BEGIN { print (a + b) / 2 }')
verdict "build the library" "$(ratio "$library" "$standard")" "$max_library_ratio" \
  "x standard headers" "$library s against $standard s CPU"

trainer=$work/mnist_trainer
gcc_openmp=$(g++ -print-file-name=libgomp.so)
g++ -std=c++20 -O2 -ffunction-sections -fdata-sections -I "$source_dir/include" \
  "$source_dir/tests/package/mnist_trainer/main.cpp" -o "$trainer" -Wl,--gc-sections -static-libstdc++ \
  -static-libgcc "$build_dir/src/libtenon.a" "$(g++ -print-file-name=libz.a)" "$gcc_openmp" \
  -lpthread -s
bytes=$(wc -c <"$trainer")
verdict "the stripped MNIST trainer" "$bytes" "$max_trainer_bytes" bytes \
  "libc and libgomp are dynamic"

[ "$failures" -eq 0 ] || die "$failures of 3 budgets exceeded"
echo "check_budgets: fine"
