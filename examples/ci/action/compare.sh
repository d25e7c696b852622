#!/usr/bin/env bash
# Compares the result with that of the base.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck disable=SC2153  # from the environment
folder=$RESULTS

if [[ ! -s $NEW ]]; then
  echo 'conngen has made no result: nothing to compare.'
  exit 0
fi
if [[ ! -e $BASE ]]; then
  printf '\nNo result of the base to compare with.\n' >>"$GITHUB_STEP_SUMMARY"
  printf '::notice title=conngen::compare-with: there is no such file, so nothing is compared\n'
  exit 0
fi
case $BASE in -*) BASE=./$BASE ;; esac
results=$(cd -- "$folder" && pwd)
arguments=(compare "$BASE" "$NEW")
add_words "$ARGS"
add_thresholds "$FAIL_IF"
arguments+=("--json=$results/compare.json" "--html=$results/compare.html" "--markdown=$results/compare.md")
code=0
node "$CONNGEN" "${arguments[@]}" || code=$?
output exit-code "$code"
add_summary "$results/compare.md"
