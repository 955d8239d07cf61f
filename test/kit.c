/* SPDX-License-Identifier: MIT */
#include "kit.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { ERRNO_MARK = 4242 };

static const char *current = "(no test)";
static unsigned threads_before, descriptors_before;

static _Noreturn void die(const char *why)
{
	static const char line[] = ": in test ";

	/* write(2): this runs in a signal handler too. */
	if (write(STDERR_FILENO, why, strlen(why)) < 0 ||
	    write(STDERR_FILENO, line, sizeof line - 1) < 0 ||
	    write(STDERR_FILENO, current, strlen(current)) < 0 ||
	    write(STDERR_FILENO, "\n", 1) < 0)
		_exit(99);
	_exit(98);
}

void kit_die(const char *why)
{
	die(why);
}

static void on_alarm(int signal)
{
	die("time limit");
}

static unsigned entries(const char *path)
{
	DIR *dir = opendir(path);
	unsigned count = 0;

	if (!dir)
		kit_die("needs /proc");
	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 2; /* . and .. */
}

unsigned kit_threads(void)
{
	return entries("/proc/self/task");
}

unsigned kit_descriptors(void)
{
	return entries("/proc/self/fd") - 1; /* opendir's own */
}

static void *do_nothing(void *nothing)
{
	return nothing;
}

/* A sanitizer may start a thread of its own beside the first of the program's:
 * that is not one that a test has left. */
static void start_first_thread(void)
{
	static bool started;
	pthread_t thread;

	if (started)
		return;
	started = true;
	if (pthread_create(&thread, NULL, do_nothing, NULL) ||
	    pthread_join(thread, NULL))
		kit_die("no thread");
}

int kit_setup(void **state)
{
	current = *state;
	start_first_thread();
	signal(SIGALRM, on_alarm);
	alarm(3 * KIT_PATIENCE);
	threads_before = kit_threads();
	descriptors_before = kit_descriptors();
	return 0;
}

/* Whether no more threads are left than there were. A joined one may still be
 * listed for a moment; one of a test that failed half-way stays. */
static bool threads_are_gone(void)
{
	for (long tries = 0; kit_threads() > threads_before; tries++) {
		if (tries > 500)
			return false;
		kit_nap(tries, "threads to go");
	}
	return true;
}

int kit_teardown(void **state)
{
	alarm(0);
	if (!threads_are_gone()) {
		print_error("%s left threads behind\n", current);
		return -1;
	}
	if (kit_descriptors() != descriptors_before) {
		print_error("%s left descriptors behind\n", current);
		return -1;
	}
	return 0;
}

void kit_nap(long tries, const char *what)
{
	struct timespec nap = { 0, tries < 100 ? 100000 : 2000000 };
	int saved = errno;

	if (tries > KIT_PATIENCE * 500L)
		kit_die(what);
	/* Whole, however many signals come: the patience is made of naps. */
	while (nanosleep(&nap, &nap) && errno == EINTR)
		continue;
	errno = saved;
}

static void wait_limited(struct gate *gate)
{
	struct timespec limit;
	int saved = errno;

	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_sec += KIT_PATIENCE;
	if (pthread_cond_timedwait(&gate->moved, &gate->lock, &limit))
		kit_die("gate: nobody came");
	errno = saved;
}

void gate_pass(struct gate *gate)
{
	pthread_mutex_lock(&gate->lock);
	gate->arrived++;
	pthread_cond_broadcast(&gate->moved);
	while (!gate->open)
		wait_limited(gate);
	pthread_mutex_unlock(&gate->lock);
}

void gate_await(struct gate *gate, unsigned arrived)
{
	pthread_mutex_lock(&gate->lock);
	while (gate->arrived < arrived)
		wait_limited(gate);
	pthread_mutex_unlock(&gate->lock);
}

void gate_open(struct gate *gate)
{
	pthread_mutex_lock(&gate->lock);
	gate->open = true;
	pthread_cond_broadcast(&gate->moved);
	pthread_mutex_unlock(&gate->lock);
}

void gate_close(struct gate *gate)
{
	pthread_mutex_lock(&gate->lock);
	gate->open = false;
	gate->arrived = 0;
	pthread_mutex_unlock(&gate->lock);
}

unsigned gate_arrived(struct gate *gate)
{
	unsigned arrived;

	pthread_mutex_lock(&gate->lock);
	arrived = gate->arrived;
	pthread_mutex_unlock(&gate->lock);
	return arrived;
}

double kit_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return 1e3 * (double)now.tv_sec + 1e-6 * (double)now.tv_nsec;
}

