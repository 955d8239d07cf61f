/* SPDX-License-Identifier: MIT */
/*
 * par_open: the options it refuses, its defaults, the options it copies, and
 * what it undoes; programs built with a smaller or a larger header; and NULL as
 * an argument of every call.
 */
#include "kit.h"

#include <signal.h>

/* Counts every callback of a pool. It is context and source of the pools that
 * must fail to open. */
struct counts {
	atomic_uint generated, opened, acted, closed, discarded;
	int open_returns;
	struct gate *open_passes;
};

static int count_generate(void *counts, void **item)
{
	atomic_fetch_add(&((struct counts *)counts)->generated, 1);
	return 0;
}

static int count_open(void *context, void **state)
{
	struct counts *counts = context;

	atomic_fetch_add(&counts->opened, 1);
	*state = counts;
	if (counts->open_passes)
		gate_pass(counts->open_passes);
	return counts->open_returns;
}

static int exit_open(void *counts, void **state)
{
	count_open(counts, state);
	pthread_exit(NULL);
}

static int count_action(void *counts, void *item, void **value)
{
	atomic_fetch_add(&((struct counts *)counts)->acted, 1);
	*value = item;
	return 0;
}

static void count_close(void *counts)
{
	atomic_fetch_add(&((struct counts *)counts)->closed, 1);
}

/* Options that are accepted. */
static struct par_options counting(struct counts *counts)
{
	return (struct par_options){ .action = count_action,
				     .workers = 2,
				     .generate = count_generate,
				     .source = counts,
				     .context = counts,
				     .worker_open = count_open,
				     .worker_close = count_close };
}

static const struct par_sizes own_sizes = { sizeof(struct par_options),
					    sizeof(struct par_result),
					    sizeof(struct par_stats) };

/* par_open() returns this number, and leaves nothing behind. */
static void assert_fails(const struct par_options *options,
			 const struct par_sizes *sizes, int expected)
{
	struct par *pool = (void *)&pool;
	unsigned threads = kit_threads();

	errno = KIT_ERRNO;
	assert_int_equal(par_open_sized(&pool, options, sizes), expected);
	assert_int_equal(errno, KIT_ERRNO);
	assert_null(pool);
	EVENTUALLY(kit_threads() <= threads);
}

/* The options are refused before anything has started. */
static void assert_refused(const struct par_options *options,
			   const struct counts *counts)
{
	assert_fails(options, &own_sizes, -EINVAL);
	assert_int_equal(counts->opened, 0);
	assert_int_equal(counts->generated, 0);
}

/*
 * Options that are refused.
 */

static void options_of_null_are_refused(void **state)
{
	assert_fails(NULL, &own_sizes, -EINVAL);
}

static void sizes_of_null_are_refused(void **state)
{
	struct counts counts = { 0 };
	struct par_options options = counting(&counts);

	assert_fails(&options, NULL, -EINVAL);
	assert_int_equal(counts.opened, 0);
	assert_int_equal(counts.generated, 0);
}

static void no_place_for_the_pool_is_refused(void **state)
{
	struct counts counts = { 0 };
	struct par_options options = counting(&counts);

	assert_int_equal(par_open(NULL, &options), -EINVAL);
	assert_int_equal(par_open(NULL, NULL), -EINVAL);
	assert_int_equal(counts.opened, 0);
	assert_int_equal(counts.generated, 0);
}

static void no_action_is_refused(void **state)
{
	struct counts counts = { 0 };
	struct par_options options = counting(&counts);

	options.action = NULL;
	assert_refused(&options, &counts);
}

static void no_workers_are_refused(void **state)
{
	struct counts counts = { 0 };
	struct par_options options = counting(&counts);

	options.workers = 0;
	assert_refused(&options, &counts);
}

static void a_capacity_that_overflows_is_refused(void **state)
{
	const size_t capacities[] = { SIZE_MAX, SIZE_MAX - 1, SIZE_MAX / 2 + 1,
				      SIZE_MAX / sizeof(void *) + 1 };
	struct counts counts = { 0 };
	struct par_options options = counting(&counts);

	for (size_t i = 0; i < sizeof capacities / sizeof *capacities; i++) {
		options.capacity = capacities[i];
		assert_refused(&options, &counts);
	}
}

