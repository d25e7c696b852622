#!/bin/sh
# Several rates, one after the other, against one target: where does it begin to struggle?
#   sh rate-rounds.sh 192.0.2.10:80 1000 2000 5000 10000
# DURATION and COOLDOWN are of each round; OUT is the file for the whole result (JSON).
set -eu

here=$(cd "$(dirname "$0")" && pwd)

# Becomes conngen: from PATH, else of this checkout, else of the project around the current folder.
launch() {
  if command -v conngen >/dev/null 2>&1; then exec conngen "$@"; fi
  if [ -f "$here/../bin/conngen.js" ]; then exec node "$here/../bin/conngen.js" "$@"; fi
  exec npx --no-install conngen "$@"
}

if [ $# -lt 2 ]; then
  echo "usage: $0 HOST:PORT RATE [RATE …]" >&2
  exit 2
fi
target=$1
shift

# Each rate becomes an option of its own.
for rate in "$@"; do
  set -- "$@" --rate "$rate"
  shift
done

out=${OUT:-rounds-$(date +%Y%m%d-%H%M%S).json}
status=0
(launch client "$target" "$@" --duration "${DURATION:-10s}" --cooldown "${COOLDOWN:-5s}" --json "$out") || status=$?
if [ ! -s "$out" ]; then exit "$status"; fi

echo "Result: $out"
if command -v jq >/dev/null 2>&1; then
  jq -r '
    def ms: . / 1e4 | round / 100;
    ["offered/s", "started/s", "missed", "ok", "not ok", "connect p50 ms", "connect p99 ms", "total p99 ms", "verdict"],
    (.rounds[] | [
      .offered_rate_per_sec // "max", (.rate_per_sec.started | round), .attempts.missed, .outcomes.ok,
      .attempts.started - .outcomes.ok, (.latency_ns.connect.p50 | ms), (.latency_ns.connect.p99 | ms),
      (.latency_ns.total.p99 | ms), .verdict.status
    ]) | @tsv' "$out" | awk -F '\t' '{ for (i = 1; i <= NF; i++) printf "%-16s", $i; print "" }'
else
  echo "With jq installed, this script prints a table of it."
fi
exit "$status"
