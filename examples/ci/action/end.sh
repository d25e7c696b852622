#!/usr/bin/env bash
# Ends the action as conngen has ended: the run first, then the comparison.
set -eu

case $RUN_CODE in
  0) ;;
  99) echo '::error title=conngen::a threshold was not met' ;;
  3) echo '::error title=conngen::this machine was the limit, so there is no answer of the target' ;;
  *) echo "::error title=conngen::conngen ended with $RUN_CODE" ;;
esac
[ "$RUN_CODE" = 0 ] || exit "$RUN_CODE"
case ${COMPARE_CODE:=0} in
  0) ;;
  99) echo '::error title=conngen::a threshold of the comparison with the base was not met' ;;
  *) echo "::error title=conngen::the comparison ended with $COMPARE_CODE" ;;
esac
exit "$COMPARE_CODE"
