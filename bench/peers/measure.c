/* SPDX-License-Identifier: MIT */
#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static struct job job;
static struct timespec cost;
static enum { NOTHING, SPIN, SLEEP } kind;

/* The source's thread and the caller's each write their own line. */
static _Alignas(128) uintptr_t made;
static _Alignas(128) uintptr_t received;
static uintptr_t sum;
static uint64_t trip_began, *trips, *made_at;
static _Alignas(128) uint64_t began;
static uint64_t cpu_before;
static long switches_before;

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t ns_of(struct timeval t)
{
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_usec * 1000u;
}

static void use(uint64_t *cpu, long *switches, long *peak)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	*cpu = ns_of(usage.ru_utime) + ns_of(usage.ru_stime);
	*switches = usage.ru_nvcsw + usage.ru_nivcsw;
	*peak = usage.ru_maxrss;
}

struct job measure_begin(int argc, char **argv)
{
	uint64_t ns;
	long peak;
	bool with_trips;

	if (argc != 6) {
		fprintf(stderr, "usage: %s WORK WORKERS BOUND ITEMS COST_NS\n",
			argv[0]);
		exit(2);
	}
	job.work = argv[1];
	job.workers = (unsigned)strtoul(argv[2], NULL, 10);
	job.bound = strtoul(argv[3], NULL, 10);
	job.items = strtoul(argv[4], NULL, 10);
	job.ping = strcmp(job.work, "ping") == 0;
	with_trips = strstr(job.work, "-trips") != NULL;
	ns = strtoull(argv[5], NULL, 10);
	cost.tv_sec = (time_t)(ns / 1000000000u);
	cost.tv_nsec = (long)(ns % 1000000000u);
	kind = strcmp(job.work, "spin") == 0	    ? SPIN
	       : strncmp(job.work, "sleep", 5) == 0 ? SLEEP
						    : NOTHING;
	if (strcmp(job.work, "timed") == 0)
		job.timed_ms = (int)(ns / 1000000u);
	if ((job.ping || job.timed_ms || with_trips) &&
	    !(trips = calloc(job.items, sizeof *trips)))
		exit(2);
	if (with_trips && !(made_at = calloc(job.items, sizeof *made_at)))
		exit(2);
	use(&cpu_before, &switches_before, &peak);
	began = clock_ns(CLOCK_MONOTONIC);
	return job;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void print_trips(void)
{
	static const double at[] = { 0.5, 0.9, 0.99, 0.999, 1 };

	qsort(trips, received, sizeof *trips, compare);
	printf(", \"latency_ns\": [");
	for (size_t i = 0; i < sizeof at / sizeof *at; i++)
		printf("%s%llu", i ? ", " : "",
		       (unsigned long long)
			       trips[(size_t)(at[i] * (double)(received - 1))]);
	printf("]");
}

int measure_end(void)
{
	uint64_t wall = clock_ns(CLOCK_MONOTONIC) - began, cpu;
	long switches, peak;

	use(&cpu, &switches, &peak);
	printf("{\"items\": %llu, \"sum\": %llu, \"wall_ns\": %llu, "
	       "\"cpu_ns\": %llu, \"switches\": %ld, \"peak_kib\": %ld",
	       (unsigned long long)received, (unsigned long long)sum,
	       (unsigned long long)wall, (unsigned long long)(cpu - cpu_before),
	       switches - switches_before, peak);
	if (trips && received > 0)
		print_trips();
	printf("}\n");
	return 0;
}

void measure_cannot(void)
{
	exit(77);
}

bool source_next(uintptr_t *item)
{
	if (made == job.items)
		return false;
	if (made_at)
		made_at[made] = clock_ns(CLOCK_MONOTONIC);
	*item = made++;
	return true;
}

uintptr_t action(uintptr_t item)
{
	uint64_t until;

	if (kind == SLEEP) {
		nanosleep(&cost, NULL);
	} else if (kind == SPIN) {
		/* The thread's own time: who is not running does not work. */
		until = clock_ns(CLOCK_THREAD_CPUTIME_ID) +
			(uint64_t)cost.tv_sec * 1000000000u +
			(uint64_t)cost.tv_nsec;
		while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < until)
			;
	}
	return item + 1;
}

void trip_begins(void)
{
	trip_began = clock_ns(CLOCK_MONOTONIC);
}

void receive(uintptr_t result)
{
	if (trips)
		trips[received] = clock_ns(CLOCK_MONOTONIC) -
				  (made_at ? made_at[result - 1] : trip_began);
	received++;
	sum += result;
}
