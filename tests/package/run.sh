#!/usr/bin/env bash
# Uses an installed Tenon in every way that users do: find_package, pkg-config, add_subdirectory,
# two translation units, clang++ on a g++ build, shared, each public header alone.
#
#   tests/package/run.sh BUILD_DIR [NAME...]
#
# BUILD_DIR holds a static build; the names (default: all of them) are: headers find_package
# two_translation_units clang_consumer pkg_config add_subdirectory shared eigen
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source_dir=$(cd "$here/../.." && pwd)
if [ $# -lt 1 ] || [ ! -f "$1/CMakeCache.txt" ]; then
  echo "usage: tests/package/run.sh BUILD_DIR [NAME...] (BUILD_DIR must be configured)" >&2
  exit 2
fi
build_dir=$(cd "$1" && pwd)
shift
[ $# -gt 0 ] || set -- headers find_package two_translation_units clang_consumer pkg_config \
  add_subdirectory shared eigen
jobs=$(nproc)
export CMAKE_GENERATOR=${CMAKE_GENERATOR:-Ninja} # a bare machine has no make
clangxx=$(command -v clang++-14 || command -v clang++ || true)
work=$build_dir/package_tests
prefix="$work/a prefix" # with a space, as users' folders have
warnings=(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror)

fail() {
  echo "package test FAILED: $*" >&2
  exit 1
}

# Runs a command and shows what it said only if it failed.
quietly() {
  local log=$work/log
  "$@" >"$log" 2>&1 || {
    cat "$log" >&2
    fail "$*"
  }
}

# configure_build_run LABEL SOURCE [cmake options]: the program is called `consumer`.
configure_build_run() {
  local label=$1 source=$2
  shift 2
  rm -rf "${work:?}/$label"
  quietly cmake -S "$source" -B "$work/$label" -DCMAKE_BUILD_TYPE=Release "$@"
  quietly cmake --build "$work/$label" --parallel "$jobs"
  quietly "$work/$label/consumer"
}

test_headers() {
  local compilers=(g++) compiler eigen
  [ -z "$clangxx" ] || compilers+=("$clangxx")
  eigen=$(pkg-config --cflags-only-I eigen3 2>/dev/null | sed 's/-I/-isystem /') || true
  export TENON_HEADER_FLAGS="-std=c++20 -fsyntax-only ${warnings[*]} $eigen"
  for compiler in "${compilers[@]}"; do
    (cd "$prefix/include" && find tenon -name '*.hpp' -print0 | sort -z) |
      TENON_INCLUDE="$prefix/include" xargs -0 -n 1 -P "$jobs" bash -c '
        # Twice, so that a missing include guard shows.
        printf "#include <%s>\n#include <%s>\n" "$2" "$2" |
          $1 $TENON_HEADER_FLAGS -I "$TENON_INCLUDE" -x c++ - ||
          { echo "header $2 does not compile alone with $1" >&2; exit 255; }' _ "$compiler" ||
      fail "headers with $compiler"
  done
}

test_find_package() {
  configure_build_run find_package "$here/find_package" "-DCMAKE_PREFIX_PATH=$prefix"
  # Another minor version promises nothing.
  if cmake -S "$here/find_package" -B "$work/find_package_other" -DTENON_WANTED=0.999 \
    "-DCMAKE_PREFIX_PATH=$prefix" >"$work/log" 2>&1; then
    fail "find_package(Tenon 0.999) accepted this version"
  fi
  if grep -rqi nlohmann "$prefix"/lib*/cmake; then
    fail "the exported package names nlohmann_json"
  fi
  if grep -rq -e "$source_dir" -e "$build_dir/src" "$prefix"/lib*; then
    fail "the installed files name the source or build folder"
  fi
}

test_two_translation_units() {
  configure_build_run two_translation_units "$here/two_translation_units" \
    "-DCMAKE_PREFIX_PATH=$prefix"
}

test_clang_consumer() {
  [ -n "$clangxx" ] || {
    echo "  skipped: no clang++"
    return 0
  }
  configure_build_run clang_consumer "$here/find_package" "-DCMAKE_PREFIX_PATH=$prefix" \
    "-DCMAKE_CXX_COMPILER=$clangxx"
  # The same where clang's own OpenMP is not installed.
  configure_build_run clang_consumer_without_libomp "$here/find_package" \
    "-DCMAKE_PREFIX_PATH=$prefix" "-DCMAKE_CXX_COMPILER=$clangxx" \
    -DCMAKE_DISABLE_FIND_PACKAGE_OpenMP=ON
}

# pkg_config_build PREFIX OUTPUT COMPILER [--static]
pkg_config_build() {
  local pc_path flags=()
  pc_path=$(dirname "$(find "$1" -name tenon.pc)")
  # The shell must split what pkg-config prints and honour its quoting of spaces.
  eval "flags=($(PKG_CONFIG_PATH="$pc_path" pkg-config "${@:4}" --cflags --libs tenon))"
  quietly "$3" -std=c++20 -O1 "$here/consumer/main.cpp" -o "$2" "${flags[@]}"
}

test_pkg_config() {
  local compiler
  for compiler in g++ $clangxx; do
    pkg_config_build "$prefix" "$work/pkg_config_consumer" "$compiler" --static
    quietly "$work/pkg_config_consumer"
  done
}

test_add_subdirectory() {
  configure_build_run add_subdirectory "$here/add_subdirectory" "-DTENON_SOURCE_DIR=$source_dir"
}

test_shared() {
  local shared_prefix="$work/shared prefix" library foreign
  quietly cmake -S "$source_dir" -B "$work/shared_build" -DCMAKE_BUILD_TYPE=Release \
    -DBUILD_SHARED_LIBS=ON -DTENON_BUILD_TESTS=OFF -DTENON_BUILD_EXAMPLES=OFF \
    -DTENON_BUILD_BENCH=OFF
  quietly cmake --build "$work/shared_build" --parallel "$jobs"
  rm -rf "$shared_prefix"
  quietly cmake --install "$work/shared_build" --prefix "$shared_prefix"
  configure_build_run shared_find_package "$here/find_package" "-DCMAKE_PREFIX_PATH=$shared_prefix"
  configure_build_run shared_two_translation_units "$here/two_translation_units" \
    "-DCMAKE_PREFIX_PATH=$shared_prefix"
  if [ -n "$clangxx" ]; then
    configure_build_run shared_clang_consumer "$here/find_package" \
      "-DCMAKE_PREFIX_PATH=$shared_prefix" "-DCMAKE_CXX_COMPILER=$clangxx"
  fi
  library=$(find "$shared_prefix" -name 'libtenon.so')
  pkg_config_build "$shared_prefix" "$work/shared_pkg_config_consumer" g++
  LD_LIBRARY_PATH=$(dirname "$library") quietly "$work/shared_pkg_config_consumer"
  # Hidden visibility: of what is ours only tenon::, and nothing of the libraries used inside.
  foreign=$(nm -D --defined-only --demangle "$library" | grep -E 'nlohmann|deflate|inflate|tenon_eigen' || true)
  [ -z "$foreign" ] || fail "libtenon.so exports foreign symbols: $(head -3 <<<"$foreign")"
}

test_eigen() {
  configure_build_run eigen "$here/eigen" "-DCMAKE_PREFIX_PATH=$prefix"
}

mkdir -p "$work"
rm -rf "$prefix"
quietly cmake --build "$build_dir" --target tenon --parallel "$jobs"
quietly cmake --install "$build_dir" --prefix "$prefix"
for name in "$@"; do
  start=$SECONDS
  "test_$name"
  echo "package test $name: passed ($((SECONDS - start)) s)"
done
