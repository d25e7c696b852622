# A line for each round of a result of conngen client, and one for each threshold.
#   jq -r -f summary.jq result.json
def ms: . / 1e4 | round / 100;
(.rounds | to_entries[] |
  "round \(.key + 1): \(.value.offered_rate_per_sec // "max")/s offered, \(.value.outcomes.ok) of " +
  "\(.value.attempts.started) ok, p99 \(.value.latency_ns.total.p99 | ms) ms, \(.value.verdict.status)"),
(.rounds[] | .thresholds[]? | "\(.status): \(.expression) (\(if .value == null then "not measured" else "\(.value) \(.unit)" end))")
