#!/bin/sh
# A firewall on this machine, with a limit that you choose or without one, and conngen to find it. Needs root, iproute2 and nftables.
#   sh firewall-lab.sh --rate 2000
#   sh firewall-lab.sh --rate 2000 -- client --rate 2100 --duration 5s --timeout 900ms
#   sh firewall-lab.sh --table 500 -- client --rate 200 --duration 4s --hold 10s --finish connect --timeout 900ms
#   sh firewall-lab.sh --real
# Three network namespaces: client, firewall, server. All is gone at the end, also after Ctrl-C.
set -eu

usage() {
  cat <<'TEXT'
usage: sh firewall-lab.sh [--rate R [--burst B] | --table N | --real] [-- CONNGEN_COMMAND [OPTION …]]

  --rate R    the firewall lets R new connections a second through and drops the SYN of every other (default: 2000)
  --burst B   how many it lets through in one burst after a pause (default: R/50, at least 5)
  --table N   the firewall has room for N open connections and drops the SYN of every other
  --real      no limit of the lab's: what this machine's own nftables can do, with the packet engine at both ends,
              and what gave first: processor, connection table or drops

What follows -- is a conngen command without its target. The default is
  search --goal 'loss<=0.1%' --timeout 900ms
and with --real
  saturate --start 10k --factor 1.2 --duration 3s --max-rate 1M --payload-size 64 --finish echo --timeout 900ms
TEXT
}

fail() {
  echo "$1" >&2
  exit "${2:-1}"
}

# whole OPTION VALUE: refuses what is not a whole number above 0.
whole() {
  case $2 in
    '' | *[!0-9]* | 0*) fail "$1: got \"$2\", expected a whole number above 0" 2 ;;
  esac
}

