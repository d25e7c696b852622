#!/bin/sh
# HTTP connections per second of a web server: a connection, a request, the answer, the close.
#   sh http-cps.sh 192.0.2.10:80 2000
# Sends http-get.req, which lies beside this script. Further options go to the client:
#   sh http-cps.sh 192.0.2.10:80 2000 --duration 30s
set -eu

here=$(cd "$(dirname "$0")" && pwd)

# Becomes conngen: from PATH, else of this checkout, else of the project around the current folder.
launch() {
  if command -v conngen >/dev/null 2>&1; then exec conngen "$@"; fi
  if [ -f "$here/../bin/conngen.js" ]; then exec node "$here/../bin/conngen.js" "$@"; fi
  exec npx --no-install conngen "$@"
}

if [ $# -lt 1 ]; then
  echo "usage: $0 HOST:PORT [RATE] [OPTION …]" >&2
  exit 2
fi
target=$1
shift
rate=1000
case ${1:-} in
  [0-9]* | max)
    rate=$1
    shift
    ;;
esac

# The request says "Connection: close", so the answer is complete when the server closes.
launch client "$target" --rate "$rate" --payload "$here/http-get.req" --finish eof "$@"
