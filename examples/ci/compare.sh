#!/bin/sh
# Compares two servers, such as that of a pull request with that of the base branch, in runs that take turns on this machine.
#   BASE=./base/serve.sh NEW=./new/serve.sh sh compare.sh 127.0.0.1:8080 [more options of conngen compare]
# BASE and NEW are shell commands, run before each run of their side: each ends the server of the other side, starts its own in the
# background, and returns when that accepts connections.
# RUNS is the number of runs on each side (7), OPTIONS a file of options as --config has them (compare-options.json beside this
# script), OUT the folder for results (compare-results), which must not have runs of an earlier comparison. Without a --fail-if of
# yours, p99, rate and failures are held against limits.
# Exit codes: 0 no change is proven to be beyond its limit, 99 one is, or nothing is known of it, 1 failed, 2 wrong options.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)

# From PATH, else of this checkout, else of the project around the current folder.
launch() {
  if command -v conngen >/dev/null 2>&1; then conngen "$@"; return; fi
  if [ -f "$root/bin/conngen.js" ]; then node "$root/bin/conngen.js" "$@"; return; fi
  npx --no-install conngen "$@"
}

if [ $# -lt 1 ] || [ -z "${BASE:-}" ] || [ -z "${NEW:-}" ]; then
  echo "usage: BASE=COMMAND NEW=COMMAND $0 HOST:PORT [OPTION …]" >&2
  exit 2
fi
target=$1
shift
out=${OUT:-compare-results}
# Runs of two comparisons must not be mixed.
if [ -n "$(ls -A "$out/runs" 2>/dev/null)" ]; then
  echo "$out/runs holds the runs of an earlier comparison: remove it, or set OUT to another folder" >&2
  exit 2
fi
mkdir -p "$out"

# The options with the target in them. The file is JSON, whose quoting is that of node.
node -e '
  const [file, target] = process.argv.slice(1);
  const options = JSON.parse(require("node:fs").readFileSync(file, "utf8"));
  process.stdout.write(JSON.stringify({ ...options, target }));
' "${OPTIONS:-$here/compare-options.json}" "$target" >"$out/options.json"

case " $* " in
  *" --fail-if"*) ;;
  *) set -- "$@" --fail-if 'p99(total)>+10%' --fail-if 'rate(completed)<-3%' --fail-if 'failures>+0.1%' ;;
esac

status=0
launch compare --run "$out/options.json" "$out/options.json" --runs "${RUNS:-7}" --out "$out/runs" \
  --before-base "$BASE" --before-new "$NEW" \
  --json "$out/compare.json" --markdown "$out/compare.md" --html "$out/compare.html" "$@" || status=$?

# In a GitHub job the report is the summary of the step.
if [ -n "${GITHUB_STEP_SUMMARY:-}" ] && [ -s "$out/compare.md" ]; then cat "$out/compare.md" >>"$GITHUB_STEP_SUMMARY"; fi
exit "$status"
