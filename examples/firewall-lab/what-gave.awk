# Reads what firewall-lab.sh --real watched of a firewall, once a second, and says what gave first and in which second.
# A sample begins with a line `time` and ends with a line `end`; the lines between are those of /proc with a word before them.

# A number of /proc in hexadecimal.
function hex(text,    i, n) {
  for (i = 1; i <= length(text); i++) n = n * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
  return n
}

# 1234567 as 1,234,567.
function grouped(n,    text, out) {
  text = sprintf("%d", n)
  for (; length(text) > 3; text = substr(text, 1, length(text) - 3)) out = "," substr(text, length(text) - 2) out
  return text out
}

# What a counter has gained since the sample before; 0 in its first.
function gained(name, value,    before) {
  before = name in last ? last[name] : value
  last[name] = value
  return value - before
}

function core(name) {
  return sprintf("core %s %d %% busy (softirq %d %%, kernel %d %%, programs %d %%)", name, busy[name], softirq[name], kernel[name], user[name])
}

# The first thing that gave, without the processor, which is looked at when the highest rate is known.
function gave(what, how) {
  if (first != "") return
  first = what
  first_at = at
  first_how = when ": " how
}

/^time / {
  at = $2
  if (start == "") start = at
  softnet = program_ticks = own_ticks = 0
}

# proc_stat(5): user nice system idle iowait irq softirq steal, in hundredths of a second.
/^cpu/ {
  name = substr($1, 4)
  for (i = 2; i <= 9; i++) sum[name] += $i
  total = gained("total " name, sum[name])
  sum[name] = 0
  idle = gained("idle " name, $5 + $6)
  in_softirq = gained("softirq " name, $7 + $8)
  in_kernel = gained("kernel " name, $4)
  in_programs = gained("programs " name, $2 + $3)
  program_ticks += in_programs
  if (!(name in busy)) names[++cores] = name
  busy[name] = total > 0 ? 100 * (total - idle) / total : 0
  softirq[name] = total > 0 ? 100 * in_softirq / total : 0
  kernel[name] = total > 0 ? 100 * in_kernel / total : 0
  user[name] = total > 0 ? 100 * in_programs / total : 0
}

# The second column of /proc/net/softnet_stat: packets that found the queue of a core full.
/^softnet / { softnet += hex($3) }
/^entries / {
  entries = $2
  room = $3
  if (entries > most_entries) most_entries = entries
}
/^conntrack entries / {
  for (i = 2; i <= NF; i++) column[$i] = i
  refused = evicted = clashed = 0
}
/^conntrack [0-9a-f]+ / {
  refused += hex($column["drop"])
  evicted += hex($column["early_drop"])
  clashed += hex($column["insert_failed"])
}
# proc_net_dev: errors and drops of what was received, then of what was sent.
/^interface / { lost[$2] = $5 + $6 + $13 + $14 }
/^passed / { passed = $2 }
# proc_pid_stat(5): the 14th field is the time in user mode.
/^program / { own_ticks += gained("program " $2, $14) }

/^end/ {
  seconds = at - before_at
  before_at = at
  rate = gained("passed", passed) / seconds
  all_evicted += gained("evicted", evicted)
  all_clashed += gained("clashed", clashed)
  all_refused += now_refused = gained("refused", refused)
  all_queued += now_queued = gained("softnet", softnet)
  all_inside += now_inside = gained("inside", lost["inside"])
  all_outside += now_outside = gained("outside", lost["outside"])
  if (rate <= 0) next

  text = ""
  busiest = names[1]
  for (i = 1; i <= cores; i++) {
    text = text (i > 1 ? "; " : "") core(names[i])
    if (busy[names[i]] > busy[busiest]) busiest = names[i]
  }
  if (rate > highest) {
    highest = rate
    highest_text = text
  }
  measured += seconds
  # In hundredths of a second, as per cent of a core where the second is one.
  others_now = program_ticks > own_ticks ? program_ticks - own_ticks : 0
  others += others_now

  when = sprintf("at %s new connections/s, %d s after the start", grouped(rate), at - start)
  dropped = now_queued + now_inside + now_outside
  if (now_refused > 0) gave("the connection table", grouped(entries) " of " grouped(room) " entries were taken, and " grouped(now_refused) " packets were dropped")
  if (dropped > 0) gave("the queues of packets", grouped(dropped) " packets were dropped; " core(busiest))
  if (busy[busiest] >= 97) {
    full++
    full_rate[full] = rate
    full_at[full] = at
    full_how[full] = when ": " core(busiest)
    full_others[full] = others_now / seconds
  }
}

END {
  for (i = 1; i <= full; i++) {
    # While the ends start, a core is full at a rate that says nothing.
    if (full_rate[i] < highest / 2 || first != "" && first_at < full_at[i]) continue
    first = "the processor"
    first_how = full_how[i]
    first_others = full_others[i]
    break
  }
  if (first == "") print "Nothing gave: no core was full, the connection table had room, and no packet was dropped."
  else if (first_others > 20) printf("What gave first is not known: a core was full %s, and other programs took %d %% of a core then.\n", first_how, first_others)
  else print "What gave first: " first ", " first_how "."
  print "  highest rate      " grouped(highest) " new connections/s in one second"
  print "  processor then    " highest_text
  print "  connection table  " grouped(most_entries) " of " grouped(room) " entries at most; " grouped(all_evicted) " closed connections evicted for new ones,"
  print "                    " grouped(all_refused) " packets dropped because it was full, " grouped(all_clashed) " inserts failed"
  print "  packets dropped   inside " grouped(all_inside) ", outside " grouped(all_outside) ", queues of the cores " grouped(all_queued)
  print "Softirq is the firewall and the veth pairs, programs are the two ends. They share the cores of this machine."
  if (measured > 0 && others / measured > 20) printf("Other programs of this machine took %d %% of a core meanwhile: measure again when they do not.\n", others / measured)
}