static void a_stack_size_that_overflows_is_refused(void **state)
{
	struct counts counts = { 0 };
	struct par_options options = counting(&counts);

	options.stack_size = SIZE_MAX;
	assert_refused(&options, &counts);
	options.stack_size = SIZE_MAX / 4 + 1;
	assert_refused(&options, &counts);
}

static void a_window_takes_any_size(void **state)
{
	struct counts counts = { 0 };
	struct par_options options = counting(&counts);
	struct par *pool;

	options.window = SIZE_MAX;
	pool = kit_open(&options);
	assert_int_equal(kit_drain(pool, NULL, NULL), 0);
	kit_close(pool, 0);
}

static void an_unknown_signal_is_refused(void **state)
{
	const int signals[] = { -1, INT_MIN, INT_MAX, NSIG };
	struct counts counts = { 0 };
	struct par_options options = counting(&counts);

	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
		options.interrupt = signals[i];
		assert_refused(&options, &counts);
	}
}

static void a_signal_that_cannot_be_handled_is_refused(void **state)
{
	struct counts counts = { 0 };
	struct par_options options = counting(&counts);

	options.interrupt = SIGKILL;
	assert_refused(&options, &counts);
	options.interrupt = SIGSTOP;
	assert_refused(&options, &counts);
}

static void handle(int signal)
{
}

static void a_signal_whose_handler_restarts_calls_is_refused(void **state)
{
	struct sigaction restarting = { .sa_handler = handle,
					.sa_flags = SA_RESTART };
	struct sigaction before;
	struct counts counts = { 0 };
	struct par_options options = counting(&counts);

	assert_int_equal(sigaction(SIGUSR1, &restarting, &before), 0);
	options.interrupt = SIGUSR1;
	assert_refused(&options, &counts);
	assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
}

static void refused_options_install_no_handler(void **state)
{
	struct counts counts = { 0 };
	struct par_options options = counting(&counts);
	struct sigaction after;

	options.interrupt = SIGUSR2;
	options.capacity = SIZE_MAX;
	assert_refused(&options, &counts);
	assert_int_equal(sigaction(SIGUSR2, NULL, &after), 0);
	assert_true(after.sa_handler == SIG_DFL);
}

/*
 * The start of a pool, and its undoing.
 */

static void the_first_worker_is_open_when_par_open_returns(void **state)
{
	struct counts counts = { 0 };
	struct par_options options = counting(&counts);
	struct par *pool;

	options.generate = NULL;
	pool = kit_open(&options);
	assert_int_equal(counts.opened, 1);
	assert_int_equal(kit_stats(pool).workers, 1);
	assert_int_equal(counts.closed, 0);
	kit_close(pool, 0);
	assert_int_equal(counts.closed, 1);
}

static void only_a_generator_has_a_producer(void **state)
{
	struct counts counts = { 0 };
	struct par_options options = counting(&counts);
	unsigned threads = kit_threads();
	struct par *pool;

	options.generate = NULL;
	pool = kit_open(&options);
	EVENTUALLY(kit_threads() <= threads + 2); /* the supervisor */
	kit_close(pool, 0);

	options.generate = count_generate;
	pool = kit_open(&options);
	EVENTUALLY(counts.generated == 1);
	kit_close(pool, 0);
}

static void without_a_generator_par_finish_alone_ends_the_input(void **state)
{
	struct par *pool = kit_open_echo();
	struct par_result result;

	kit_linger();
	assert_false(kit_stats(pool).ended);
	assert_int_equal(par_next_timed(pool, &result, 0), -ETIMEDOUT);
	kit_push(pool, NULL);
	assert_int_equal(par_next(pool, &result), 1);
	assert_int_equal(par_next_timed(pool, &result, 1), -ETIMEDOUT);
	par_finish(pool);
	assert_int_equal(par_next(pool, &result), 0);
	kit_close(pool, 0);
}

/* Calls par_open() on another thread. */
struct opener {
	const struct par_options *options;
	struct par *pool;
	int returned;
	atomic_bool done;
};

static void *open_elsewhere(void *argument)
{
	struct opener *opener = argument;

	opener->returned = par_open(&opener->pool, opener->options);
	atomic_store(&opener->done, true);
	return NULL;
}

