#!/bin/sh
# A fleet on this machine: three agents in network namespaces of their own, a target, NATS, and one command that runs on all three.
# Needs root, iproute2 and nats-server.
#   sh demo.sh
#   sh demo.sh --lose 3
#   sh demo.sh -- search --max-rate 5k
# All is gone at the end, also after Ctrl-C.
set -eu

usage() {
  cat <<'TEXT'
usage: sh demo.sh [--lose SECONDS] [-- CONNGEN_COMMAND [OPTION …]]

  --lose SECONDS  kill agent-3 (kill -9) so long after it was ready for the run, to see what the result says

What follows -- is a conngen command without its target and without --fleet. The default is
  client --rate 3k --duration 5s --payload-size 64
TEXT
}

fail() {
  echo "$1" >&2
  exit "${2:-1}"
}

lose=
while [ $# -gt 0 ]; do
  case $1 in
    --lose)
      case ${2-} in
        '' | *[!0-9]* | 0*) fail "--lose: got \"${2-}\", expected a whole number of seconds above 0" 2 ;;
      esac
      lose=$2
      shift 2
      ;;
    --help | -h)
      usage
      exit 0
      ;;
    --)
      shift
      break
      ;;
    *)
      usage >&2
      fail "$1: no option of this script; what is meant for conngen goes after --" 2
      ;;
  esac
done
if [ $# -eq 0 ]; then set -- client --rate 3k --duration 5s --payload-size 64; fi
case $1 in
  client | search | saturate | rtt) ;;
  *) fail "$1: got no command of a fleet, expected client, search, saturate or rtt" 2 ;;
esac

PATH=$PATH:/usr/sbin:/sbin
if [ "$(id -u)" -ne 0 ]; then fail 'Network namespaces need root: run this with sudo.'; fi
if ! command -v ip >/dev/null 2>&1; then fail 'This needs ip: apt-get install iproute2'; fi
if ! command -v nats-server >/dev/null 2>&1; then fail 'This needs nats-server: apt-get install nats-server'; fi

here=$(cd "$(dirname "$0")" && pwd)
middle=conngen-fleet-$$-middle
agents='agent-1 agent-2 agent-3'
work=$(mktemp -d)
killer=

# Becomes conngen in a namespace: from PATH, else of this checkout, else of the project around the current folder.
launch_in() {
  namespace=$1
  shift
  if command -v conngen >/dev/null 2>&1; then exec ip netns exec "$namespace" conngen "$@"; fi
  if [ -f "$here/../../bin/conngen.js" ]; then exec ip netns exec "$namespace" node "$here/../../bin/conngen.js" "$@"; fi
  exec ip netns exec "$namespace" npx --no-install conngen "$@"
}

