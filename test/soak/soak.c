/* SPDX-License-Identifier: MIT */
/*
 * Everything a pool offers, mixed at random, for hours: each round draws its
 * options, its callbacks and its end from a seed, and checks that each item
 * that entered came back once, with what its action left. soak.sh runs it.
 *
 *     soak SECONDS SEED
 */
#include <signal.h>

#include "soak.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	MOST_ITEMS = 4000,
	MOST_WORKERS = 64,
	MOST_CONSUMERS = 3,
	MOST_RESULTS = 8,
	/* A round takes well under a second; with other programs, limits and
	 * stops, some seconds. */
	PATIENCE_S = 300,
	NS_PER_S = 1000000000,
	NS_PER_MS = 1000000
};
/* So late a call may return whose time is over: on a busy machine its thread
 * may not run for half a minute. */
#define LATE_NS (UINT64_C(100) * NS_PER_S)

struct counts counts;
static struct round *current;

static void print_round(const struct round *r, const char *what)
{
	const struct par_options *o = &r->options;

	fprintf(stderr,
		"soak: seed %" PRIu64 ": %s\n  fate %d, %u workers, capacity "
		"%zu, window %zu, ordered %d, generator %d, interrupt %d, "
		"%zu items, %u consumers\n",
		r->seed, what, r->fate, o->workers, o->capacity, o->window,
		o->ordered, o->generate != NULL, o->interrupt, r->most,
		r->consumers);
}

void round_failed(const struct round *r, const char *condition,
		  const char *file, int line)
{
	print_round(r, condition);
	fprintf(stderr, "  %s:%d, errno %d\n", file, line, errno);
	abort();
}

static void out_of_patience(int signal)
{
	(void)signal;
	print_round(current, "hangs");
	abort();
}

static void hear(int signal)
{
	(void)signal;
}

uint64_t roll(uint64_t *dice, uint64_t sides)
{
	uint64_t z = *dice += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (z ^ z >> 31) % sides;
}

uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

void check_time(const struct round *r, int rc, uint64_t since, int timeout_ms)
{
	const uint64_t took = clock_ns() - since;
	const uint64_t least = (uint64_t)timeout_ms * NS_PER_MS;

	CHECK(r, rc != -ETIMEDOUT || took >= least);
	CHECK(r, rc != -ETIMEDOUT || took <= least + LATE_NS);
}

/* How a consumer asks: for ever, for some time, or by the descriptor. */
static int take(struct round *r, struct par_result *results, uint64_t *dice)
{
	const uint64_t way = roll(dice, 4), since = clock_ns();
	const int timeout_ms = way == 2 ? 0 : (int)roll(dice, 4);
	int fd, rc;

	if (way == 0)
		return par_next(r->pool, results);
	fd = way == 2 ? par_fd(r->pool) : -1;
	if (fd >= 0)
		poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 100);
	if (way == 3)
		rc = par_next_many(r->pool, results, MOST_RESULTS,
				   1 + (unsigned)roll(dice, MOST_RESULTS),
				   timeout_ms);
	else
		rc = par_next_timed(r->pool, results, timeout_ms);
	check_time(r, rc, since, timeout_ms);
	return rc;
}

/* Returns true if the consumer is to leave. What else it has taken it checks.
 */
static bool see(struct round *r, const struct par_result *result,
		uint64_t *last)
{
	items_check(r, result);
	CHECK(r, !r->options.ordered || *last == 0 || result->index >= *last);
	*last = result->index + 1;
	atomic_fetch_add(&counts.results, 1);
	return atomic_fetch_add(&r->taken, 1) >= r->take_at_most;
}

static void *consume(void *round)
{
	struct round *r = round;
	uint64_t dice = r->seed + atomic_fetch_add(&r->asking, 1), last = 0;
	struct par_result results[MOST_RESULTS];
	bool leaves = false;
	int rc;

	do {
		rc = take(r, results, &dice);
		for (int i = 0; i < rc; i++)
			leaves |= see(r, &results[i], &last);
		if (rc > 1)
			atomic_fetch_add(&counts.batches, 1);
	} while (!leaves && (rc > 0 || rc == -ETIMEDOUT));
	CHECK(r, rc >= 0 || rc == -EIO || rc == -ENOMEM);
	if (rc < 0)
		atomic_fetch_add(&counts.source_failures, 1);
	return NULL;
}

static unsigned entries(const char *folder)
{
	unsigned count = 0;
	DIR *dir = opendir(folder);

	while (dir && readdir(dir))
		count++;
	if (dir)
		closedir(dir);
	return count;
}

