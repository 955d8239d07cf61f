/* SPDX-License-Identifier: MIT */
/*
 * What happens to a program while its pool works: signals, children, a system
 * without descriptors, threads or memory. And calls from a thread that is not
 * one of the pool's.
 */
#include "soak.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

static void rest(uint64_t *dice, uint64_t most_us)
{
	const struct timespec pause = { .tv_nsec = (long)roll(dice, most_us) *
						   1000 };

	nanosleep(&pause, NULL);
}

static void look(struct round *r, uint64_t *dice)
{
	struct par_stats s;

	(void)dice;
	par_stats(r->pool, &s);
	CHECK(r, s.entered == s.queued + s.running + s.ready + s.delivered);
	CHECK(r, s.started == s.running + s.finished);
	CHECK(r, s.started + s.canceled + s.queued == s.entered);
	CHECK(r, s.workers <= r->options.workers);
	CHECK(r, s.running <= r->options.workers);
	if (s.refused)
		atomic_fetch_add(&counts.unstarted, 1);
	atomic_fetch_add(&counts.snapshots, 1);
}

static void disturb(struct round *r, uint64_t *dice)
{
	for (uint64_t left = 1 + roll(dice, 20); left > 0; left--) {
		CHECK(r, kill(getpid(), DISTURBANCE) == 0);
		atomic_fetch_add(&counts.signals, 1);
	}
}

static void fork_one(struct round *r, uint64_t *dice)
{
	const bool lingers = roll(dice, 4) == 0;
	pid_t child = fork();
	int status;

	if (child == 0) {
		if (lingers)
			usleep(2000);
		_exit(par_close(r->pool) != -ECHILD);
	}
	if (child < 0) {
		atomic_fetch_add(&counts.no_forks, 1);
		return;
	}
	while (waitpid(child, &status, 0) < 0)
		CHECK(r, errno == EINTR);
	CHECK(r, status == 0);
	atomic_fetch_add(&counts.forks, 1);
}

/* The next descriptor that the process would get. */
static rlim_t next_descriptor(void)
{
	const int fd = dup(STDERR_FILENO);

	close(fd);
	return fd < 0 ? 0 : (rlim_t)fd;
}

/* The address space that the process has, and a little. */
static rlim_t address_space(uint64_t *dice)
{
	unsigned long pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	if (file) {
		if (fscanf(file, "%lu", &pages) != 1)
			pages = 0;
		fclose(file);
	}
	return pages * (rlim_t)sysconf(_SC_PAGESIZE) +
	       roll(dice, 64) * 1024 * 1024;
}

/* Lowers a limit for a moment. root has no limit of threads. */
static void limit(struct round *r, uint64_t *dice)
{
	static const int resources[] = { RLIMIT_NOFILE, RLIMIT_NPROC,
					 RLIMIT_AS };
	const int resource = resources[roll(dice, SANITIZED ? 2 : 3)];
	struct rlimit before, now;

	CHECK(r, getrlimit((unsigned)resource, &before) == 0);
	now = before;
	if (resource == RLIMIT_NOFILE)
		now.rlim_cur = next_descriptor() + roll(dice, 3);
	else if (resource == RLIMIT_NPROC)
		now.rlim_cur = 1 + roll(dice, 200);
	else
		now.rlim_cur = address_space(dice);
	if (now.rlim_cur == 0 || now.rlim_cur > before.rlim_cur ||
	    setrlimit((unsigned)resource, &now))
		return;
	rest(dice, 5000);
	if (resource == RLIMIT_NPROC)
		fork_one(r, dice);
	CHECK(r, setrlimit((unsigned)resource, &before) == 0);
	atomic_fetch_add(&counts.limits, 1);
}

static void push(struct round *r, uint64_t *dice)
{
	items_push_one(r, r->pool, (int)roll(dice, 4) - 1);
}

static void withdraw(struct round *r, uint64_t *dice)
{
	const size_t made = atomic_load(&r->made);
	const size_t number =
		1 + roll(dice, made < r->most ? made + 1 : r->most);
	int rc;

	atomic_store(&r->numbers[number - 1].withdrawing, 1);
	rc = par_withdraw(r->pool, (void *)number);
	CHECK(r, rc == 0 || rc == 1 || rc == -ENOENT);
	if (rc == 0)
		atomic_fetch_add(&counts.withdrawn, 1);
}

/* For a moment. */
static void change_limit(struct round *r, uint64_t *dice)
{
	CHECK(r, par_limit(r->pool, (unsigned)roll(dice, r->options.workers)) ==
			 0);
	rest(dice, 2000);
	CHECK(r, par_limit(r->pool, r->options.workers) == 0);
}

static void idle(struct round *r, uint64_t *dice)
{
	(void)r;
	rest(dice, 3000);
}

static void end(struct round *r, uint64_t *dice)
{
	if (roll(dice, 8) > 0)
		return;
	if (r->fate == FATE_CANCEL)
		par_cancel(r->pool);
	else if (r->fate == FATE_FINISH || !r->options.generate)
		par_finish(r->pool);
}

void *make_trouble(void *round)
{
	static void (*const strikes[])(struct round *, uint64_t *) = {
		look, disturb,	fork_one,     limit, push,
		idle, withdraw, change_limit, end,   idle,
	};
	struct round *r = round;
	uint64_t dice = r->seed ^ 0x5eed;

	while (!atomic_load(&r->over)) {
		strikes[roll(&dice, sizeof strikes / sizeof *strikes)](r,
								       &dice);
		rest(&dice, 500);
	}
	return NULL;
}