static void a_slow_first_worker_open_holds_par_open(void **state)
{
	struct gate hold = GATE_CLOSED;
	struct counts counts = { .open_passes = &hold };
	struct par_options options = counting(&counts);
	struct opener opener = { .options = &options, .returned = 1 };
	pthread_t thread;

	kit_start(&thread, open_elsewhere, &opener);
	gate_await(&hold, 1);
	kit_linger();
	assert_false(opener.done);
	assert_int_equal(counts.generated, 0);
	gate_open(&hold);
	kit_join(thread);
	assert_int_equal(opener.returned, 0);
	EVENTUALLY(counts.generated == 1);
	kit_close(opener.pool, 0);
}

static void a_failed_first_worker_open_comes_back_untouched(void **state)
{
	const int failures[] = { 1, 7, -1, -EAGAIN, -98765, INT_MAX, INT_MIN };

	for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
		struct counts counts = { .open_returns = failures[i] };
		struct par_options options = counting(&counts);

		assert_fails(&options, &own_sizes, failures[i]);
		assert_int_equal(counts.opened, 1);
	}
}

static void a_failed_first_worker_open_leaves_nothing_generated(void **state)
{
	struct gate hold = GATE_CLOSED;
	struct counts counts = { .open_returns = 7, .open_passes = &hold };
	struct par_options options = counting(&counts);
	struct opener opener = { .options = &options };
	pthread_t thread;

	kit_start(&thread, open_elsewhere, &opener);
	gate_await(&hold, 1);
	kit_linger();
	gate_open(&hold);
	kit_join(thread);
	assert_int_equal(opener.returned, 7);
	assert_null(opener.pool);
	assert_int_equal(counts.generated, 0);
	assert_int_equal(counts.acted, 0);
	assert_int_equal(counts.closed, 0);
}

static void a_first_worker_open_that_exits_fails_with_eintr(void **state)
{
	struct counts counts = { 0 };
	struct par_options options = counting(&counts);

	options.worker_open = exit_open;
	assert_fails(&options, &own_sizes, -EINTR);
	assert_int_equal(counts.opened, 1);
	assert_int_equal(counts.generated, 0);
	assert_int_equal(counts.closed, 0);
}

static void *push_one(void *pool)
{
	if (par_push(pool, NULL))
		kit_die("not pushed");
	return NULL;
}

enum { LATER_FAILURE = -43 };

/* The first worker_open gives the pool to another thread, which pushes, so that
 * a second worker is started. It returns when the second worker has failed, has
 * run the item or is held by the gate. */
struct telling {
	atomic_uint opened;
	int first, later;  /* what the first and later ones return */
	struct gate *hold; /* holds the second worker_open, or NULL */
};

static bool later_is_there(const struct telling *t)
{
	struct par_stats now = kit_stats(par_self());

	if (t->hold)
		return gate_arrived(t->hold) == 1;
	return t->later ? now.refused == t->later : now.ready == 1;
}

static int open_and_tell(void *telling, void **state)
{
	struct telling *t = telling;
	pthread_t thread;

	if (atomic_fetch_add(&t->opened, 1) > 0) {
		if (t->hold)
			gate_pass(t->hold);
		return t->later;
	}
	kit_start(&thread, push_one, par_self());
	kit_join(thread);
	EVENTUALLY(later_is_there(t));
	return t->first;
}

/* Returns what par_open() returns. */
static int open_telling(struct telling *t, struct par **pool)
{
	return par_open(pool, &(struct par_options){
				      .action = action_echo,
				      .workers = 2,
				      .context = t,
				      .worker_open = open_and_tell,
			      });
}

static void a_second_one_that_fails_meanwhile_is_not_the_first(void **state)
{
	struct telling telling = { .later = LATER_FAILURE };
	struct par *pool;

	assert_int_equal(open_telling(&telling, &pool), 0);
	assert_null(kit_take(pool).item);
	kit_close(pool, 0);
}

static void a_second_one_that_is_open_does_not_stand_for_the_first(void **state)
{
	struct telling telling = { .first = -42 };
	struct par *pool;

	assert_int_equal(open_telling(&telling, &pool), -42);
	assert_null(pool);
}

