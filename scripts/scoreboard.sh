#!/usr/bin/env bash
# Tenon against PyTorch on this processor: builds the benchmarks, lets both take turns on every case
# at one thread and at all, and writes a table of medians, ratios and percent of the processor's limit
# (build/scoreboard/scoreboard.md) with all single measurements (scoreboard.json). About ten minutes on
# 2 cores; leave the machine alone meanwhile. OpenBLAS, Eigen and oneDNN get a column each where they are
# installed (Debian: libopenblas-dev libeigen3-dev libdnnl-dev).
#
#   scripts/scoreboard.sh [--inside COMMAND] [--only REGEX] [--threads LIST] [--rounds N] [--seconds S]
#
#   --inside   a command that runs what follows it elsewhere, say in a root of another distribution with
#              a newer PyTorch; Tenon is built there too. Needs a compiler, CMake, Ninja, Highway, Google
#              Benchmark, nlohmann-json, zlib, Python 3 and PyTorch in that place.
#   --only     cases whose name matches
#   --threads  numbers of threads, divided by commas (default: 1 and as many as there are cores)
#   --rounds   turns that each side takes (default 5)
#   --seconds  of one turn (default 0.3)
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

inside=()
arguments=()
while [ $# -gt 0 ]; do
  case "$1" in
    --inside) read -r -a inside <<<"$2" && shift 2 ;;
    --only | --threads | --rounds | --seconds) arguments+=("$1" "$2") && shift 2 ;;
    *) die "usage: scripts/scoreboard.sh [--inside COMMAND] [--only REGEX] [--threads LIST] [--rounds N] [--seconds S]" ;;
  esac
done

cd "$source_dir"
build=$source_dir/build/scoreboard
"${inside[@]}" python3 -c 'import torch' ||
  die "there is no PyTorch for Python 3; on Debian: apt install python3-torch"
"${inside[@]}" cmake -S "$source_dir" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
  -DTENON_BUILD_TESTS=OFF -DTENON_BUILD_EXAMPLES=OFF -DTENON_BUILD_BENCH=ON -DTENON_BENCH_PEERS=ON >&2
"${inside[@]}" cmake --build "$build" --parallel "$(job_count)" --target tenon_bench >&2
exec python3 scripts/scoreboard.py --build "$build" "${arguments[@]}" -- "${inside[@]}"
