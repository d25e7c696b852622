# shellcheck shell=sh disable=SC2034
# (SC2034: some variables are for the scripts only.)
# What show, apply and restore have in common: where things are, the table, and one sysctl at a time. It is sourced and
# does nothing by itself. POSIX sh without `local`: names that start with _ belong to the function they are in.

TAB=$(printf '\t')
NL='
'
ME=$(basename -- "$0")
TABLE=$HERE/settings.tsv
STATE_DIR=${CONNGEN_STATE_DIR:-/var/lib/conngen/kernel-tuning}
SYSCTL_DIR=${CONNGEN_SYSCTL_DIR:-/etc/sysctl.d}
PERSIST_FILE=$SYSCTL_DIR/90-conngen.conf
PERSIST_MARK='# Written by conngen/kernel-tuning/apply --persist; restore removes it.'
# What apply asks for where descriptors are concerned: the fs.nr_open of the table.
NOFILE=1048576

# No word of this is a file name pattern.
set -f

die() { # die EXIT_CODE MESSAGE…
  _code=$1
  shift
  printf '%s: %s\n' "$ME" "$*" >&2
  exit "$_code"
}

wrong_usage() { # wrong_usage MESSAGE: what was wrong, then the usage, exit 2
  printf '%s: %s\n\n' "$ME" "$1" >&2
  usage >&2
  exit 2
}

# --- The command line -------------------------------------------------------------------------------------------------

SIDES=
ONLY=
DRY_RUN=
PERSIST=

# parse_arguments ACCEPTED ARGUMENTS…: fills SIDES, ONLY, DRY_RUN and PERSIST. ACCEPTED has the words that this script
# knows, each between blanks; anything else ends with exit 2.
parse_arguments() {
  _accepted=$1
  shift
  while [ $# -gt 0 ]; do
    case $1 in
      --only=*)
        _word=--only
        _value=${1#*=}
        ;;
      *)
        _word=$1
        _value=${2-}
        ;;
    esac
    case $_accepted in
      *" $_word "*) ;;
      *) wrong_usage "unknown argument \"$1\"" ;;
    esac
    case $_word in
      --help | -h)
        usage
        exit 0
        ;;
      --dry-run) DRY_RUN=1 ;;
      --persist) PERSIST=1 ;;
      --only)
        if [ "$1" = --only ]; then
          [ $# -ge 2 ] || wrong_usage '--only: expected KEY or KEY,KEY,…'
          shift
        fi
        add_only "$_value"
        ;;
      *) SIDES="$SIDES $_word " ;;
    esac
    shift
  done
}

add_only() { # add_only KEY,KEY,…
  [ -n "$1" ] || wrong_usage '--only: expected KEY or KEY,KEY,…'
  _old_ifs=$IFS
  IFS=,
  for _key in $1; do
    IFS=$_old_ifs
    is_key "$_key" || wrong_usage "--only: \"$_key\" is not a key of settings.tsv"
    ONLY="$ONLY $_key "
  done
  IFS=$_old_ifs
}

# is_key KEY: whether settings.tsv has it.
is_key() { cut -f 1 "$TABLE" | grep -v '^#' | grep -qxF -- "$1"; }

# is_wanted KEY SIDES: whether a row of the table is meant by SIDES and ONLY; without sides every row is.
is_wanted() {
  case $ONLY in
    '' | *" $1 "*) ;;
    *) return 1 ;;
  esac
  [ -n "$SIDES" ] || return 0
  for _side in $SIDES; do
    case ,$2, in
      *",$_side,"*) return 0 ;;
    esac
  done
  return 1
}

# --- Where we are -----------------------------------------------------------------------------------------------------

# The kernel registers this key in the first network namespace only.
if [ -e /proc/sys/net/core/netdev_max_backlog ]; then
  IN_NAMESPACE=
  PLACE='this machine'
  STATE_FILE=$STATE_DIR/machine.saved
else
  IN_NAMESPACE=1
  _id=$(readlink /proc/self/ns/net | tr -dc 0-9)
  PLACE="network namespace $_id"
  STATE_FILE=$STATE_DIR/net-$_id.saved
fi

BOOT_ID=$(cat /proc/sys/kernel/random/boot_id 2>/dev/null || echo unknown)

is_read_only() { [ ! -w /proc/sys/net/ipv4/ip_local_port_range ]; }

