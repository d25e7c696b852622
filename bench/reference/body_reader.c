// What reading responses costs without a runtime: closed loop, K connections always in flight; each reads to EOF and drops
// what came. One thread, one epoll set. `copy` has the bytes copied out of the kernel, as any reader does; `trunc` has the
// kernel drop them (MSG_TRUNC, tcp(7)).
// usage: body_reader PORT IN_FLIGHT SECONDS copy|trunc
// prints: {"bytes_per_sec":…,"usec_per_connection":…,"responses_per_sec":…,"errors":…}
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static struct sockaddr_in target;
static int ep;
static long started, done, errors;
static double bytes;
static char buf[256 * 1024];

static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + t.tv_nsec * 1e-9; }

static int start(void) {
  int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (s < 0) return -1;
  if (connect(s, (void *)&target, sizeof target) < 0 && errno != EINPROGRESS) { errors++; close(s); return -1; }
  struct epoll_event e = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.fd = s};
  epoll_ctl(ep, EPOLL_CTL_ADD, s, &e);
  started++;
  return 0;
}

int main(int argc, char **argv) {
  if (argc != 5) { fprintf(stderr, "usage: body_reader PORT IN_FLIGHT SECONDS copy|trunc\n"); return 2; }
  int in_flight = atoi(argv[2]), flags = strcmp(argv[4], "trunc") ? 0 : MSG_TRUNC;
  double seconds = atof(argv[3]);
  target = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  ep = epoll_create1(0);
  struct epoll_event evs[512];
  double t0 = now();
  while (now() - t0 < seconds) {
    while (started - done < in_flight && !start()) {}
    int n = epoll_wait(ep, evs, 512, 100);
    for (int i = 0; i < n; i++) {
      int fd = evs[i].data.fd;
      ssize_t r;
      while ((r = recv(fd, buf, sizeof buf, flags)) > 0) bytes += r;
      if (r < 0 && errno == EAGAIN) continue;
      if (r < 0) errors++;
      close(fd);
      done++;
    }
  }
  double elapsed = now() - t0;
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  double cpu = u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6;
  printf("{\"bytes_per_sec\":%.0f,\"usec_per_connection\":%.2f,\"responses_per_sec\":%.1f,\"errors\":%ld}\n", bytes / elapsed, cpu / done * 1e6, done / elapsed, errors);
}
