# Shared by the scripts of the action. Source it.
# shellcheck shell=bash
set -euo pipefail

# fail MESSAGE: an annotation of the job, and its end. Percent signs and line ends are special in annotations.
fail() {
  local text=${1//'%'/%25}
  text=${text//$'\r'/%0D}
  printf '::error title=conngen::%s\n' "${text//$'\n'/%0A}"
  exit 2
}

# one_line NAME VALUE: what goes into GITHUB_OUTPUT has no line ends, or it would be several outputs.
one_line() {
  case $2 in *$'\n'* | *$'\r'*) fail "$1: expected one line" ;; esac
}

output() {
  one_line "$1" "$2"
  printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"
}

# add_words TEXT: puts the words of TEXT into the array `arguments`. Words, and neither patterns nor quotes: read expands nothing.
add_words() {
  local words
  while read -r -a words; do arguments+=("${words[@]}"); done <<<"$1"
}

# add_thresholds LINES: puts --fail-if=LINE for each line into the array `arguments`.
add_thresholds() {
  local line
  while IFS= read -r line; do
    line=${line%$'\r'}
    [[ -z ${line//[[:space:]]/} ]] || arguments+=("--fail-if=$line")
  done <<<"$1"
}

# GitHub keeps 1 MiB of summary a step.
summary_max_bytes=1000000

# add_summary FILE: appends a report to the summary of the job.
add_summary() {
  [[ -s $1 ]] || return 0
  if (($(wc -c <"$1") > summary_max_bytes)); then
    printf '\nThe report is too long for a summary: see the artifact.\n' >>"$GITHUB_STEP_SUMMARY"
    return 0
  fi
  { cat "$1" && printf '\n'; } >>"$GITHUB_STEP_SUMMARY"
}
