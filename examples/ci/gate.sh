#!/bin/sh
# A gate for a CI job: does the server still take its connections, fast enough?
#   sh gate.sh 192.0.2.10:80 [more options of conngen client]
# The criteria are in gate.json. OUT is the file for the result (JSON), gate-result.json if it is not set.
# Exit codes: 0 passed, 99 a threshold was not met, 1 failed while running, 2 wrong options.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
# The configuration names its payload from there.
root=$(cd "$here/../.." && pwd)

# Becomes conngen: from PATH, else of this checkout, else of the project around the current folder.
launch() {
  if command -v conngen >/dev/null 2>&1; then exec conngen "$@"; fi
  if [ -f "$root/bin/conngen.js" ]; then exec node "$root/bin/conngen.js" "$@"; fi
  exec npx --no-install conngen "$@"
}

if [ $# -lt 1 ]; then
  echo "usage: $0 HOST:PORT [OPTION …]" >&2
  exit 2
fi

case ${OUT:=gate-result.json} in
  /*) ;;
  *) OUT=$PWD/$OUT ;;
esac
status=0
(cd "$root" && launch client "$@" --config "$here/gate.json" --json "$OUT" --quiet) || status=$?
if [ -s "$OUT" ] && command -v jq >/dev/null 2>&1; then jq -r -f "$here/summary.jq" "$OUT"; fi
exit "$status"