static void a_second_one_that_is_slow_is_not_waited_for(void **state)
{
	struct gate hold = GATE_CLOSED;
	struct telling telling = { .hold = &hold };
	struct par *pool;

	assert_int_equal(open_telling(&telling, &pool), 0);
	gate_open(&hold);
	assert_null(kit_take(pool).item);
	kit_close(pool, 0);
}

static void *do_nothing(void *nothing)
{
	return nothing;
}

/* Returns what pthread_create() returns for this stack size. */
static int try_stack(size_t size)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int rc;

	assert_int_equal(pthread_attr_init(&attributes), 0);
	assert_int_equal(pthread_attr_setstacksize(&attributes, size), 0);
	rc = pthread_create(&thread, &attributes, do_nothing, NULL);
	if (rc == 0)
		kit_join(thread);
	pthread_attr_destroy(&attributes);
	return rc;
}

/* No address space is large enough for such a stack, yet nothing overflows. */
static void a_refused_thread_is_eagain_and_undone(void **state)
{
	struct counts counts = { 0 };
	struct par_options options = counting(&counts);

	options.stack_size = KIT_HUGE_STACK;
	if (try_stack(options.stack_size) != EAGAIN)
		return; /* 32 bits, or valgrind, which starts the thread */
	assert_fails(&options, &own_sizes, -EAGAIN);
	assert_int_equal(counts.opened, 0);
	assert_int_equal(counts.generated, 0);
}

/* The header says that this is not too much to ask for. */
static void a_stack_of_a_quarter_of_size_max_is_asked_for(void **state)
{
	struct counts counts = { 0 };
	struct par_options options = counting(&counts);

	options.stack_size = SIZE_MAX / 4;
	if (sizeof(size_t) == 4 || try_stack(options.stack_size) != EAGAIN)
		return; /* there is room for it, or so valgrind says */
	assert_fails(&options, &own_sizes, -EAGAIN);
	options.stack_size++;
	assert_fails(&options, &own_sizes, -EINVAL);
}

/*
 * Defaults.
 */

/* Passes the gate that is its item. Its value is the name of its thread. */
static int name_action(void *context, void *item, void **value)
{
	char *name = calloc(1, 16);

	if (!name || pthread_getname_np(pthread_self(), name, 16))
		kit_die("no name");
	gate_pass(item);
	*value = name;
	return 0;
}

static void assert_named(struct par *pool, const char *prefix)
{
	struct par_result result;

	assert_int_equal(par_next(pool, &result), 1);
	assert_memory_equal(result.value, prefix, strlen(prefix));
	free(result.value);
}

static void threads_are_named_par_by_default(void **state)
{
	struct gate opened = GATE_CLOSED;
	struct par *pool = kit_open_action(name_action, 1, NULL);

	gate_open(&opened);
	kit_push(pool, &opened);
	assert_named(pool, "par-0");
	kit_close(pool, 0);
}

static size_t own_stack_size(void)
{
	pthread_attr_t attributes;
	size_t size;

	if (pthread_getattr_np(pthread_self(), &attributes) ||
	    pthread_attr_getstacksize(&attributes, &size))
		kit_die("no stack size");
	pthread_attr_destroy(&attributes);
	return size;
}

static int stack_action(void *context, void *item, void **value)
{
	*value = AS_ITEM(own_stack_size());
	return 0;
}

static void *stack_thread(void *argument)
{
	return AS_ITEM(own_stack_size());
}

static void stacks_are_the_systems_by_default(void **state)
{
	struct par *pool = kit_open_action(stack_action, 1, NULL);
	struct par_result result;
	pthread_t thread;
	void *size;

	kit_start(&thread, stack_thread, NULL);
	size = kit_join(thread);
	kit_push(pool, NULL);
	assert_int_equal(par_next(pool, &result), 1);
	assert_int_equal(AS_NUMBER(result.value), AS_NUMBER(size));
	kit_close(pool, 0);
}

/* Passes the gate that is its item. Its value is the context. */
static int item_gated(void *context, void *item, void **value)
{
	*value = context;
	return action_item_gated(context, item, value);
}