need_root() {
  [ "$(id -u)" -eq 0 ] || die 1 "needs root, because it writes to /proc/sys. Try: sudo $0${1:+ $1}"
  ! is_read_only ||
    die 1 '/proc/sys is read-only here, as in most containers: set the values on the host, or when the container is started (docker run --sysctl KEY=VALUE).'
}

# --- One sysctl -------------------------------------------------------------------------------------------------------

path_of() { printf '/proc/sys/%s\n' "$(printf '%s' "$1" | tr . /)"; }

# value_of KEY: as the kernel prints it; nothing where it cannot be read.
value_of() { cat "$(path_of "$1")" 2>/dev/null; }

# normal VALUE: its words with one blank between them. The kernel prints ranges with a tab.
normal() {
  # shellcheck disable=SC2086 # to split it is the point
  set -- $1
  printf '%s\n' "$*"
}

is_number() {
  case $1 in
    '' | *[!0-9]*) return 1 ;;
  esac
}

# number_at_least A B, also beyond what the shell can count: fs.file-max may be 2^64 - 1.
number_at_least() {
  [ ${#1} -gt ${#2} ] || { [ ${#1} -eq ${#2} ] && [ "$1" -ge "$2" ]; }
}

# target_of CURRENT VALUE HOW: what apply would set, which is CURRENT where that is good enough. Nothing where CURRENT is
# not a number.
target_of() {
  case $3 in
    exactly) printf '%s\n' "$2" ;;
    leave) printf '%s\n' "$1" ;;
    *)
      is_number "$1" || return 0
      if number_at_least "$1" "$2"; then printf '%s\n' "$1"; else printf '%s\n' "$2"; fi
      ;;
  esac
}

# is_of_machine KEY: whether it has one value for all network namespaces. Before Linux 5.12 a namespace could write
# nf_conntrack_max and nf_conntrack_buckets, and did so for the whole machine: that it lets us is no reason to.
is_of_machine() {
  case $1 in
    fs.* | net.core.netdev_* | net.*.neigh.* | net.netfilter.nf_conntrack_max | net.netfilter.nf_conntrack_buckets) ;;
    *) return 1 ;;
  esac
}

# obstacle KEY: why it cannot be set here; nothing where it can. Says nothing of root.
obstacle() {
  _path=$(path_of "$1")
  if [ -n "$IN_NAMESPACE" ] && is_of_machine "$1"; then
    echo 'belongs to the whole machine: apply it outside of this network namespace'
    return
  fi
  if [ ! -e "$_path" ]; then
    case $1 in
      net.netfilter.*) echo 'absent: connection tracking is not loaded (nf_conntrack), so it tracks nothing' ;;
      *) echo 'absent: this kernel does not have it' ;;
    esac
  elif [ "$(id -u)" -eq 0 ] && [ ! -w "$_path" ]; then
    echo 'read-only here'
  fi
}

# set_sysctl KEY VALUE: sets it and reads it back; prints what is wrong and returns 1 where it does not stay. By tee, as
# dash itself says "I/O error" for every errno.
set_sysctl() {
  _path=$(path_of "$1")
  if ! _error=$(printf '%s\n' "$2" | tee "$_path" 2>&1 >/dev/null); then
    echo "the kernel refused $2: ${_error##*: }"
    return 1
  fi
  _now=$(normal "$(value_of "$1")")
  [ "$_now" = "$(normal "$2")" ] || {
    echo "the kernel made $_now of $2"
    return 1
  }
}

# --- What apply saved -------------------------------------------------------------------------------------------------
# A comment with the boot, then a line for each key: KEY, what apply set, what was there before, as the kernel printed
# it. The last may contain tabs itself.

STATE=
STATE_BOOT=

read_state() {
  STATE=
  STATE_BOOT=
  [ -e "$STATE_FILE" ] || return 0
  while IFS= read -r _line; do
    case $_line in
      '# boot '*) STATE_BOOT=${_line#'# boot '} ;;
      '#'* | '') ;;
      *)
        check_saved "${_line%%"$TAB"*}"
        STATE=$STATE$_line$NL
        ;;
    esac
  done <"$STATE_FILE"
}

# check_saved KEY: ends where apply cannot have saved this key here. What is in the file is written to the kernel as root, and
# from a namespace it could be a setting of the machine.
check_saved() {
  is_key "$1" || die 1 "$STATE_FILE: \"$1\" is not a key of settings.tsv, so apply has not saved it. Nothing was changed; remove that line to go on."
  [ -z "$IN_NAMESPACE" ] || ! is_of_machine "$1" ||
    die 1 "$STATE_FILE: $1 belongs to the whole machine, so apply has not saved it in this network namespace. Nothing was changed; remove that line to go on."
}

