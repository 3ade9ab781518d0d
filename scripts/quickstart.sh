#!/usr/bin/env bash
# From a bare machine to a trained network: installs what is missing (Debian, Ubuntu: apt), builds
# the library and one example, and trains a small convolutional network on handwritten digits.
# The last line printed is its test accuracy. A second run installs and builds nothing.
#
#   scripts/quickstart.sh [--no-install]
set -euo pipefail

. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

case "${1:-}" in
  "") ensure_packages g++ cmake ninja-build libhwy-dev zlib1g-dev nlohmann-json3-dev libcli11-dev libeigen3-dev ;;
  --no-install) ;;
  *) die "usage: scripts/quickstart.sh [--no-install]" ;;
esac

build_dir=$source_dir/build/quickstart
configure "$build_dir" -DCMAKE_BUILD_TYPE=Release -DTENON_BUILD_TESTS=OFF -DTENON_BUILD_BENCH=OFF
cmake --build "$build_dir" --target digits_cnn --parallel "$(job_count)" >&2
"$build_dir/examples/digits_cnn"
