/* SPDX-License-Identifier: MIT */
#include "kit.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *current = "(no test)";
static unsigned threads_before, descriptors_before;

static _Noreturn void die(const char *why)
{
	static const char line[] = ": in test ";

	/* write(2), because this may run in a signal handler. */
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

void kit_check(bool holds, const char *why)
{
	if (!holds)
		kit_die(why);
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
	return entries("/proc/self/fd") - 1; /* without that of opendir() */
}

struct kit_memory kit_memory(void)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	FILE *file = fopen("/proc/self/statm", "r");
	size_t size, resident;

	if (!file || fscanf(file, "%zu %zu", &size, &resident) != 2)
		kit_die("needs /proc");
	fclose(file);
	return (struct kit_memory){ size * page, resident * page };
}

unsigned long kit_status(int task, const char *name)
{
	const size_t length = strlen(name);
	char path[64], line[128];
	unsigned long number = 0;
	FILE *file;

	snprintf(path, sizeof path, "/proc/self/task/%d/status", task);
	file = fopen(path, "r");
	if (!file)
		kit_die("needs /proc");
	while (fgets(line, sizeof line, file))
		if (strncmp(line, name, length) == 0 && line[length] == ':')
			number = strtoul(line + length + 1, NULL, 10);
	fclose(file);
	return number;
}

struct rlimit kit_limit_descriptors(rlim_t count)
{
	struct rlimit before, now;
	int lowest = dup(STDIN_FILENO);

	assert_true(lowest >= 0);
	close(lowest);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	now = before;
	now.rlim_cur = (rlim_t)lowest + count;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
	return before;
}

int kit_in_child(int (*body)(void))
{
	int status;
	pid_t child;

	fflush(NULL);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		exit(body());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

void kit_start(pthread_t *thread, void *(*body)(void *), void *argument)
{
	kit_check(pthread_create(thread, NULL, body, argument) == 0,
		  "no thread");
}

void *kit_join(pthread_t thread)
{
	void *returned;

	kit_check(pthread_join(thread, &returned) == 0, "not joined");
	return returned;
}

static void *do_nothing(void *nothing)
{
	return nothing;
}

/* A sanitizer may start a thread of its own when the program starts its first
 * one. Such a thread was not left by a test. */
static void start_first_thread(void)
{
	static bool started;
	pthread_t thread;

	if (started)
		return;
	started = true;
	kit_start(&thread, do_nothing, NULL);
	kit_join(thread);
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

/* Whether there are no more threads than before the test. A joined thread may
 * be listed for a moment. A thread of a test that failed half-way stays. */
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
	/* Signals do not make a nap shorter: the patience is counted in
	 * naps. */
	while (nanosleep(&nap, &nap) && errno == EINTR)
		continue;
	errno = saved;
}

void kit_linger(void)
{
	const struct timespec moment = { 0, 5000000 };

	nanosleep(&moment, NULL);
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

void kit_await_readable(int fd)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };

	while (poll(&poller, 1, -1) < 1)
		continue;
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