static void results_come_in_the_order_of_their_end_by_default(void **state)
{
	struct gate slow = GATE_CLOSED, quick = GATE_CLOSED;
	struct par *pool = kit_open_action(item_gated, 2, NULL);
	struct par_result result;

	gate_open(&quick);
	kit_push(pool, &slow);
	gate_await(&slow, 1);
	kit_push(pool, &quick);
	assert_int_equal(par_next(pool, &result), 1);
	assert_ptr_equal(result.item, &quick);
	gate_open(&slow);
	assert_int_equal(par_next(pool, &result), 1);
	assert_ptr_equal(result.item, &slow);
	kit_close(pool, 0);
}

static void the_context_is_null_by_default(void **state)
{
	struct gate opened = GATE_CLOSED;
	struct par *pool = kit_open_action(item_gated, 1, NULL);
	struct par_result result = { .value = &result };

	gate_open(&opened);
	kit_push(pool, &opened);
	assert_int_equal(par_next(pool, &result), 1);
	assert_null(result.value);
	kit_close(pool, 0);
}

/*
 * Copies.
 */

static int count_and_echo(void *state, void *item, void **value)
{
	struct counts *counts = state;

	gate_pass(counts->open_passes);
	return count_action(counts, item, value);
}

static void count_discarded(void *counts, const struct par_result *left)
{
	atomic_fetch_add(&((struct counts *)counts)->discarded, 1);
}

/* Each option is used again after the program's own copy is overwritten: the
 * generator begins, a second worker starts, and an item is left. */
static void the_options_are_copied(void **state)
{
	struct gate opened = GATE_CLOSED, both = GATE_CLOSED,
		    hold = GATE_CLOSED;
	struct gated_numbers held = { .numbers.last = 100, .hold = &hold };
	struct counts counts = { .open_passes = &opened };
	struct par_options options = counting(&counts);
	struct par_sizes sizes = own_sizes;
	struct par *pool;

	gate_open(&opened);
	options.action = count_and_echo;
	options.generate = gated_numbers_next;
	options.source = &held;
	options.discard = count_discarded;
	assert_int_equal(par_open_sized(&pool, &options, &sizes), 0);
	counts.open_passes = &both;
	memset(&options, 0xff, sizeof options);
	memset(&sizes, 0xff, sizeof sizes);

	gate_open(&hold);
	gate_await(&both, 2);
	gate_open(&both);
	for (int i = 0; i < 99; i++)
		assert_int_equal(par_next(pool, &(struct par_result){ 0 }), 1);
	EVENTUALLY(counts.acted == 100);
	kit_close(pool, 0);
	assert_int_equal(counts.discarded, 1);
	assert_int_equal(counts.opened, 2);
	assert_int_equal(counts.closed, 2);
}

static void the_name_is_copied(void **state)
{
	struct gate both = GATE_CLOSED;
	char name[] = "copied";
	struct par *pool = kit_open(&(struct par_options){
		.action = name_action, .workers = 2, .name = name });

	memset(name, 'x', strlen(name));
	for (int i = 0; i < 2; i++)
		kit_push(pool, &both);
	gate_await(&both, 2); /* so the second worker runs an item */
	gate_open(&both);
	for (int i = 0; i < 2; i++)
		assert_named(pool, "copied");
	kit_close(pool, 0);
}

/*
 * Other headers.
 */

/* The options end before the field at `end`. The bytes after it are set so that
 * the open would fail, or crash, if they were read. */
static void smaller_options_are_zero_where_they_end(void **state)
{
	const size_t ends[] = { offsetof(struct par_options, worker_open),
				offsetof(struct par_options, discard),
				offsetof(struct par_options, stack_size),
				offsetof(struct par_options, interrupt),
				offsetof(struct par_options, name) };

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		struct numbers numbers = { .last = 3 };
		struct par_options options = { .action = action_echo,
					       .workers = 1,
					       .generate = numbers_next,
					       .source = &numbers };
		struct par_sizes sizes = own_sizes;
		struct par *pool;

		memset((char *)&options + ends[i], 0xff,
		       sizeof options - ends[i]);
		sizes.options = ends[i];
		assert_int_equal(par_open_sized(&pool, &options, &sizes), 0);
		assert_int_equal(kit_drain(pool, NULL, NULL), 3);
		kit_close(pool, 0);
	}
}