static void draw_options(struct round *r, uint64_t *dice)
{
	struct par_options *o = &r->options;

	*o = (struct par_options){
		.action = items_act,
		.workers =
			1 + (unsigned)roll(dice, 1 + roll(dice, MOST_WORKERS)),
		.context = r,
		.capacity = roll(dice, 3) ? 0 : 1 + roll(dice, 100),
		.window = roll(dice, 3) ? 0 : 1 + roll(dice, 100),
		.ordered = roll(dice, 3) == 0,
		.discard = items_discard,
		.stack_size = roll(dice, 2) ? 0 : 256 * 1024,
		.interrupt = roll(dice, 2) ? INTERRUPT : 0,
		.name = "soak",
	};
	if (roll(dice, 4)) {
		o->generate = items_generate;
		o->source = r;
	}
	if (roll(dice, 3) == 0) {
		o->key = items_key;
		o->key_limit = (unsigned)roll(dice, 3);
	}
	o->idle_ms = roll(dice, 3) ? 0 : 1 + (unsigned)roll(dice, 3);
	o->time_limit_ms = roll(dice, 3) ? 0 : 1 + (unsigned)roll(dice, 3);
	o->timed = (unsigned)roll(dice, 2);
	if (roll(dice, 2)) {
		o->worker_open = items_open_state;
		o->worker_close = items_close_state;
	}
}

static void draw(struct round *r, uint64_t seed)
{
	uint64_t dice = seed;

	*r = (struct round){ .seed = seed,
			     .since = clock_ns(),
			     .numbers = r->numbers };
	draw_options(r, &dice);
	r->fate = (enum fate)roll(&dice, FATES);
	r->most = 1 + roll(&dice, 1 + roll(&dice, MOST_ITEMS));
	r->generated = roll(&dice, r->most + 1);
	r->consumers = 1 + (unsigned)roll(&dice, MOST_CONSUMERS);
	r->take_at_most =
		r->fate == FATE_CLOSE ? roll(&dice, r->most) : SIZE_MAX;
	for (size_t i = 0; i < r->most; i++) {
		atomic_init(&r->numbers[i].entered, 0);
		atomic_init(&r->numbers[i].ran, 0);
		atomic_init(&r->numbers[i].back, 0);
		atomic_init(&r->numbers[i].withdrawing, 0);
	}
}

static void close_round(struct round *r)
{
	const uint64_t since = clock_ns();
	int rc = -ETIMEDOUT;

	if (r->seed % 2) {
		rc = par_close_timed(r->pool, (int)(r->seed % 3));
		check_time(r, rc, since, (int)(r->seed % 3));
	}
	if (rc == -ETIMEDOUT && r->seed % 2)
		atomic_fetch_add(&counts.late_closes, 1);
	if (rc == -ETIMEDOUT)
		rc = par_close(r->pool);

	CHECK(r, rc == 0 || rc == -EIO || rc == -ENOMEM);
	for (size_t i = 0; i < r->most; i++)
		CHECK(r, r->numbers[i].entered == r->numbers[i].back);
	CHECK(r, r->opened == r->closed);
}

static void run_threads(struct round *r)
{
	pthread_t consumers[MOST_CONSUMERS], trouble;

	for (unsigned i = 0; i < r->consumers; i++)
		CHECK(r, pthread_create(&consumers[i], NULL, consume, r) == 0);
	CHECK(r, pthread_create(&trouble, NULL, make_trouble, r) == 0);
	while (!r->options.generate && r->made < r->most)
		items_push_one(r, r->pool, -1);
	for (unsigned i = 0; i < r->consumers; i++)
		CHECK(r, pthread_join(consumers[i], NULL) == 0);
	atomic_store(&r->over, true);
	CHECK(r, pthread_join(trouble, NULL) == 0);
}

static void run(struct round *r)
{
	const unsigned fds = entries("/proc/self/fd");
	int rc;

	alarm(PATIENCE_S);
	CHECK(r, pipe(r->silence) == 0);
	rc = par_open(&r->pool, &r->options);
	if (rc == 0) {
		run_threads(r);
		close_round(r);
	} else {
		/* The first worker_open has failed. */
		CHECK(r, rc == -EIO && !r->pool && r->options.worker_open);
		CHECK(r, r->opened == r->closed);
		atomic_fetch_add(&counts.unopened, 1);
	}
	close(r->silence[0]);
	close(r->silence[1]);
	CHECK(r, entries("/proc/self/fd") == fds);
	atomic_fetch_add(&counts.rounds, 1);
}

static void print_counts(void)
{
#define PRINT(name) printf("%s %lu\n", #name, atomic_load(&counts.name));
	COUNTS(PRINT)
	fflush(stdout);
}

/* The first pthread_exit() of a process loads a library, and ends the process
 * if it cannot. */
static void *exit_thread(void *unused)
{
	(void)unused;
	pthread_exit(NULL);
}

int main(int argc, char **argv)
{
	const struct sigaction heard = { .sa_handler = hear };
	struct round round = { .seed = 0 };
	pthread_t first;
	uint64_t until, seed;

	if (argc != 3) {
		fputs("usage: soak SECONDS SEED\n", stderr);
		return 2;
	}
	until = clock_ns() + strtoull(argv[1], NULL, 10) * NS_PER_S;
	seed = strtoull(argv[2], NULL, 10);
	round.numbers = calloc(MOST_ITEMS + 1, sizeof *round.numbers);
	if (!round.numbers || sigaction(DISTURBANCE, &heard, NULL) ||
	    pthread_create(&first, NULL, exit_thread, NULL) ||
	    pthread_join(first, NULL))
		return 2;
	current = &round;
	signal(SIGALRM, out_of_patience);
	do {
		draw(&round, seed++);
		run(&round);
	} while (clock_ns() < until);
	print_counts();
	free(round.numbers);
	return 0;
}