cleanup() {
  trap - EXIT
  trap '' HUP INT TERM
  if [ -n "$killer" ]; then kill "$killer" 2>/dev/null || true; fi
  for name in $agents middle; do
    namespace=conngen-fleet-$$-$name
    if [ ! -e "/run/netns/$namespace" ]; then continue; fi
    # A namespace lives as long as a process in it, whatever became of its name.
    for process in $(ip netns pids "$namespace"); do kill -KILL "$process" 2>/dev/null || true; done
    ip netns del "$namespace" || true
  done
  wait
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# say TEXT: what happens now. show NAME COMMAND…: a command as it is typed, and where.
say() { printf '\n%s\n' "$1" >&2; }
show() {
  where=$1
  shift
  printf '  %s$ %s\n' "$where" "$*" >&2
}

# A switch in the middle, and a machine for each agent. The addresses are those that RFC 2544 keeps for measuring devices.
build_network() {
  ip netns add "$middle"
  ip -n "$middle" link set lo up
  ip -n "$middle" link add switch type bridge
  ip -n "$middle" address add 198.18.0.1/24 dev switch
  ip -n "$middle" link set switch up
  host=10
  for name in $agents; do
    host=$((host + 1))
    namespace=conngen-fleet-$$-$name
    ip netns add "$namespace"
    ip -n "$namespace" link set lo up
    ip link add "$name" netns "$middle" type veth peer name eth0 netns "$namespace"
    ip -n "$middle" link set "$name" master switch up
    ip -n "$namespace" address add "198.18.0.$host/24" dev eth0
    ip -n "$namespace" link set eth0 up
    # An agent may use a source port again after a second instead of a minute.
    ip netns exec "$namespace" sysctl -q -w net.ipv4.tcp_tw_reuse=1
  done
}

# wait_for WHAT PROCESS COMMAND…: until the command succeeds, for 15 s. The process is that which it waits for.
wait_for() {
  what=$1
  process=$2
  shift 2
  tries=600
  while [ "$tries" -gt 0 ]; do
    if "$@" >/dev/null 2>&1; then return; fi
    if ! kill -0 "$process" 2>/dev/null; then break; fi
    tries=$((tries - 1))
    sleep 0.1
  done
  cat "$work"/*.log >&2
  fail "$what did not start; see the messages above."
}

start_target() {
  : >"$work/server.json"
  (launch_in "$middle" server --host 198.18.0.1 --quiet --json -) >"$work/server.json" 2>"$work/server.log" &
  server=$!
  wait_for 'The target' "$server" grep -q '"event":"listening"' "$work/server.json"
}

new_password() { printf p && head -c 18 /dev/urandom | od -An -tx1 | tr -d ' \n'; }

# Passwords for this run alone: nats.conf takes them from the environment.
start_nats() {
  CONTROLLER_PASSWORD=$(new_password)
  AGENT_PASSWORD=$(new_password)
  export CONTROLLER_PASSWORD AGENT_PASSWORD
  ip netns exec "$middle" nats-server -c "$here/nats.conf" -a 198.18.0.1 >"$work/nats.log" 2>&1 &
  nats=$!
  wait_for 'nats-server' "$nats" grep -q 'Server is ready' "$work/nats.log"
}

start_agents() {
  started=
  for name in $agents; do
    show "$name" conngen agent --fleet "nats://198.18.0.1" --name "$name" --trust conngen-fleet.pub --allow-target 198.18.0.1:2345
    (
      CONNGEN_FLEET=nats://$name:$AGENT_PASSWORD@198.18.0.1
      export CONNGEN_FLEET
      launch_in "conngen-fleet-$$-$name" agent --name "$name" --trust "$work/conngen-fleet.pub" --allow-target 198.18.0.1:2345
    ) 2>"$work/$name.log" &
    started="$started $name:$!"
  done
  for each in $started; do
    name=${each%:*}
    wait_for "$name" "${each#*:}" grep -q 'may aim at' "$work/$name.log"
  done
}

as_controller() {
  CONNGEN_FLEET=nats://controller:$CONTROLLER_PASSWORD@198.18.0.1
  export CONNGEN_FLEET
  launch_in "$middle" "$@"
}

say 'Three machines and a switch: namespaces agent-1, agent-2, agent-3 and middle.'
build_network

say 'The target, in the middle:'
show middle conngen server --host 198.18.0.1
start_target

say 'A pair of keys. The controller signs with the private one; agents take no other orders:'
show middle conngen fleet keygen
(launch_in "$middle" fleet keygen --out "$work/conngen-fleet.key") >"$work/keygen.log" 2>&1 || { cat "$work/keygen.log" >&2; fail 'There are no keys.'; }

say 'NATS carries the messages:'
show middle nats-server -c examples/fleet/nats.conf
start_nats

say 'The agents. Each says what it may aim at, and connects out:'
start_agents

say 'Who is there?'
show middle conngen fleet --fleet nats://198.18.0.1
# If no agent answers, the command below says why.
(as_controller fleet) >&2 || true

command=$1
shift
say 'One command, three machines, one schedule:'
show middle conngen "$command" 198.18.0.1:2345 --fleet nats://198.18.0.1 --agents 3 --fleet-key conngen-fleet.key "$@"
if [ -n "$lose" ]; then
  (
    until grep -q 'ready: ' "$work/agent-3.log"; do sleep 0.1; done
    tenths=$((lose * 10))
    while [ "$tenths" -gt 0 ]; do
      sleep 0.1
      tenths=$((tenths - 1))
    done
    for process in $(ip netns pids "conngen-fleet-$$-agent-3"); do kill -KILL "$process" 2>/dev/null || true; done
    printf '\nagent-3 is killed now.\n' >&2
  ) &
  killer=$!
fi
status=0
(as_controller "$command" 198.18.0.1:2345 --agents 3 --fleet-key "$work/conngen-fleet.key" "$@") || status=$?

kill -TERM "$server" 2>/dev/null || true
wait "$server" 2>/dev/null || true
accepted=$(tr '{},' '\n' <"$work/server.json" | sed -n 's/^"accepted"://p' | head -n 1)
say "The target's own count: ${accepted:-unknown} connections. Each agent makes one before the start, to see that it can."

say 'What the agents said:'
for name in $agents; do sed "s/^/  $name: /" "$work/$name.log" >&2; done

# The shell ends on a failing command, and so with conngen's exit code.
(exit "$status")