# lock_state: until this script ends, no other apply or restore runs with the same folder. The lock is on the folder itself: a
# file for it could be a link to somewhere else.
lock_state() {
  command -v flock >/dev/null || die 1 'needs flock (util-linux), so that two of these scripts do not lose each other'"'"'s saved values'
  exec 9<"$STATE_DIR" || die 1 "cannot read $STATE_DIR"
  flock 9 || die 1 "cannot lock $STATE_DIR"
}

make_state_dir() {
  mkdir -p "$STATE_DIR" 2>/dev/null || die 1 "cannot make $STATE_DIR: nothing can be saved, so nothing is changed. CONNGEN_STATE_DIR names another place."
}

# A full disk must not cost the saved values: the old file stays until the new one is complete.
write_state() {
  if [ -z "$STATE" ]; then
    rm -f "$STATE_FILE"
    return
  fi
  state_lines | replace_file "$STATE_FILE" ||
    die 1 "cannot write $STATE_FILE: nothing can be saved, so nothing more is changed"
}

state_lines() {
  printf '%s\n' "# Saved by conngen/kernel-tuning/apply for $PLACE: KEY, what apply set, what was there before." \
    "# boot $STATE_BOOT"
  printf '%s' "$STATE"
}

# replace_file FILE: puts stdin in its place when all of it is written. The name that it has until then is new and cannot be
# known beforehand (mktemp, O_EXCL): a link that somebody has put there is not followed.
replace_file() {
  _new=$(mktemp "${1%/*}/.conngen.XXXXXX" 2>/dev/null) || return 1
  if ! (cat >"$_new" && chmod 644 "$_new") 2>/dev/null || ! mv -f "$_new" "$1"; then
    rm -f "$_new"
    return 1
  fi
}

# state_line KEY: its line; nothing where it was not saved.
state_line() {
  case $NL$STATE in
    *"$NL$1$TAB"*)
      _rest=$NL$STATE
      _rest=${_rest##*"$NL$1$TAB"}
      printf '%s\n' "$1$TAB${_rest%%"$NL"*}"
      ;;
  esac
}

# saved_value KEY: what was there before apply; nothing where it was not saved.
saved_value() {
  _saved=$(state_line "$1")
  _saved=${_saved#*"$TAB"}
  printf '%s\n' "${_saved#*"$TAB"}"
}

# remember KEY SET BEFORE: what was saved first stays.
remember() {
  _line=$(state_line "$1")
  if [ -z "$_line" ]; then
    STATE=$STATE$1$TAB$2$TAB$3$NL
  else
    _before=$(saved_value "$1")
    forget "$1"
    STATE=$STATE$1$TAB$2$TAB$_before$NL
  fi
}

forget() { # forget KEY
  _kept=
  while IFS= read -r _line; do
    case $_line in
      '' | "$1$TAB"*) ;;
      *) _kept=$_kept$_line$NL ;;
    esac
  done <<END
$STATE
END
  STATE=$_kept
}

# Whether this place has a persist file of ours. That of the machine is none of a namespace's business.
is_persisted() {
  [ -z "$IN_NAMESPACE" ] || [ -n "${CONNGEN_SYSCTL_DIR:-}" ] || return 1
  [ -e "$PERSIST_FILE" ] && grep -qxF "$PERSIST_MARK" "$PERSIST_FILE"
}

# Whether a reboot has undone what was saved. A persisted setting outlives it, and so do the values from before it.
is_undone_by_reboot() { [ -n "$STATE" ] && [ "$STATE_BOOT" != "$BOOT_ID" ] && ! is_persisted; }

# --- Open files -------------------------------------------------------------------------------------------------------

# nofile_limits: soft and hard limit of this process, as its parent gave them.
nofile_limits() { sed -n 's/^Max open files *\([^ ]*\) *\([^ ]*\).*/\1 \2/p' /proc/self/limits; }

# systemd_limits: soft and hard limit of services; nothing where systemd does not run.
systemd_limits() {
  [ -d /run/systemd/system ] || return 0
  systemctl show --property DefaultLimitNOFILESoft --property DefaultLimitNOFILE 2>/dev/null |
    sort -r | sed 's/.*=//' | tr '\n' ' '
}