static void smaller_options_are_not_read_past_their_end(void **state)
{
	const size_t end = offsetof(struct par_options, source);
	const struct par_options whole = { .action = action_echo,
					   .workers = 1 };
	struct par_sizes sizes = own_sizes;
	void *part = malloc(end); /* ASan would report a read past its end */
	struct par *pool;

	assert_non_null(part);
	memcpy(part, &whole, end);
	sizes.options = end;
	assert_int_equal(par_open_sized(&pool, part, &sizes), 0);
	kit_push(pool, NULL);
	par_finish(pool);
	assert_int_equal(kit_drain(pool, NULL, NULL), 1);
	kit_close(pool, 0);
	free(part);
}

static void options_too_small_for_what_is_required_are_refused(void **state)
{
	const size_t ends[] = { 0, offsetof(struct par_options, workers) };
	struct counts counts = { 0 };
	struct par_options options = counting(&counts);
	struct par_sizes sizes = own_sizes;

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		sizes.options = ends[i];
		assert_fails(&options, &sizes, -EINVAL);
	}
	assert_int_equal(counts.opened, 0);
}

struct later_options {
	struct par_options known;
	unsigned char more[40];
};

static void larger_options_that_are_zero_are_taken(void **state)
{
	struct counts counts = { 0 };
	struct later_options options = { .known = counting(&counts) };
	struct par_sizes sizes = own_sizes;
	struct par *pool;

	memset(options.more, 0, sizeof options.more);
	sizes.options = sizeof options;
	assert_int_equal(par_open_sized(&pool, &options.known, &sizes), 0);
	assert_int_equal(kit_drain(pool, NULL, NULL), 0);
	kit_close(pool, 0);
}

static void an_option_the_library_does_not_know_is_refused(void **state)
{
	struct counts counts = { 0 };
	struct later_options options = { .known = counting(&counts) };
	struct par_sizes sizes = own_sizes;

	sizes.options = sizeof options;
	for (size_t i = 0; i < sizeof options.more; i++) {
		memset(options.more, 0, sizeof options.more);
		options.more[i] = 1;
		assert_fails(&options.known, &sizes, -EINVAL);
	}
	assert_int_equal(counts.opened, 0);
	assert_int_equal(counts.generated, 0);
}

/* Each of these bytes is still 0xa5. */
static void assert_unwritten(const void *from, size_t count)
{
	const unsigned char *bytes = from;

	for (size_t i = 0; i < count; i++)
		assert_int_equal(bytes[i], 0xa5);
}

struct discarded {
	struct par_result result; /* the part that is known */
	size_t known;
};

static void keep_discarded(void *discarded, const struct par_result *left)
{
	struct discarded *kept = discarded;

	memcpy(&kept->result, left, kept->known);
}

static void nothing_is_written_past_a_smaller_result(void **state)
{
	const size_t ends[] = { offsetof(struct par_result, value),
				offsetof(struct par_result, error),
				offsetof(struct par_result, worker),
				offsetof(struct par_result, index) };

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		struct discarded kept = { .known = ends[i] };
		const struct par_options options = { .action = action_echo,
						     .workers = 1,
						     .context = &kept,
						     .discard =
							     keep_discarded };
		struct par_sizes sizes = own_sizes;
		struct par_result result;
		struct par *pool;

		memset(&result, 0xa5, sizeof result);
		sizes.result = ends[i];
		assert_int_equal(par_open_sized(&pool, &options, &sizes), 0);
		kit_push_number(pool, 1);
		assert_int_equal(par_next(pool, &result), 1);
		assert_ptr_equal(result.item, AS_ITEM(1));
		assert_unwritten((char *)&result + ends[i],
				 sizeof result - ends[i]);
		kit_push_number(pool, 2);
		kit_close(pool, 0);
		assert_ptr_equal(kept.result.item, AS_ITEM(2));
	}
}

static void nothing_is_written_past_a_smaller_stats(void **state)
{
	const size_t ends[] = { 0, offsetof(struct par_stats, delivered),
				offsetof(struct par_stats, workers),
				offsetof(struct par_stats, ended) };

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		const struct par_options options = { .action = action_echo,
						     .workers = 1 };
		struct par_sizes sizes = own_sizes;
		struct par_stats stats;
		struct par *pool;

		memset(&stats, 0xa5, sizeof stats);
		sizes.stats = ends[i];
		assert_int_equal(par_open_sized(&pool, &options, &sizes), 0);
		kit_push(pool, NULL);
		par_stats(pool, &stats);
		if (ends[i])
			assert_int_equal(stats.entered, 1);
		assert_unwritten((char *)&stats + ends[i],
				 sizeof stats - ends[i]);
		kit_close(pool, 0);
	}
}

