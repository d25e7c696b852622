#!/usr/bin/env bash
# Runs conngen as the inputs say. Ends with 0 whatever conngen ends with, so that later steps see its results; end.sh passes the code on.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck disable=SC2153  # from the environment
folder=$RESULTS

case $COMMAND in
  client | search | saturate | rtt) ;;
  *) fail "command: got \"$COMMAND\", expected client, search, saturate or rtt" ;;
esac
one_line results "$folder"
mkdir -p -- "$folder"
results=$(cd -- "$folder" && pwd)

arguments=("$COMMAND")
if [[ -n $TARGET ]]; then
  case $TARGET in -*) fail "target: got \"$TARGET\", expected HOST:PORT" ;; esac
  arguments+=("$TARGET")
fi
add_words "$ARGS"
[[ -z $CONFIG ]] || arguments+=("--config=$CONFIG")
add_thresholds "$FAIL_IF"
arguments+=("--json=$results/result.json" "--html=$results/result.html" "--markdown=$results/result.md")

code=0
node "$CONNGEN" "${arguments[@]}" || code=$?
output exit-code "$code"
output json "$results/result.json"
output html "$results/result.html"
add_summary "$results/result.md"
