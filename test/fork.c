/* SPDX-License-Identifier: MIT */
/*
 * fork, exec and exit while a pool is alive.
 *
 * In these tests a process ends. So the test runs itself again, with a scene as
 * its argument.
 */
#include "kit.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* How often a scene is repeated: each time the process ends at another moment
 * of its pool. */
enum { TIMES = 100 };

static const char *program; /* how to run it again */

/* Scenes: each in a process of its own, which ends with 0 if all went well. */

struct scene {
	struct par *pool; /* idle, unless one of these is set */
	struct taker taker;
	struct numbers endless; /* the source of a busy pool */
	pthread_t consumer;
};
/* It is static: an exit leaves it reachable, so it is no leak. */
static struct scene scene;

static void open_scene(struct par_options options)
{
	options.action = action_echo;
	options.workers = 3;
	kit_check(par_open(&scene.pool, &options) == 0, "no pool");
}

static void set_idle(void)
{
	struct par_result result;

	open_scene((struct par_options){ .window = 0 });
	for (int i = 0; i < 5; i++)
		kit_check(par_push(scene.pool, NULL) == 0, "no push");
	for (int i = 0; i < 5; i++)
		kit_check(par_next(scene.pool, &result) == 1, "no result");
}

static void set_awaited(void)
{
	set_idle();
	taker_start(&scene.taker, scene.pool);
}

/* The numbers come in order, each once. The items NULL were pushed. */
static void *consume(void *unused)
{
	struct par_result result;
	uintptr_t last = 0;
	int rc;

	while ((rc = par_next(scene.pool, &result)) == 1)
		if (result.item)
			kit_check(AS_NUMBER(result.item) == ++last,
				  "lost or twice");
	kit_check(rc == 0, "not the end");
	return unused;
}

/* The producer, three workers and a consumer never rest. */
static void set_busy(void)
{
	scene.endless.last = UINTPTR_MAX;
	open_scene((struct par_options){ .generate = numbers_next,
					 .source = &scene.endless,
					 .window = 50,
					 .ordered = true });
	kit_start(&scene.consumer, consume, NULL);
	EVENTUALLY(kit_stats(scene.pool).delivered > 50);
}

/* Asserts that the pool is unharmed, and closes it. */
static void close_scene(void)
{
	struct par_result result;
	struct par_stats stats;

	if (scene.taker.pool) {
		kit_check(par_push(scene.pool, &scene) == 0, "no push");
		taker_join(&scene.taker);
		kit_check(scene.taker.rc == 1, "not taken");
		kit_check(scene.taker.result.item == &scene, "not the item");
	}
	kit_check(par_push(scene.pool, NULL) == 0, "no push");
	par_finish(scene.pool);
	if (scene.endless.last)
		kit_join(scene.consumer);
	else
		kit_check(par_next(scene.pool, &result) == 1, "no result");
	kit_check(par_next(scene.pool, &result) == 0, "not the end");
	stats = kit_stats(scene.pool);
	kit_check(stats.delivered == stats.entered, "lost");
	kit_check(stats.canceled == 0, "canceled");
	kit_check(par_close(scene.pool) == 0, "not closed");
}

/* The ways in which a process ends. */
static void end_by_exit(void)
{
	exit(0);
}

static void end_by_quick_exit(void)
{
	_exit(0);
}

static void end_by_exec(void)
{
	execl(program, program, "nothing", (char *)NULL);
}

static void await_child(pid_t child)
{
	int status;

	kit_check(waitpid(child, &status, 0) == child, "no child");
	kit_check(WIFEXITED(status), "the child crashed or hung");
	kit_check(WEXITSTATUS(status) == 0, "the child failed");
}

static void fork_and(void (*end)(void))
{
	pid_t child = fork();

	kit_check(child >= 0, "no fork");
	if (child == 0) {
		alarm(KIT_PATIENCE);
		end();
		_exit(1);
	}
	await_child(child);
}

static int fork_in_action(void *context, void *item, void **value)
{
	for (int i = 0; i < TIMES; i++) {
		fork_and(end_by_quick_exit);
		fork_and(end_by_exec);
	}
	return 0;
}

static int exit_in_action(void *context, void *item, void **value)
{
	exit(0);
}

/* Runs the action once and waits for it. If the action calls exit(), this does
 * not return. */
static void act(par_action_fn *action)
{
	const struct par_options options = { .action = action, .workers = 2 };
	struct par_result result;

	kit_check(par_open(&scene.pool, &options) == 0, "no pool");
	kit_check(par_push(scene.pool, NULL) == 0, "no push");
	kit_check(par_next(scene.pool, &result) == 1, "no result");
	kit_check(par_close(scene.pool) == 0, "not closed");
}

