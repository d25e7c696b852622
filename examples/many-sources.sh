#!/bin/sh
# More source addresses: one address has at most some 64 000 ports towards one target, and a port rests after its
# connection (60 s in TIME_WAIT). Above some 1000 new connections/s for minutes, one address is not enough.
#   sh many-sources.sh 192.0.2.10:80 20000 10.0.0.10-10.0.0.29
# The addresses must be on this machine: ip address add 10.0.0.10/24 dev eth0
# On loopback the whole of 127.0.0.0/8 is there already:
#   sh many-sources.sh 127.0.0.1:2345 20000 127.0.0.1-127.0.0.8
set -eu

here=$(cd "$(dirname "$0")" && pwd)

# Becomes conngen: from PATH, else of this checkout, else of the project around the current folder.
launch() {
  if command -v conngen >/dev/null 2>&1; then exec conngen "$@"; fi
  if [ -f "$here/../bin/conngen.js" ]; then exec node "$here/../bin/conngen.js" "$@"; fi
  exec npx --no-install conngen "$@"
}

if [ $# -lt 3 ]; then
  echo "usage: $0 HOST:PORT RATE SOURCES [OPTION …]   (SOURCES: an address, a range FIRST-LAST or a prefix)" >&2
  exit 2
fi
target=$1
rate=$2
sources=$3
shift 3

launch client "$target" --rate "$rate" --source "$sources" "$@"