/* A program with larger structures than the library gets the known part. */
static void larger_results_and_stats_are_filled_as_far_as_known(void **state)
{
	const struct par_options options = { .action = action_echo,
					     .workers = 1 };
	struct par_sizes sizes = { sizeof options,
				   sizeof(struct par_result) + 24,
				   sizeof(struct par_stats) + 24 };
	const unsigned char nothing[24] = { 0 };
	struct {
		struct par_result known;
		unsigned char more[24], fence[8];
	} result;
	struct {
		struct par_stats known;
		unsigned char more[24], fence[8];
	} stats;
	struct par *pool;

	memset(&result, 0xa5, sizeof result);
	memset(&stats, 0xa5, sizeof stats);
	assert_int_equal(par_open_sized(&pool, &options, &sizes), 0);
	kit_push_number(pool, 5);
	assert_int_equal(par_next(pool, &result.known), 1);
	assert_ptr_equal(result.known.value, AS_ITEM(5));
	assert_int_equal(result.known.index, 0);
	assert_memory_equal(result.more, nothing, sizeof nothing);
	assert_unwritten(result.fence, sizeof result.fence);
	par_stats(pool, &stats.known);
	assert_int_equal(stats.known.delivered, 1);
	assert_false(stats.known.ended);
	assert_memory_equal(stats.more, nothing, sizeof nothing);
	assert_unwritten(stats.fence, sizeof stats.fence);
	kit_close(pool, 0);
}

/* Each stands where the program has the next element of its array. */
static void many_results_have_the_programs_size(void **state)
{
	enum { COUNT = 3, MORE = 24 };
	const size_t known = sizeof(struct par_result);
	const size_t ends[] = { offsetof(struct par_result, waited_ns), known,
				known + MORE };
	const struct par_options options = { .action = action_echo,
					     .workers = 1 };
	static _Alignas(struct par_result) char
		bytes[(COUNT + 1) * (sizeof(struct par_result) + MORE)];

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		struct par_sizes sizes = own_sizes;
		struct par_result r = { 0 };
		struct par *pool;

		memset(bytes, 0xa5, sizeof bytes);
		sizes.result = ends[i];
		assert_int_equal(par_open_sized(&pool, &options, &sizes), 0);
		kit_push_numbers(pool, 1, COUNT);
		assert_int_equal(
			par_next_many(pool, (void *)bytes, COUNT, COUNT, -1),
			COUNT);
		for (size_t n = 0; n < COUNT; n++) {
			memcpy(&r, bytes + n * ends[i],
			       ends[i] < known ? ends[i] : known);
			assert_ptr_equal(r.item, AS_ITEM(n + 1));
			assert_ptr_equal(r.value, AS_ITEM(n + 1));
			assert_int_equal(r.index, n);
		}
		assert_unwritten(bytes + COUNT * ends[i], ends[i]);
		kit_close(pool, 0);
	}
}

/*
 * NULL.
 */

static void no_pool_is_einval_in_every_call(void **state)
{
	struct par_result result;

	errno = KIT_ERRNO;
	assert_int_equal(par_next(NULL, &result), -EINVAL);
	assert_int_equal(par_next_timed(NULL, &result, 0), -EINVAL);
	assert_int_equal(par_next_timed(NULL, &result, 1), -EINVAL);
	assert_int_equal(par_next_timed(NULL, &result, -1), -EINVAL);
	assert_int_equal(par_fd(NULL), -EINVAL);
	assert_int_equal(par_cancel_fd(NULL), -EINVAL);
	assert_int_equal(par_push(NULL, &result), -EINVAL);
	assert_int_equal(errno, KIT_ERRNO);
}

static void no_pool_is_nothing_where_nothing_is_returned(void **state)
{
	struct par_stats stats;

	errno = KIT_ERRNO;
	memset(&stats, 0xa5, sizeof stats);
	par_finish(NULL);
	par_cancel(NULL);
	par_stats(NULL, &stats);
	par_stats(NULL, NULL);
	assert_unwritten(&stats, sizeof stats);
	assert_int_equal(errno, KIT_ERRNO);
}