bool kit_readable(int fd)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };

	return poll(&poller, 1, 0) == 1 &&
	       (poller.revents & (POLLIN | POLLHUP)) != 0;
}

void tally_open(struct tally *tally, size_t count)
{
	tally->count = count;
	tally->seen = calloc(count, sizeof *tally->seen);
	if (!tally->seen)
		kit_die("out of memory");
}

void tally_see(struct tally *tally, size_t item)
{
	if (item >= tally->count)
		kit_die("an item that never went in");
	atomic_fetch_add(&tally->seen[item], 1);
}

void tally_close(struct tally *tally)
{
	free(tally->seen);
}

void tally_assert_once(const struct tally *tally)
{
	for (size_t i = 0; i < tally->count; i++)
		if (atomic_load(&tally->seen[i]) != 1)
			fail_msg("item %zu of %zu came %u times", i,
				 tally->count, atomic_load(&tally->seen[i]));
}

int numbers_next(void *numbers, void **item)
{
	struct numbers *source = numbers;

	atomic_fetch_add(&source->calls, 1);
	if (source->next == source->last)
		return source->end;
	*item = AS_ITEM(++source->next);
	return 1;
}

int gated_numbers_next(void *gated, void **item)
{
	struct gated_numbers *source = gated;

	if (source->hold && source->numbers.next == source->at)
		gate_pass(source->hold);
	return numbers_next(&source->numbers, item);
}

int action_echo(void *context, void *item, void **value)
{
	*value = item;
	return 0;
}

int action_gated(void *gate, void *item, void **value)
{
	gate_pass(gate);
	return action_echo(NULL, item, value);
}

struct par *kit_open(const struct par_options *options)
{
	struct par *pool = NULL;

	errno = ERRNO_MARK;
	assert_int_equal(par_open(&pool, options), 0);
	assert_int_equal(errno, ERRNO_MARK);
	assert_non_null(pool);
	return pool;
}

struct par_options kit_gated_options(struct gated_numbers *numbers,
				     struct gate *gate)
{
	return (struct par_options){
		.action = gate ? action_gated : action_echo,
		.workers = 1,
		.generate = numbers ? gated_numbers_next : NULL,
		.source = numbers,
		.context = gate,
	};
}

struct par *kit_open_gated(struct gated_numbers *numbers, struct gate *gate)
{
	const struct par_options options = kit_gated_options(numbers, gate);

	return kit_open(&options);
}

void kit_close(struct par *pool, int expected)
{
	errno = ERRNO_MARK;
	assert_int_equal(par_close(pool), expected);
	assert_int_equal(errno, ERRNO_MARK);
}

uint64_t kit_drain(struct par *pool, struct tally *tally, int *end)
{
	struct par_result result;
	uint64_t count = 0;
	int rc;

	while ((rc = par_next(pool, &result)) == 1) {
		count++;
		if (tally)
			tally_see(tally, AS_NUMBER(result.item) - 1);
	}
	if (end)
		*end = rc;
	return count;
}

struct par_result kit_take(struct par *pool)
{
	struct par_result result = { .error = 0 };

	assert_int_equal(par_next(pool, &result), 1);
	return result;
}

struct par_stats kit_stats(struct par *pool)
{
	struct par_stats stats;

	par_stats(pool, &stats);
	return stats;
}

void kit_linger(void)
{
	const struct timespec moment = { 0, 5000000 };

	nanosleep(&moment, NULL);
}

/* Whether the thread sleeps in a system call. */
static bool asleep(int task)
{
	char path[64], line[128] = "";
	const char *name_end;
	FILE *file;

	snprintf(path, sizeof path, "/proc/self/task/%d/stat", task);
	file = fopen(path, "r");
	if (!file)
		return false;
	if (!fgets(line, sizeof line, file))
		line[0] = 0;
	fclose(file);
	name_end = strrchr(line, ')');
	return name_end && name_end[1] == ' ' && name_end[2] == 'S';
}

static void *take_one(void *argument)
{
	struct taker *taker = argument;

	atomic_store(&taker->id, (int)syscall(SYS_gettid));
	taker->rc = par_next(taker->pool, &taker->result);
	return NULL;
}

void taker_start(struct taker *taker, struct par *pool)
{
	*taker = (struct taker){ .pool = pool };
	if (pthread_create(&taker->thread, NULL, take_one, taker))
		kit_die("no thread");
	EVENTUALLY(taker->id != 0 && asleep(taker->id));
}

void taker_join(struct taker *taker)
{
	if (pthread_join(taker->thread, NULL))
		kit_die("not joined");
}
