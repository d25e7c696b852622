#!/usr/bin/env bash
# Installs a conngen_*.deb in a fresh Debian 13, runs a client against a server there, removes and purges it, and says what is left.
# By hand: it takes two minutes, most of them for debootstrap. Needs root, debootstrap and a Debian mirror.
#
#   examples/debian/build.sh /tmp && test/packages/debian-install.sh /tmp/conngen_0.1.0-1_amd64.deb
set -euo pipefail

deb=$(realpath "$1")
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

debootstrap --variant=minbase trixie "$root" >"$root.log" || { tail -n 5 "$root.log"; exit 1; }
rm -f "$root.log"
cp "$deb" "$root/tmp/conngen.deb"
cat >"$root/tmp/inside.sh" <<'INSIDE'
set -e
export LC_ALL=C DEBIAN_FRONTEND=noninteractive
say() { printf '\n+ %s\n' "$*"; }
# Without logs, and caches of apt and ldconfig, which come with any package.
files() {
  find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /tmp -o -path /var/log -o -path /var/cache -o -path /var/lib/apt \
    -o -path /var/lib/dpkg -o -path /etc/ssl/certs -o -path /root \) -prune -o -print | sort
}
files >/tmp/before
say dpkg -i
dpkg -i /tmp/conngen.deb 2>&1 || true
say apt-get -f install
apt-get -f -y -qq install >/tmp/apt.log 2>&1 || { cat /tmp/apt.log; exit 1; }
dpkg -s conngen | grep -E '^(Status|Version|Installed-Size)'
say "node $(node --version), conngen $(conngen --version)"
conngen server --port 7200 --quiet >/tmp/server.out 2>&1 &
server=$!
sleep 2
conngen client 127.0.0.1:7200 --rate 500 --duration 3s --json /tmp/result.json --quiet | head -n 7
conngen report /tmp/result.json >/tmp/report.txt
conngen doctor 127.0.0.1:7200 --rate 100 | tail -n 1
kill -TERM $server
wait $server || say "the server ended with $?"
say dpkg --remove
dpkg --remove conngen 2>&1 | tail -n 1
ls /etc/default/conngen-server
say dpkg --purge
dpkg --purge conngen 2>&1 | tail -n 1
files >/tmp/after
# What its dependencies brought is theirs; their scripts leave alternatives and ca-certificates.conf. /lib and /bin are /usr/lib and /usr/bin.
cat /var/lib/dpkg/info/*.list | sed -E 's#^/(lib|bin|sbin)#/usr/\1#' | sort -u >/tmp/owned
comm -13 /tmp/before /tmp/after | comm -23 - /tmp/owned >/tmp/left
find / -xdev \( -path /proc -o -path /tmp -o -path /var/log \) -prune -o -name '*conngen*' -print >>/tmp/left
say "left behind: $(grep -c . /tmp/left || true) files"
cat /tmp/left
INSIDE
export root
# shellcheck disable=SC2016  # expanded inside
unshare --mount --pid --fork sh -c 'mount -t proc proc "$root/proc" && mount --bind /dev "$root/dev" && chroot "$root" bash /tmp/inside.sh'
