# Shared by quickstart.sh and test.sh; sourced, never run.
# Installs nothing when nothing is missing, and only with apt (Debian, Ubuntu and their children).

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '%s\n' "$*" >&2; }

die() {
  say "error: $*"
  exit 1
}

# One line per thing needed: Debian package, command that shows it is there (or -), and the
# packages' names on Fedora, Arch and Homebrew (- if it needs none there).
package_table='
g++                 g++      gcc-c++             gcc            libomp
cmake               cmake    cmake               cmake          cmake
ninja-build         ninja    ninja-build         ninja          ninja
libhwy-dev          -        highway-devel       highway        highway
zlib1g-dev          -        zlib-devel          zlib           -
nlohmann-json3-dev  -        json-devel          nlohmann-json  nlohmann-json
libstb-dev          -        stb_image-devel     stb            -
libcli11-dev        -        cli11-devel         cli11          cli11
catch2              -        catch-devel         catch2         catch2
libeigen3-dev       -        eigen3-devel        eigen          eigen
libbenchmark-dev    -        google-benchmark-devel benchmark   google-benchmark
python3             python3  python3             python         -
curl                curl     curl                curl           -
clang-14            clang++-14 clang             clang          -
libomp-14-dev       -        libomp-devel        openmp         -
libclang-rt-14-dev  -        compiler-rt         compiler-rt    -
clang-format-14     clang-format-14 clang-tools-extra clang     -
pkgconf             pkg-config pkgconf           pkgconf        pkgconf
git                 git      git                 git            git
ccache              ccache   ccache              ccache         ccache
'

# column NUMBER PACKAGE...: that column of the packages' lines, without doubles and dashes.
column() {
  local number=$1 package
  shift
  for package in "$@"; do
    awk -v name="$package" -v n="$number" '$1 == name && $n != "-" { print $n }' <<<"$package_table"
  done | awk '!seen[$0]++' | tr '\n' ' '
}

is_installed() {
  local probe
  probe=$(column 2 "$1")
  if [ -n "$probe" ] && command -v $probe >/dev/null; then
    return 0
  fi
  [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

other_system_message() {
  say "This system has no apt, so nothing was installed. Please install:"
  say "  Fedora:   sudo dnf install $(column 3 "$@")"
  say "  Arch:     sudo pacman -S $(column 4 "$@")"
  say "  macOS:    brew install $(column 5 "$@")"
  say "  others:   a C++20 compiler (g++ >= 12 or clang++ >= 14) with OpenMP, CMake >= 3.20, and the"
  say "            libraries among these: $*"
  say "and then run this script again with --no-install."
}

# ensure_packages PACKAGE...: installs those that are missing.
ensure_packages() {
  local missing=() package as_root=()
  if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    other_system_message "$@"
    exit 1
  fi
  for package in "$@"; do
    is_installed "$package" || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null ||
      die "missing packages: ${missing[*]}; install them as root: apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  say "Installing ${missing[*]}"
  # Through env, because sudo drops the environment.
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq)
  # dpkg's chatter goes to stderr: the last line of a script's stdout is its result.
  "${apt[@]}" update >&2 || die "apt-get update failed"
  "${apt[@]}" install --yes --no-install-recommends "${missing[@]}" >&2 </dev/null ||
    die "apt-get could not install ${missing[*]}"
}

# configure BUILD_DIR [cmake options]: keeps the generator of a folder configured before.
configure() {
  local build_dir=$1 generator=()
  shift
  if [ ! -f "$build_dir/CMakeCache.txt" ] && command -v ninja >/dev/null; then
    generator=(-G Ninja)
  fi
  cmake -S "$source_dir" -B "$build_dir" "${generator[@]}" "$@" >&2
}

job_count() { nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2; }
