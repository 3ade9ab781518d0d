#!/usr/bin/env bash
# Runs scripts/download_data.sh against a server on localhost that drops connections, truncates,
# corrupts and refuses, with small files of its own.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
script=$here/../../scripts/download_data.sh
for tool in python3 curl; do
  command -v "$tool" >/dev/null || {
    echo "skipped: no $tool"
    exit 77
  }
done

work=$(mktemp -d)
server=""
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
served=$work/served
data="$work/my data" # folders with spaces are common
requests=$work/requests
mkdir -p "$served/numbers" "$served/box"
touch "$requests"

python3 - "$served" <<'PY'
import gzip, pathlib, random, sys, tarfile
served, numbers = pathlib.Path(sys.argv[1]), random.Random(1)
for name, size in (("a-ubyte.gz", 40000), ("b-ubyte.gz", 25000)):
    served.joinpath("numbers", name).write_bytes(gzip.compress(numbers.randbytes(size)))
box = served / "batches"
box.mkdir()
for name in ("one.bin", "two.bin"):
    box.joinpath(name).write_bytes(numbers.randbytes(30000))
with tarfile.open(served / "box" / "box.tar.gz", "w:gz") as archive:
    archive.add(box, "batches")
PY
sum() { sha256sum | cut -d' ' -f1; }

python3 "$here/bad_server.py" "$served" "$requests" >"$work/port" &
server=$!
for _ in $(seq 100); do
  [ -s "$work/port" ] && break
  sleep 0.1
done
url=http://127.0.0.1:$(cat "$work/port")
nowhere=http://127.0.0.1:1 # nobody listens there

# write_manifest MIRROR...: the two sets, served by these mirrors.
write_manifest() {
  local mirror name
  {
    for mirror in "$@"; do
      echo "mirror numbers $mirror/numbers"
      echo "mirror box $mirror/box"
    done
    for name in a b; do
      echo "file numbers numbers/$name-ubyte.gz content-sha256:$(gzip -dc "$served/numbers/$name-ubyte.gz" | sum)"
    done
    echo "archive box batches md5:$(md5sum <"$served/box/box.tar.gz" | cut -d' ' -f1) box.tar.gz"
    for name in one two; do
      echo "member box batches/$name.bin sha256:$(sum <"$served/batches/$name.bin")"
    done
  } >"$work/manifest"
}

export TENON_DATA_MANIFEST=$work/manifest TENON_DATA_PAUSE=0
checks=0

fail() {
  echo "FAILED: $*" >&2
  sed 's/^/  /' "$work/log" >&2
  exit 1
}
check() { # WHAT COMMAND...
  local what=$1
  shift
  "$@" || fail "$what"
  checks=$((checks + 1))
}
succeeds() { : >"$requests" && "$script" "$@" "$data" >"$work/log" 2>&1; }
refuses() { ! succeeds "$@"; }
complete() {
  cmp -s "$served/numbers/a-ubyte.gz" "$data/numbers/a-ubyte.gz" &&
    cmp -s "$served/numbers/b-ubyte.gz" "$data/numbers/b-ubyte.gz" &&
    diff -r "$served/batches" "$data/batches" >/dev/null &&
    [ -z "$(find "$data" -name '*.part' -o -name '.unpacked')" ]
}
nothing_final() { [ -z "$(find "$data" -name '*-ubyte.gz' -o -name '*.bin')" ]; }
log_says() { grep -q -e "$1" "$work/log"; }
requested() { grep -q -e "$1" "$requests"; }
afresh() { rm -rf "$data"; }

write_manifest "$url/ok"
check "a faithful server" succeeds
check "all files come" complete
check "a second run" succeeds
check "a second run asks for nothing" [ ! -s "$requests" ]

afresh
check "one set" succeeds --only numbers
check "only that set comes" [ ! -e "$data/batches" ]
check "an unknown set" refuses --only numbers,letters
check "its message names the known ones" log_says "box numbers"

afresh && write_manifest "$url/drop"
check "dropped connections" succeeds
check "all files come in pieces" complete
check "a later piece is asked for" requested "drop numbers/a-ubyte.gz [1-9]"

afresh && write_manifest "$url/norange"
check "a server that cannot resume" succeeds
check "all files come from it" complete

for fault in truncated corrupt html missing; do
  afresh && write_manifest "$url/$fault"
  check "a $fault file is refused" refuses
  check "a $fault file never gets its final name" nothing_final
  afresh && write_manifest "$nowhere" "$url/$fault" "$url/ok"
  check "another mirror after $fault" succeeds
  check "its files are right" complete
done

# What an interrupted run left: a good beginning, a strange one, one that is too long.
afresh && write_manifest "$url/ok"
mkdir -p "$data/numbers"
head -c 12345 "$served/numbers/a-ubyte.gz" >"$data/numbers/a-ubyte.gz.part"
cat "$served/numbers/b-ubyte.gz" "$served/numbers/b-ubyte.gz" >"$data/numbers/b-ubyte.gz.part"
head -c 999 /dev/zero >"$data/box.tar.gz.part"
mkdir -p "$data/.unpacked/batches"
check "parts of a killed run" succeeds
check "they end right" complete
check "a good part is continued" requested "ok numbers/a-ubyte.gz 12345"

# Damage is repaired, and only that is fetched.
printf x >>"$data/batches/two.bin"
check "a damaged member" succeeds
check "it is repaired" complete
check "nothing else is fetched" [ "$(cut -d' ' -f2 "$requests" | sort -u)" = box/box.tar.gz ]

afresh && write_manifest "$nowhere"
check "no mirror at all" refuses
check "the message names the remedy" log_says TENON_DATA_MIRROR
export TENON_DATA_MIRROR=$url/ok/
check "TENON_DATA_MIRROR" succeeds
check "its files" complete

echo "download_data_test: $checks checks passed"