rate=
burst=
table=
real=
while [ $# -gt 0 ]; do
  case $1 in
    --rate | --burst | --table)
      whole "$1" "${2-}"
      case $1 in
        --rate) rate=$2 ;;
        --burst) burst=$2 ;;
        --table) table=$2 ;;
      esac
      shift 2
      ;;
    --real)
      real=yes
      shift
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
if [ -n "$table" ] && [ -n "$rate$burst" ]; then fail '--table: got --rate or --burst too, expected one kind of limit' 2; fi
if [ -n "$real" ] && [ -n "$table$rate$burst" ]; then fail '--real: got --rate, --burst or --table too, expected no limit' 2; fi
if [ $# -eq 0 ] && [ -n "$real" ]; then set -- saturate --start 10k --factor 1.2 --duration 3s --max-rate 1M --payload-size 64 --finish echo --timeout 900ms; fi
if [ $# -eq 0 ]; then set -- search --goal 'loss<=0.1%' --timeout 900ms; fi

PATH=$PATH:/usr/sbin:/sbin
if [ "$(id -u)" -ne 0 ]; then fail 'Network namespaces need root: run this with sudo.'; fi
for tool in ip nft; do
  if ! command -v "$tool" >/dev/null 2>&1; then fail "This needs ip and nft (apt-get install iproute2 nftables): no $tool here."; fi
done

here=$(cd "$(dirname "$0")" && pwd)
client=conngen-lab-$$-client
firewall=conngen-lab-$$-firewall
server=conngen-lab-$$-server
work=$(mktemp -d)

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
  for namespace in "$client" "$server" "$firewall"; do
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

set_in() { ip netns exec "$1" sysctl -q -w "$2"; }

# The addresses are those that RFC 2544 keeps for measuring devices.
build_network() {
  for namespace in "$client" "$firewall" "$server"; do
    ip netns add "$namespace"
    ip -n "$namespace" link set lo up
  done
  ip link add inside netns "$firewall" type veth peer name eth0 netns "$client"
  ip link add outside netns "$firewall" type veth peer name eth0 netns "$server"
  ip -n "$client" link set eth0 up
  ip -n "$server" link set eth0 up
  ip -n "$firewall" link set inside up
  ip -n "$firewall" link set outside up
  ip -n "$firewall" address add 198.18.1.1/24 dev inside
  ip -n "$firewall" address add 198.18.2.1/24 dev outside
  ip -n "$server" address add 198.18.2.2/24 dev eth0
  for host in 2 3 4 5 6 7 8 9; do ip -n "$client" address add "198.18.1.$host/24" dev eth0; done
  ip -n "$client" route add default via 198.18.1.1
  ip -n "$server" route add default via 198.18.2.1
  set_in "$firewall" net.ipv4.ip_forward=1
  # The client may use a source port again after a second instead of a minute, and so need no more addresses.
  set_in "$client" net.ipv4.tcp_tw_reuse=1
}

# Conntrack keeps a closed connection for 120 s, and nf_conntrack_max is one figure for the whole machine: at 8000/s the
# table itself would be full after half a minute, and the limit would be another one than the one that was asked for.
build_firewall() {
  ip netns exec "$firewall" nft -f - <<RULES
table inet lab {
  counter passed { }
  counter dropped { }
  chain forward {
    type filter hook forward priority filter; policy accept;
    ct state new $1 counter name dropped drop
    ct state new counter name passed
  }
}
RULES
  set_in "$firewall" net.netfilter.nf_conntrack_tcp_timeout_time_wait=5
}

# A firewall as people have it: what belongs to a connection passes, new ones to the server's port, nothing else. Its settings
# are those of Linux.
build_real_firewall() {
  ip netns exec "$firewall" nft -f - <<'RULES'
table inet lab {
  counter passed { }
  counter dropped { }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    ct state new tcp dport 2345 counter name passed accept
    counter name dropped
  }
}
RULES
}

# What can give, once a second: processors, queues of packets, the connection table, the interfaces and the new connections.
watch_firewall() {
  cat >"$work/watch.sh" <<'WATCH'
while :; do
  read -r uptime idle </proc/uptime
  echo "time $uptime"
  grep '^cpu[0-9]' /proc/stat
  sed 's/^/softnet /' /proc/net/softnet_stat
  echo "entries $(cat /proc/sys/net/netfilter/nf_conntrack_count) $(cat /proc/sys/net/netfilter/nf_conntrack_max)"
  sed 's/^/conntrack /' /proc/net/stat/nf_conntrack
  sed -n 's/^ *\(inside\|outside\):/interface \1 /p' /proc/net/dev
  nft list counter inet lab passed | sed -n 's/.*packets \([0-9]*\).*/passed \1/p'
  for name in "$@"; do
    for process in $(ip netns pids "$name"); do sed 's/^\([0-9]*\) (.*)/program \1/' "/proc/$process/stat"; done
  done
  echo end
  sleep 1
done
WATCH
  ip netns exec "$firewall" sh "$work/watch.sh" "$client" "$server" "$firewall" >"$work/watched" 2>/dev/null &
}

counted() { ip netns exec "$firewall" nft list counter inet lab "$1" | sed -n 's/.*packets \([0-9]*\).*/\1/p'; }

start_server() {
  : >"$work/server.json"
  launch_in "$server" server --port 2345 --quiet --json - "$@" >"$work/server.json" &
  server_process=$!
  # A machine that is busy with others takes longer than a second to start a process.
  tries=300
  while [ "$tries" -gt 0 ]; do
    if grep -q '"event":"listening"' "$work/server.json"; then return; fi
    if ! kill -0 "$server_process" 2>/dev/null; then break; fi
    tries=$((tries - 1))
    sleep 0.2
  done
  fail 'The server did not start; see the message above.'
}

build_network

if [ -n "$real" ]; then
  build_real_firewall
  # Addresses that no kernel has: the engine answers ARP for them.
  start_server --host 198.18.2.16 --engine packet --interface eth0
  command=$1
  shift
  set -- "$command" 198.18.2.16:2345 --engine packet --interface eth0 --source 198.18.1.64/26 --source-ports 1024-65535 "$@"
  echo 'The firewall: nftables with connection tracking (ct state established,related accept; policy drop), no limit of the lab.' >&2
  watch_firewall
else
  if [ -n "$table" ]; then
    limit="ct count over $table"
    truth="room for $table open connections"
  else
    rate=${rate:-2000}
    if [ -z "$burst" ]; then
      # 20 ms of tokens: more than a generator's lateness can use up, and 1 % of what a trial of 2 s gets through.
      burst=$((rate / 50))
      if [ "$burst" -lt 5 ]; then burst=5; fi
    fi
    limit="limit rate over $rate/second burst $burst packets"
    truth="$rate new connections/s, bursts of $burst"
  fi
  build_firewall "$limit"
  start_server --host 198.18.2.2
  command=$1
  shift
  set -- "$command" 198.18.2.2:2345 --source 198.18.1.2-198.18.1.9 --source-ports 1024-65535 "$@"
  echo "The firewall's limit: $truth (nftables: ct state new $limit drop)." >&2
fi

echo "conngen $*" >&2
status=0
(launch_in "$client" "$@") || status=$?
echo "The firewall's own count: $(counted passed) new connections passed, $(counted dropped) SYNs dropped." >&2
if [ -n "$real" ]; then awk -f "$here/what-gave.awk" "$work/watched" >&2; fi
# The shell ends on a failing command, and so with conngen's exit code.
(exit "$status")