/* The words of a scene. They are performed one after the other. */
static const struct {
	const char *word;
	void (*perform)(void);
	void (*forked)(void);
	par_action_fn *acted;
} words[] = {
	{ .word = "idle", .perform = set_idle },
	{ .word = "awaited", .perform = set_awaited },
	{ .word = "busy", .perform = set_busy },
	{ .word = "exit", .perform = end_by_exit },
	{ .word = "exec", .perform = end_by_exec },
	{ .word = "fork-exit", .forked = end_by_exit },
	{ .word = "fork-_exit", .forked = end_by_quick_exit },
	{ .word = "fork-exec", .forked = end_by_exec },
	{ .word = "close", .perform = close_scene },
	{ .word = "action-forks", .acted = fork_in_action },
	{ .word = "action-exits", .acted = exit_in_action },
	{ .word = "nothing" },
};
enum { WORDS = sizeof words / sizeof *words };

static void perform(const char *word)
{
	size_t i = 0;

	while (i < WORDS && strcmp(word, words[i].word) != 0)
		i++;
	kit_check(i < WORDS, "no such scene");
	if (words[i].perform)
		words[i].perform();
	if (words[i].acted)
		act(words[i].acted);
	for (int n = 0; words[i].forked && n < TIMES; n++)
		fork_and(words[i].forked);
}

/* Runs a scene of up to three words in another process. */
static void assert_ends_well(const char *a, const char *b, const char *c)
{
	int status;
	pid_t child;

	fflush(NULL);
	alarm(4 * KIT_PATIENCE); /* the limit of the process is shorter */
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		execl(program, program, a, b, c, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void assert_forks_well(const char *word)
{
	assert_ends_well("idle", word, "close");
	assert_ends_well("awaited", word, "close");
	assert_ends_well("busy", word, "close");
}

static void a_forked_child_can_exec_and_the_pool_goes_on(void **state)
{
	assert_forks_well("fork-exec");
}

static void a_forked_child_can_end_and_the_pool_goes_on(void **state)
{
	assert_forks_well("fork-_exit");
}

static void a_forked_child_can_exit_and_the_pool_goes_on(void **state)
{
	assert_forks_well("fork-exit");
}

static void an_action_can_fork(void **state)
{
	assert_ends_well("action-forks", NULL, NULL);
}

static void a_process_can_exit_whatever_its_pool_is_doing(void **state)
{
	for (int i = 0; i < TIMES; i++) {
		assert_ends_well("idle", "exit", NULL);
		assert_ends_well("awaited", "exit", NULL);
		assert_ends_well("busy", "exit", NULL);
	}
}

static void an_action_can_exit_the_process(void **state)
{
	for (int i = 0; i < TIMES; i++)
		assert_ends_well("action-exits", NULL, NULL);
}

static void a_process_can_exec_whatever_its_pool_is_doing(void **state)
{
	for (int i = 0; i < TIMES; i++) {
		assert_ends_well("idle", "exec", NULL);
		assert_ends_well("awaited", "exec", NULL);
		assert_ends_well("busy", "exec", NULL);
	}
}

/* Adds an option to those that a sanitizer reads from the environment. */
static void add_option(const char *variable, const char *option)
{
	const char *before = getenv(variable);
	char after[512];

	snprintf(after, sizeof after, "%s:%s", before ? before : "", option);
	setenv(variable, after, true);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		KIT_TEST(a_forked_child_can_exec_and_the_pool_goes_on),
		KIT_TEST(a_forked_child_can_end_and_the_pool_goes_on),
		KIT_TEST(a_forked_child_can_exit_and_the_pool_goes_on),
		KIT_TEST(an_action_can_fork),
		KIT_TEST(a_process_can_exit_whatever_its_pool_is_doing),
		KIT_TEST(an_action_can_exit_the_process),
		KIT_TEST(a_process_can_exec_whatever_its_pool_is_doing),
	};

	program = argv[0];
	/* For the scenes. When such a process exits, the pool's threads
	 * still exist, and a sanitizer would look for their leaks or wait
	 * for them. */
	add_option("ASAN_OPTIONS", "detect_leaks=0");
	add_option("TSAN_OPTIONS", "atexit_sleep_ms=0");
	if (argc == 1)
		return cmocka_run_group_tests_name("fork", tests, NULL, NULL);
	alarm(3 * KIT_PATIENCE); /* a process that hangs is killed by SIGALRM */
	for (int i = 1; i < argc; i++)
		perform(argv[i]);
	return 0;
}
