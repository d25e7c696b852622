// How late this machine wakes a thread that does nothing else: sleeps to a schedule of RATE a second for SECONDS, with the
// timer slack at 1 ns as conngen has it. What is late here is late for every generator.
// usage: sleeper RATE SECONDS
// prints: {"p50_usec":…,"p99_usec":…,"p99_9_usec":…}
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(int argc, char **argv) {
  if (argc != 3) { fprintf(stderr, "usage: sleeper RATE SECONDS\n"); return 2; }
  double rate = atof(argv[1]);
  long count = (long)(rate * atof(argv[2]));
  if (rate <= 0 || count < 1) { fprintf(stderr, "sleeper: RATE and SECONDS must be more than 0\n"); return 2; }
  double *late = malloc(count * sizeof *late);
  prctl(PR_SET_TIMERSLACK, 1);
  struct timespec base, due, now;
  clock_gettime(CLOCK_MONOTONIC, &base);
  for (long i = 0; i < count; i++) {
    double ns = base.tv_nsec + (i + 1) * 1e9 / rate;
    due.tv_sec = base.tv_sec + (long)(ns / 1e9);
    due.tv_nsec = (long)(ns - (double)(long)(ns / 1e9) * 1e9);
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, 0);
    clock_gettime(CLOCK_MONOTONIC, &now);
    late[i] = (now.tv_sec - due.tv_sec) * 1e6 + (now.tv_nsec - due.tv_nsec) / 1e3;
  }
  qsort(late, count, sizeof *late, by_size);
  printf("{\"p50_usec\":%.1f,\"p99_usec\":%.1f,\"p99_9_usec\":%.1f}\n", late[count / 2], late[count * 99 / 100], late[count * 999 / 1000]);
}
