#!/usr/bin/env bash
# Builds the tests and runs them all; installs what is missing (Debian, Ubuntu: apt). A second run
# installs and builds nothing. Tables that tests write go to BUILD_DIR/reports.
#
#   scripts/test.sh [--no-install] [--build BUILD_DIR] [--label LABEL] [cmake options]
#
# --label runs only the tests of a label: tiny (seconds), layer, example, timing, scripts.
# With TENON_DATA_DIR set to a folder that scripts/download_data.sh filled, the tests that need the
# real data run too; else they say that they were skipped.
set -euo pipefail

. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

install=yes
build_dir=$source_dir/build/test
selection=(--label-exclude '^tiny$') # those are part of their layer's tests already
options=()
while [ $# -gt 0 ]; do
  case $1 in
    --no-install) install=no ;;
    --build) build_dir=${2:?--build needs a folder} && shift ;;
    --label) selection=(--label-regex "^${2:?--label needs a label}\$") && shift ;;
    -D*) options+=("$1") ;;
    *) sed -n '2,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2 && exit 2 ;;
  esac
  shift
done

if [ "$install" = yes ]; then
  ensure_packages g++ cmake ninja-build libhwy-dev zlib1g-dev nlohmann-json3-dev libstb-dev \
    libcli11-dev catch2 libeigen3-dev python3 curl
fi
[ ${#options[@]} -gt 0 ] || options=(-DTENON_BUILD_BENCH=OFF)
configure "$build_dir" "${options[@]}"
cmake --build "$build_dir" --parallel "$(job_count)" >&2

export TENON_REPORT_DIR="${TENON_REPORT_DIR:-$(cd "$build_dir" && pwd)/reports}"
mkdir -p "$TENON_REPORT_DIR"
cd "$build_dir"
ctest --parallel "$(job_count)" --output-on-failure "${selection[@]}"
