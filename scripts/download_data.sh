#!/usr/bin/env bash
# Fetches the data sets of the larger examples and checks their sums.
#
#   scripts/download_data.sh [--only mnist,fashion-mnist,cifar10,imdb] DIR
#
# Makes DIR/mnist/*-ubyte.gz, DIR/fashion-mnist/*-ubyte.gz, DIR/cifar-10-batches-bin/*.bin and
# DIR/aclImdb/. What is there and right is left alone. An interrupted download goes on where it
# stopped (in a .part file); nothing gets its final name before its sum was checked.
#
# TENON_DATA_MIRROR=URL is tried before the public mirrors, as URL/<set>/<file>.
# TENON_DATA_MANIFEST=FILE names another list of files (default: data_manifest.txt beside this).
set -euo pipefail

manifest=${TENON_DATA_MANIFEST:-$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/data_manifest.txt}
pause=${TENON_DATA_PAUSE:-2} # seconds before a broken download goes on

say() { printf '%s\n' "$*" >&2; }
die() {
  say "error: $*"
  exit 1
}
usage() {
  sed -n '2,11s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
  exit 2
}

# statements KIND SET: the rest of those lines of the manifest.
statements() { awk -v k="$1" -v s="$2" '$1 == k && $2 == s { print $3, $4, $5 }' "$manifest"; }

sum_of() { # ALGORITHM, from stdin
  local line
  case $1 in
    sha256) if command -v sha256sum >/dev/null; then line=$(sha256sum); else line=$(shasum -a 256); fi ;;
    md5) if command -v md5sum >/dev/null; then line=$(md5sum); else line=$(md5 -q); fi ;;
    *) die "unknown kind of sum '$1' in $manifest" ;;
  esac
  printf '%s' "${line%% *}"
}

# is_right FILE CHECK
is_right() {
  local kind=${2%%:*} wanted=${2#*:} found
  [ -f "$1" ] || return 1
  case $kind in
    content-*) found=$(gzip -dc <"$1" 2>/dev/null | sum_of "${kind#content-}") || return 1 ;;
    *) found=$(sum_of "$kind" <"$1") ;;
  esac
  [ "$found" = "$wanted" ]
}

size_of() { if [ -f "$1" ]; then wc -c <"$1" | tr -d ' '; else echo 0; fi; }

# fetch_from URL PART CHECK: leaves a right file in PART, or fails.
fetch_from() {
  local url=$1 part=$2 check=$3 stalls=0 before status code
  local progress=(--silent --show-error)
  if [ -t 2 ]; then progress=(--progress-bar); fi
  while [ "$stalls" -lt 3 ]; do
    before=$(size_of "$part")
    status=0
    code=$(curl --fail --location "${progress[@]}" --connect-timeout 20 --speed-limit 1000 \
      --speed-time 30 --continue-at - --output "$part" --write-out '%{http_code}' "$url") || status=$?
    # 416: nothing is left to send, so the part is complete or longer than the file.
    if [ "$status" -eq 0 ] || { [ "$code" = 416 ] && [ "$before" -gt 0 ]; }; then
      if is_right "$part" "$check"; then return 0; fi
      rm -f "$part"
      say "  wrong sum: $url"
      # Going on from a part that another mirror, or an older version, had begun makes a mixture.
      if [ "$before" -eq 0 ]; then return 1; fi
      stalls=$((stalls + 1))
      continue
    fi
    case $status in
      33) # this server cannot resume
        rm -f "$part"
        stalls=$((stalls + 1))
        ;;
      3 | 5 | 6 | 7 | 22 | 60) return 1 ;; # no such server or file: the next mirror
      23) die "cannot write $part" ;;
      *)
        if [ "$(size_of "$part")" -gt "$before" ]; then stalls=0; else stalls=$((stalls + 1)); fi
        say "  the connection broke at $(size_of "$part") bytes, going on"
        sleep "$pause"
        ;;
    esac
  done
  return 1
}

# fetch SET NAME PART CHECK: tries the mirrors in turn.
fetch() {
  local set=$1 name=$2 part=$3 check=$4 base urls=""
  if is_right "$part" "$check"; then return 0; fi
  if [ -n "${TENON_DATA_MIRROR:-}" ]; then urls="${TENON_DATA_MIRROR%/}/$set/$name"; fi
  for base in $(statements mirror "$set"); do urls="$urls ${base%/}/$name"; done
  mkdir -p "$(dirname "$part")"
  for base in $urls; do
    say "  from $base"
    if fetch_from "$base" "$part" "$check"; then return 0; fi
  done
  die "no mirror gave a right $name; try again later, or set TENON_DATA_MIRROR"
}

get_file() { # SET PATH CHECK
  local target=$dir/$2
  if is_right "$target" "$3"; then
    say "$2: already there"
    return 0
  fi
  say "$2:"
  fetch "$1" "$(basename "$2")" "$target.part" "$3"
  mv -f "$target.part" "$target"
}

# members_are_right SET FOLDER: the set's members, whose paths begin with its folder's name.
members_are_right() {
  local path check
  while read -r path check _; do
    is_right "$2/$path" "$check" || return 1
  done < <(statements member "$1")
}

get_archive() { # SET PATH CHECK NAME
  local part=$dir/$4.part
  if [ -d "$dir/$2" ] && members_are_right "$1" "$dir"; then
    say "$2: already there"
    return 0
  fi
  say "$2:"
  fetch "$1" "$4" "$part" "$3"
  mkdir -p "$unpacked"
  tar -xzf "$part" -C "$unpacked" || die "cannot unpack $4 (is the disk full?)"
  if [ ! -d "$unpacked/$2" ] || ! members_are_right "$1" "$unpacked"; then
    die "$4 does not hold what it should"
  fi
  if [ -e "$dir/$2" ]; then mv "$dir/$2" "$unpacked/replaced"; fi
  mv "$unpacked/$2" "$dir/$2"
  rm -rf "$unpacked" "$part"
}

only=""
dir=""
while [ $# -gt 0 ]; do
  case $1 in
    --only) only=${2:?--only needs a list} && shift ;;
    --only=*) only=${1#--only=} ;;
    -*) usage ;;
    *) if [ -n "$dir" ]; then usage; else dir=$1; fi ;;
  esac
  shift
done
[ -n "$dir" ] || usage
[ -f "$manifest" ] || die "no manifest $manifest"
for tool in curl tar gzip awk; do
  command -v "$tool" >/dev/null || die "$tool is needed: install it (Debian: apt-get install $tool)"
done

known=$(awk '$1 == "file" || $1 == "archive" { print $2 }' "$manifest" | sort -u | tr '\n' ' ')
sets=${only//,/ }
for set in $sets; do
  case " $known " in *" $set "*) ;; *) die "unknown set '$set'; there are: $known" ;; esac
done

mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
if command -v flock >/dev/null; then
  exec 9>"$dir/.lock"
  flock -n 9 || die "another download into $dir is running"
fi
unpacked=$dir/.unpacked
rm -rf "$unpacked" # of a run that was killed
trap 'rm -rf "$unpacked"' EXIT

for set in ${sets:-$known}; do
  while read -r path check _; do get_file "$set" "$path" "$check"; done < <(statements file "$set")
  while read -r path check name; do
    get_archive "$set" "$path" "$check" "$name"
  done < <(statements archive "$set")
done
say "all there: $dir"
