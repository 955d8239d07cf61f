/* SPDX-License-Identifier: MIT */
/*
 * Changes the wall clock of the whole machine many times a second, by up to
 * some hours, forwards and backwards. After SECONDS, or by a signal that ends
 * it, it puts the clock right, by the monotonic clock. Only for a virtual
 * machine of one's own: soak.sh --wall-clock runs it. Without a second it only
 * tries whether it may.
 *
 *     wall_clock SECONDS SEED
 */
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	NS_PER_US = 1000,
	NS_PER_MS = 1000000,
	NS_PER_S = 1000000000,
	MOST_S = 4 * 3600,
	MOST_PAUSE_MS = 100,
	READINGS = 100,
	ATTEMPTS = 1000
};

static int64_t read_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* How far the wall clock is ahead of the monotonic clock. What comes between
 * the two readings only makes it more. */
static int64_t lead(void)
{
	int64_t least = INT64_MAX, before, found;

	for (int i = 0; i < READINGS; i++) {
		before = read_clock(CLOCK_MONOTONIC);
		found = read_clock(CLOCK_REALTIME) - before;
		if (found < least)
			least = found;
	}
	return least;
}

static bool set_lead(int64_t ns)
{
	const int64_t wall = read_clock(CLOCK_MONOTONIC) + ns;

	return !clock_settime(CLOCK_REALTIME,
			      &(struct timespec){ .tv_sec = wall / NS_PER_S,
						  .tv_nsec = wall % NS_PER_S });
}

/* Returns how much is missing. What comes between reading one clock and setting
 * the other makes it more: then once more. */
static int64_t put_right(int64_t right)
{
	int64_t missing = INT64_MAX;

	for (int i = 0; i < ATTEMPTS && llabs(missing) >= NS_PER_MS; i++) {
		(void)set_lead(right);
		missing = right - lead();
	}
	return missing;
}

static int64_t draw(void)
{
	return (int64_t)(random() % (2 * MOST_S) - MOST_S) * NS_PER_S +
	       random() % NS_PER_S;
}

static bool is_told_to_end(const sigset_t *ends)
{
	const struct timespec pause = { .tv_nsec = random() % (MOST_PAUSE_MS *
							       NS_PER_MS) };

	return sigtimedwait(ends, NULL, &pause) > 0;
}

int main(int argc, char **argv)
{
	const int64_t right = lead();
	int64_t until, missing;
	unsigned long changes = 0;
	sigset_t ends;

	if (argc != 3) {
		fputs("usage: wall_clock SECONDS SEED\n", stderr);
		return 2;
	}
	until = read_clock(CLOCK_MONOTONIC) + (int64_t)atol(argv[1]) * NS_PER_S;
	srandom((unsigned)strtoul(argv[2], NULL, 10));
	sigemptyset(&ends);
	sigaddset(&ends, SIGHUP);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	if (!set_lead(right)) {
		perror("the wall clock cannot be changed");
		return 1;
	}
	while (read_clock(CLOCK_MONOTONIC) < until && !is_told_to_end(&ends))
		changes += set_lead(right + draw());
	missing = put_right(right);
	printf("changes %lu, missing at the end %" PRId64 " us\n", changes,
	       missing / NS_PER_US);
	return llabs(missing) >= NS_PER_MS;
}
