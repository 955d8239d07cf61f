/* SPDX-License-Identifier: MIT */
/*
 * One run of a peer, in a process of its own, and what was disturbed about it.
 */
#include "bench.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE = 120 /* s */, PROBE_NS = 2000000, MOST_CORES = 64 };

static cpu_set_t available;

static double now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

void probe_calibrate(void)
{
	sched_getaffinity(0, sizeof available, &available);
}

unsigned cores(unsigned cpus)
{
	unsigned all = (unsigned)CPU_COUNT(&available);

	return cpus && cpus < all ? cpus : all;
}

static cpu_set_t first_cores(unsigned n)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	for (size_t i = 0; i < CPU_SETSIZE && n > 0; i++)
		if (CPU_ISSET(i, &available)) {
			CPU_SET(i, &set);
			n--;
		}
	return set;
}

static cpu_set_t nth_core(unsigned n)
{
	cpu_set_t set = first_cores(n), last = first_cores(n + 1);

	CPU_XOR(&last, &last, &set);
	return last;
}

static pthread_barrier_t start;

/* Spins for a while by its own clock, and compares with the wall's. */
static void *spin(void *argument)
{
	double *given = argument, wall, cpu;

	pthread_barrier_wait(&start);
	wall = now(CLOCK_MONOTONIC);
	cpu = now(CLOCK_THREAD_CPUTIME_ID);
	while (now(CLOCK_THREAD_CPUTIME_ID) < cpu + (double)PROBE_NS)
		;
	*given = (now(CLOCK_THREAD_CPUTIME_ID) - cpu) /
		 (now(CLOCK_MONOTONIC) - wall);
	return NULL;
}

double probe(unsigned cpus)
{
	unsigned n = cores(cpus);
	pthread_t threads[MOST_CORES];
	double given[MOST_CORES], least = 1;
	pthread_attr_t attributes;

	if (n > MOST_CORES)
		n = MOST_CORES;
	pthread_barrier_init(&start, NULL, n);
	pthread_attr_init(&attributes);
	for (unsigned i = 0; i < n; i++) {
		cpu_set_t core = nth_core(i);

		pthread_attr_setaffinity_np(&attributes, sizeof core, &core);
		if (pthread_create(&threads[i], &attributes, spin, &given[i]))
			abort();
	}
	for (unsigned i = 0; i < n; i++) {
		pthread_join(threads[i], NULL);
		if (given[i] < least)
			least = given[i];
	}
	pthread_attr_destroy(&attributes);
	pthread_barrier_destroy(&start);
	return least;
}

struct task task_of(const struct workload *w, unsigned bound, unsigned items,
		    unsigned workers)
{
	struct task t = { .work = w->work,
			  .workers = (unsigned)w->workers.number[workers],
			  .cpus = w->cpus,
			  .burn = w->burn,
			  .bound = w->bound.number[bound],
			  .items = w->items.number[items],
			  .cost = w->cost };

	if (t.bound == PER_WORKER)
		t.bound = t.workers;
	if (t.items == PER_WORKER)
		t.items = t.workers;
	return t;
}

static void become(const struct peer *peer, const struct task *task, int out)
{
	char workers[24], bound[24], items[24], cost[24];
	cpu_set_t set = first_cores(cores(task->cpus));

	snprintf(workers, sizeof workers, "%u", task->workers);
	snprintf(bound, sizeof bound, "%llu", (unsigned long long)task->bound);
	snprintf(items, sizeof items, "%llu", (unsigned long long)task->items);
	snprintf(cost, sizeof cost, "%llu", (unsigned long long)task->cost);
	sched_setaffinity(0, sizeof set, &set);
	dup2(out, STDOUT_FILENO);
	alarm(PATIENCE);
	execl(peer->path, peer->path, task->work, workers, bound, items, cost,
	      (char *)NULL);
	_exit(126);
}

/* Other programs on the same cores. They end with the run, or by themselves. */
static void burn(const struct task *task, pid_t *burners)
{
	cpu_set_t set = first_cores(cores(task->cpus));

	for (unsigned i = 0; i < task->burn; i++) {
		burners[i] = fork();
		if (burners[i] < 0)
			abort();
		if (burners[i] > 0)
			continue;
		sched_setaffinity(0, sizeof set, &set);
		alarm(PATIENCE);
		for (;;)
			;
	}
}

static void stop_burning(const struct task *task, const pid_t *burners)
{
	for (unsigned i = 0; i < task->burn; i++) {
		kill(burners[i], SIGKILL);
		waitpid(burners[i], NULL, 0);
	}
}

/* The n-th number of the key, from 0; -1: there is none. */
static double value_of(const char *line, const char *key, unsigned n)
{
	char quoted[32];
	const char *at;

	snprintf(quoted, sizeof quoted, "\"%s\":", key);
	at = strstr(line, quoted);
	if (!at)
		return -1;
	at += strlen(quoted);
	while (n-- > 0)
		at += strcspn(at, ",") + 1;
	return strtod(at + strspn(at, " ["), NULL);
}

/* A peer that counted wrong has lost something. */
static void check(struct run *run, uint64_t items)
{
	double sum = (double)items * (double)(items + 1) / 2;

	run->items = items;
	run->wall = value_of(run->line, "wall_ns", 0);
	run->cpu = value_of(run->line, "cpu_ns", 0);
	run->switches = value_of(run->line, "switches", 0);
	run->peak = value_of(run->line, "peak_kib", 0);
	run->late = value_of(run->line, "latency_ns", 2);
	run->latency = value_of(run->line, "latency_ns", 0);
	if (value_of(run->line, "items", 0) != (double)items ||
	    value_of(run->line, "sum", 0) != sum || run->wall <= 0)
		run->status = FAILED;
}

static size_t read_all(int fd, char *to, size_t size)
{
	size_t used = 0;
	ssize_t got;

	while (used + 1 < size &&
	       (got = read(fd, to + used, size - 1 - used)) > 0)
		used += (size_t)got;
	to[used] = '\0';
	to[strcspn(to, "\n")] = '\0';
	return used;
}

struct run run_peer(const struct peer *peer, const struct task *task)
{
	struct run run = { .given = probe(task->cpus) };
	int ends[2], status;
	pid_t child, burners[MOST_BURNERS];
	double after;

	burn(task, burners); /* before there is a pipe to be kept open */
	if (pipe(ends) || (child = fork()) < 0)
		abort();
	if (child == 0)
		become(peer, task, ends[1]);
	close(ends[1]);
	read_all(ends[0], run.line, sizeof run.line);
	close(ends[0]);
	waitpid(child, &status, 0);
	stop_burning(task, burners);
	after = probe(task->cpus);
	if (after < run.given)
		run.given = after;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		run.status = CANNOT;
	else if (status != 0)
		run.status = FAILED;
	else
		check(&run, task->items);
	return run;
}
