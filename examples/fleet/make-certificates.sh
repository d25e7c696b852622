#!/bin/sh
# Makes the certificates of a fleet: an authority of its own, the NATS server's, the controller's, and one for each agent.
#
#   make-certificates.sh DIRECTORY SERVER[,SERVER…] [AGENT…]
#
# SERVER: the names and addresses by which agents and controllers reach the server. Run it again to add agents: what is there stays.
# Copy to a machine only what it needs: ca.crt, and its own .crt and .key. ca.key signs certificates: keep it off the network.
set -eu
umask 077

DAYS=825

if [ $# -lt 2 ]; then
  sed -n '2,7s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
directory=$1
servers=$2
shift 2

mkdir -p "$directory"
cd "$directory"

# A key on the curve P-256, which every TLS library has.
make_key() {
  [ -f "$1.key" ] || openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key"
}

# make_certificate NAME USAGE ALTERNATIVE-NAMES
make_certificate() {
  if [ -f "$1.crt" ]; then
    echo "$1.crt is there, and stays"
    return
  fi
  make_key "$1"
  extensions=$(mktemp)
  {
    echo "basicConstraints = critical, CA:FALSE"
    echo "keyUsage = critical, digitalSignature"
    echo "extendedKeyUsage = $2"
    echo "subjectAltName = $3"
  } >"$extensions"
  openssl req -new -key "$1.key" -subj "/CN=$1" |
    openssl x509 -req -days $DAYS -CA ca.crt -CAkey ca.key -CAcreateserial -extfile "$extensions" -out "$1.crt" 2>&1 |
    grep -v -e '^Certificate request self-signature ok' -e '^subject=' || true
  rm -f "$extensions"
  [ -s "$1.crt" ] || { echo "$1.crt could not be made" >&2; exit 1; }
  echo "$1.crt $1.key"
}

# Addresses and names are written differently.
alternative_names() {
  names=
  for server in $(echo "$1" | tr ',' ' '); do
    case $server in
      *:*) kind=IP ;;
      *[!0-9.]*) kind=DNS ;;
      *) kind=IP ;;
    esac
    names="$names${names:+, }$kind:$server"
  done
  echo "$names"
}

if [ ! -f ca.crt ]; then
  make_key ca
  openssl req -x509 -new -key ca.key -days $DAYS -subj "/CN=conngen fleet" \
    -addext "basicConstraints = critical, CA:TRUE, pathlen:0" -addext "keyUsage = critical, keyCertSign" -out ca.crt
  echo "ca.crt ca.key"
fi
make_certificate server serverAuth "$(alternative_names "$servers")"
make_certificate controller clientAuth DNS:controller
for agent in "$@"; do
  case $agent in
    ca | server | controller)
      echo "an agent cannot be called $agent here: its files would have the names of others" >&2
      exit 2
      ;;
  esac
  make_certificate "$agent" clientAuth "DNS:$agent"
done
