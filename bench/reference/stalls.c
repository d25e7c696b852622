// What keeps even a loop that never sleeps from a schedule of RATE a second: for SECONDS it reads the clock without a pause and counts
// what is due, by the millisecond in which it got round to it. What is uneven or late here is the machine's own: its hypervisor, its
// interrupts, its other programs.
// usage: stalls RATE SECONDS
// prints: {"stalls":…,"longest_usec":…,"dispersion":…,"p99_usec":…}: pauses of more than 100 us, the longest pause, variance over mean of the
// counts, and how late the 99th percentile was
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define STALL_NS 100000

static long long now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static int by_size(const void *a, const void *b) {
  long long x = *(const long long *)a, y = *(const long long *)b;
  return (x > y) - (x < y);
}

int main(int argc, char **argv) {
  if (argc != 3) { fprintf(stderr, "usage: stalls RATE SECONDS\n"); return 2; }
  double rate = atof(argv[1]), seconds = atof(argv[2]);
  long bins = (long)(seconds * 1000), count = (long)(rate * seconds), due = 0, stalls = 0;
  if (rate <= 0 || bins < 1 || count < 1) { fprintf(stderr, "stalls: RATE and SECONDS must be more than 0\n"); return 2; }
  long *counts = calloc(bins, sizeof *counts);
  long long *late = malloc(count * sizeof *late), longest = 0, base = now_ns(), last = base;
  for (;;) {
    long long now = now_ns();
    if (now - last > STALL_NS) stalls++;
    if (now - last > longest) longest = now - last;
    last = now;
    long bin = (now - base) / 1000000;
    if (bin >= bins) break;
    for (; due < count; due++) {
      long long due_ns = base + (long long)(due * 1e9 / rate);
      if (due_ns > now) break;
      counts[bin]++;
      late[due] = now - due_ns;
    }
  }
  double mean = (double)due / bins, variance = 0;
  for (long i = 0; i < bins; i++) variance += (counts[i] - mean) * (counts[i] - mean) / bins;
  qsort(late, due, sizeof *late, by_size);
  printf("{\"stalls\":%ld,\"longest_usec\":%.0f,\"dispersion\":%.4f,\"p99_usec\":%.1f}\n", stalls, longest / 1e3, variance / mean,
         late[due * 99 / 100] / 1e3);
}