static void closing_no_pool_does_nothing(void **state)
{
	errno = KIT_ERRNO;
	assert_int_equal(par_close(NULL), 0);
	assert_int_equal(errno, KIT_ERRNO);
}

static void no_place_for_a_result_is_einval_and_takes_none(void **state)
{
	struct par *pool = kit_open_echo();
	struct par_result result;

	kit_push_number(pool, 1);
	EVENTUALLY(kit_stats(pool).ready == 1);
	errno = KIT_ERRNO;
	assert_int_equal(par_next(pool, NULL), -EINVAL);
	assert_int_equal(par_next_timed(pool, NULL, 0), -EINVAL);
	assert_int_equal(par_next_timed(pool, NULL, -1), -EINVAL);
	par_stats(pool, NULL);
	assert_int_equal(errno, KIT_ERRNO);
	assert_int_equal(par_next(pool, &result), 1);
	assert_ptr_equal(result.item, AS_ITEM(1));
	kit_close(pool, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		KIT_TEST(options_of_null_are_refused),
		KIT_TEST(sizes_of_null_are_refused),
		KIT_TEST(no_place_for_the_pool_is_refused),
		KIT_TEST(no_action_is_refused),
		KIT_TEST(no_workers_are_refused),
		KIT_TEST(a_capacity_that_overflows_is_refused),
		KIT_TEST(a_stack_size_that_overflows_is_refused),
		KIT_TEST(a_window_takes_any_size),
		KIT_TEST(an_unknown_signal_is_refused),
		KIT_TEST(a_signal_that_cannot_be_handled_is_refused),
		KIT_TEST(a_signal_whose_handler_restarts_calls_is_refused),
		KIT_TEST(refused_options_install_no_handler),
		KIT_TEST(the_first_worker_is_open_when_par_open_returns),
		KIT_TEST(only_a_generator_has_a_producer),
		KIT_TEST(without_a_generator_par_finish_alone_ends_the_input),
		KIT_TEST(a_slow_first_worker_open_holds_par_open),
		KIT_TEST(a_failed_first_worker_open_comes_back_untouched),
		KIT_TEST(a_failed_first_worker_open_leaves_nothing_generated),
		KIT_TEST(a_first_worker_open_that_exits_fails_with_eintr),
		KIT_TEST(a_second_one_that_fails_meanwhile_is_not_the_first),
		KIT_TEST(
			a_second_one_that_is_open_does_not_stand_for_the_first),
		KIT_TEST(a_second_one_that_is_slow_is_not_waited_for),
		KIT_TEST(a_refused_thread_is_eagain_and_undone),
		KIT_TEST(a_stack_of_a_quarter_of_size_max_is_asked_for),
		KIT_TEST(threads_are_named_par_by_default),
		KIT_TEST(stacks_are_the_systems_by_default),
		KIT_TEST(results_come_in_the_order_of_their_end_by_default),
		KIT_TEST(the_context_is_null_by_default),
		KIT_TEST(the_options_are_copied),
		KIT_TEST(the_name_is_copied),
		KIT_TEST(smaller_options_are_zero_where_they_end),
		KIT_TEST(smaller_options_are_not_read_past_their_end),
		KIT_TEST(options_too_small_for_what_is_required_are_refused),
		KIT_TEST(larger_options_that_are_zero_are_taken),
		KIT_TEST(an_option_the_library_does_not_know_is_refused),
		KIT_TEST(nothing_is_written_past_a_smaller_result),
		KIT_TEST(nothing_is_written_past_a_smaller_stats),
		KIT_TEST(larger_results_and_stats_are_filled_as_far_as_known),
		KIT_TEST(many_results_have_the_programs_size),
		KIT_TEST(no_pool_is_einval_in_every_call),
		KIT_TEST(no_pool_is_nothing_where_nothing_is_returned),
		KIT_TEST(closing_no_pool_does_nothing),
		KIT_TEST(no_place_for_a_result_is_einval_and_takes_none),
	};

	return cmocka_run_group_tests_name("open", tests, NULL, NULL);
}
