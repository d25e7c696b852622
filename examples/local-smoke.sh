#!/bin/sh
# A server and a client on this machine, to see that all works. Options go to the client, instead of those below:
#   sh local-smoke.sh --rate 2000 --duration 5s
set -eu

if [ $# -eq 0 ]; then set -- --rate 1000 --duration 3s --payload-size 1KiB; fi

here=$(cd "$(dirname "$0")" && pwd)

# Becomes conngen: from PATH, else of this checkout, else of the project around the current folder.
launch() {
  if command -v conngen >/dev/null 2>&1; then exec conngen "$@"; fi
  if [ -f "$here/../bin/conngen.js" ]; then exec node "$here/../bin/conngen.js" "$@"; fi
  exec npx --no-install conngen "$@"
}

work=$(mktemp -d)
server=
cleanup() {
  trap - EXIT
  if [ -n "$server" ]; then
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

: >"$work/server.json"
launch server --host 127.0.0.1 --port 0 --json - >"$work/server.json" &
server=$!

# The first line of the server's output says where it listens.
port=
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
  port=$(sed -n '1s/.*"event":"listening".*"port":\([0-9]*\).*/\1/p' "$work/server.json")
  if [ -n "$port" ]; then break; fi
  if ! kill -0 "$server" 2>/dev/null; then break; fi
  sleep 0.2
done
if [ -z "$port" ]; then
  echo "The server did not start; see the message above." >&2
  exit 1
fi

# The shell ends on a failing command, and so with the client's exit code.
(launch client "127.0.0.1:$port" "$@")
