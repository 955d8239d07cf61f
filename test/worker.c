/* SPDX-License-Identifier: MIT */
/*
 * worker_open and worker_close: they come in pairs, on the worker's own thread,
 * around all of its actions; the state; and the calls that may be made in them.
 */
#include "kit.h"

enum { MOST = 8 };

/* What one worker saw. The worker's state points here. */
struct team;
struct hand {
	struct team *team;
	pthread_t opener;
	atomic_uint actions, closes;
	atomic_bool strayed;  /* an action or the close on another thread */
	atomic_bool too_late; /* an action after the close */
};

/* All workers of a pool. The context points here. */
struct team {
	struct hand hands[MOST];
	atomic_uint opens;
	atomic_uint closes;
	atomic_uint state_was_set; /* *state was not NULL at the call */
	unsigned good;		   /* so many calls of worker_open succeed */
	struct gate *passes;	   /* each action passes it */
	struct gate *closing;	   /* each worker_close passes it, or NULL */
};

static int open_hand(void *context, void **state)
{
	struct team *team = context;
	const unsigned number = atomic_fetch_add(&team->opens, 1);
	struct hand *hand = &team->hands[number];

	if (number >= MOST)
		kit_die("more workers than asked for");
	if (*state)
		atomic_fetch_add(&team->state_was_set, 1);
	hand->team = team;
	hand->opener = pthread_self();
	*state = hand;
	return number < team->good ? 0 : 77;
}

static int use_hand(void *state, void *item, void **value)
{
	struct hand *hand = state;

	atomic_fetch_add(&hand->actions, 1);
	if (!pthread_equal(hand->opener, pthread_self()))
		atomic_store(&hand->strayed, true);
	if (hand->closes)
		atomic_store(&hand->too_late, true);
	gate_pass(hand->team->passes);
	*value = hand;
	if (!item)
		pthread_exit(NULL);
	return 0;
}

static void close_hand(void *state)
{
	struct hand *hand = state;

	if (!pthread_equal(hand->opener, pthread_self()))
		atomic_store(&hand->strayed, true);
	if (hand->team->closing)
		gate_pass(hand->team->closing);
	atomic_fetch_add(&hand->closes, 1);
	atomic_fetch_add(&hand->team->closes, 1);
}

static struct par *open_team(struct team *team, unsigned workers)
{
	return kit_open(&(struct par_options){ .action = use_hand,
					       .workers = workers,
					       .context = team,
					       .worker_open = open_hand,
					       .worker_close = close_hand });
}

/* Pushes so many items, which all run at the same time, and takes them. */
static void run(struct par *pool, struct gate *gate, unsigned count)
{
	struct par_result result;

	for (unsigned i = 0; i < count; i++)
		kit_push_number(pool, 1);
	gate_await(gate, count);
	gate_open(gate);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(par_next(pool, &result), 1);
	gate_close(gate);
}

/*
 * Pairs.
 */

static void each_open_has_its_close_on_the_same_thread(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct team team = { .good = MOST, .passes = &gate };
	struct par *pool = open_team(&team, 4);

	for (int round = 0; round < 5; round++)
		run(pool, &gate, 4);
	assert_int_equal(team.closes, 0);
	kit_close(pool, 0);
	assert_int_equal(team.opens, 4);
	assert_int_equal(team.closes, 4);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(team.hands[i].closes, 1);
		assert_int_equal(team.hands[i].actions, 5);
		assert_false(team.hands[i].strayed);
		assert_false(team.hands[i].too_late);
	}
}

static void each_worker_has_a_thread_of_its_own(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct team team = { .good = MOST, .passes = &gate };
	struct par *pool = open_team(&team, 4);

	run(pool, &gate, 4);
	kit_close(pool, 0);
	for (int i = 0; i < 4; i++) {
		assert_false(
			pthread_equal(team.hands[i].opener, pthread_self()));
		for (int j = 0; j < i; j++)
			assert_false(pthread_equal(team.hands[i].opener,
						   team.hands[j].opener));
	}
}

static void a_worker_that_never_ran_an_item_is_closed_too(void **state)
{
	struct team team = { .good = MOST };
	struct par *pool = open_team(&team, 4);

	kit_close(pool, 0);
	assert_int_equal(team.opens, 1);
	assert_int_equal(team.closes, 1);
}

static void a_failed_open_has_no_close(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct team team = { .good = 2, .passes = &gate };
	struct par *pool = open_team(&team, 3);

	for (int i = 0; i < 3; i++)
		kit_push_number(pool, 1);
	EVENTUALLY(team.opens >= 3);
	gate_open(&gate);
	par_finish(pool);
	assert_int_equal(kit_drain(pool, NULL, NULL), 3);
	kit_close(pool, 0);
	assert_int_equal(team.closes, 2);
	assert_int_equal(team.hands[0].closes, 1);
	assert_int_equal(team.hands[1].closes, 1);
	assert_int_equal(team.hands[2].closes, 0);
	assert_int_equal(team.hands[2].actions, 0);
}

static void a_failed_first_open_has_no_close(void **state)
{
	struct team team = { .good = 0 };
	struct par *pool;

	assert_int_equal(
		par_open(&pool,
			 &(struct par_options){ .action = use_hand,
						.workers = 3,
						.context = &team,
						.worker_open = open_hand,
						.worker_close = close_hand }),
		77);
	assert_int_equal(team.opens, 1);
	assert_int_equal(team.closes, 0);
}

/* Calls par_close() on another thread. */
struct closer {
	struct par *pool;
	atomic_bool done;
};

static void *close_elsewhere(void *argument)
{
	struct closer *closer = argument;

	par_close(closer->pool);
	atomic_store(&closer->done, true);
	return NULL;
}

static void every_close_has_returned_when_par_close_has(void **state)
{
	struct gate gate = GATE_CLOSED, closing = GATE_CLOSED;
	struct team team = { .good = MOST,
			     .passes = &gate,
			     .closing = &closing };
	struct closer closer = { .pool = open_team(&team, 2) };
	pthread_t thread;

	run(closer.pool, &gate, 2);
	kit_start(&thread, close_elsewhere, &closer);
	gate_await(&closing, 2);
	kit_linger();
	assert_false(closer.done);
	gate_open(&closing);
	kit_join(thread);
	assert_int_equal(team.closes, 2);
}

static void a_worker_that_exits_in_an_action_is_closed_at_once(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct team team = { .good = MOST, .passes = &gate };
	struct par *pool = open_team(&team, 2);
	struct par_result result;

	gate_open(&gate);
	kit_push(pool, NULL);
	assert_int_equal(par_next(pool, &result), 1);
	assert_int_equal(result.error, -EINTR);
	EVENTUALLY(team.closes == 1);
	assert_int_equal(((struct hand *)result.value)->closes, 1);
	kit_push_number(pool, 1);
	assert_int_equal(par_next(pool, &result), 1);
	assert_int_equal(result.error, 0);
	kit_close(pool, 0);
	assert_int_equal(team.opens, team.closes);
}

/*
 * The state.
 */

static void each_action_is_given_its_workers_state(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct team team = { .good = MOST, .passes = &gate };
	struct par *pool = open_team(&team, 3);

	for (int round = 0; round < 10; round++)
		run(pool, &gate, 3);
	kit_close(pool, 0);
	assert_int_equal(team.opens, 3);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(team.hands[i].actions, 10);
		assert_false(team.hands[i].strayed);
	}
}

static void the_state_is_null_at_the_call_of_worker_open(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct team team = { .good = MOST, .passes = &gate };
	struct par *pool = open_team(&team, 4);

	run(pool, &gate, 4);
	kit_close(pool, 0);
	assert_int_equal(team.opens, 4);
	assert_int_equal(team.state_was_set, 0);
}

/* What the last of the callbacks below got. */
static void *_Atomic given;
static atomic_uint closes;

static int open_without_state(void *context, void **state)
{
	atomic_store(&given, context);
	return 0;
}

static void keep_state(void *state)
{
	atomic_fetch_add(&closes, 1);
	atomic_store(&given, state);
}

/* Runs one item in a pool with these options. Returns what the action got as
 * its context. */
static void *context_of_action(struct par_options options)
{
	struct par_result result;
	struct par *pool;

	closes = 0;
	given = &options;
	options.action = action_context;
	options.workers = 1;
	pool = kit_open(&options);
	kit_push(pool, NULL);
	assert_int_equal(par_next(pool, &result), 1);
	kit_close(pool, 0);
	return result.value;
}

static void worker_open_is_given_the_context(void **state)
{
	int context;

	context_of_action((struct par_options){
		.context = &context, .worker_open = open_without_state });
	assert_ptr_equal(given, &context);
}

static void a_state_that_was_not_set_is_null(void **state)
{
	int context;

	assert_null(context_of_action(
		(struct par_options){ .context = &context,
				      .worker_open = open_without_state,
				      .worker_close = keep_state }));
	assert_int_equal(closes, 1);
	assert_null(given);
}

static void without_a_worker_open_the_action_is_given_the_context(void **state)
{
	int context;

	assert_ptr_equal(
		context_of_action((struct par_options){
			.context = &context, .worker_close = keep_state }),
		&context);
}

static void without_a_worker_open_worker_close_is_given_null(void **state)
{
	int context;

	context_of_action((struct par_options){ .context = &context,
						.worker_close = keep_state });
	assert_int_equal(closes, 1);
	assert_null(given);
}

/*
 * The calls that may be made there.
 */

/* Each worker_open and each worker_close records what its calls returned. */
struct calls {
	struct par *other;   /* another pool to push to, or NULL */
	struct gate *passes; /* each action passes it */
	atomic_uint opens, closes;
	struct {
		struct par *self;
		int pushed, pushed_to_other;
		uint64_t entered;
	} opening[2];
	struct {
		struct par *self;
		int pushed;
		bool canceled;
	} closing[2];
};

static unsigned turn(atomic_uint *count)
{
	const unsigned number = atomic_fetch_add(count, 1);

	if (number >= 2)
		kit_die("more workers than asked for");
	return number;
}

static int call_in_open(void *context, void **state)
{
	struct calls *calls = context;
	const unsigned n = turn(&calls->opens);

	calls->opening[n].self = par_self();
	calls->opening[n].pushed = par_push(par_self(), AS_ITEM(4711));
	calls->opening[n].entered = kit_stats(par_self()).entered;
	if (calls->other)
		calls->opening[n].pushed_to_other =
			par_push(calls->other, calls);
	*state = calls;
	return 0;
}

static int gate_of_calls(void *state, void *item, void **value)
{
	gate_pass(((struct calls *)state)->passes);
	*value = item;
	if (!item)
		pthread_exit(NULL);
	return 0;
}

static void call_in_close(void *state)
{
	struct calls *calls = state;
	const unsigned n = turn(&calls->closes);

	calls->closing[n].self = par_self();
	calls->closing[n].canceled = par_canceled(par_self());
	calls->closing[n].pushed = par_push(par_self(), AS_ITEM(7));
}

static struct par *open_calls(struct calls *calls, unsigned workers)
{
	return kit_open(&(struct par_options){ .action = gate_of_calls,
					       .workers = workers,
					       .context = calls,
					       .worker_open = call_in_open,
					       .worker_close = call_in_close });
}

static void par_self_is_the_pool_in_worker_open_and_worker_close(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct calls calls = { .passes = &gate };
	struct par *pool = open_calls(&calls, 2);

	run(pool, &gate, 2);
	kit_close(pool, 0);
	for (int i = 0; i < 2; i++) {
		assert_ptr_equal(calls.opening[i].self, pool);
		assert_ptr_equal(calls.closing[i].self, pool);
	}
}

static void worker_open_may_not_push(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct calls calls = { .passes = &gate };
	struct par *pool = open_calls(&calls, 2);

	assert_int_equal(calls.opening[0].pushed, -EAGAIN);
	assert_int_equal(calls.opening[0].entered, 0);
	run(pool, &gate, 2); /* opens the second worker */
	assert_int_equal(kit_stats(pool).entered, 2);
	assert_int_equal(kit_stats(pool).delivered, 2);
	kit_close(pool, 0);
	assert_int_equal(calls.opening[1].pushed, -EAGAIN);
}

static void worker_open_may_push_to_another_pool(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct par *other = kit_open_echo();
	struct calls calls = { .passes = &gate, .other = other };
	struct par *pool = open_calls(&calls, 1);

	assert_int_equal(calls.opening[0].pushed_to_other, 0);
	par_finish(other);
	assert_int_equal(kit_drain(other, NULL, NULL), 1);
	kit_close(pool, 0);
	kit_close(other, 0);
}

static void worker_close_may_call_the_pool_that_is_being_closed(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct calls calls = { .passes = &gate };
	struct par *pool = open_calls(&calls, 1);

	kit_close(pool, 0);
	assert_int_equal(calls.closes, 1);
	assert_true(calls.closing[0].canceled);
	assert_int_equal(calls.closing[0].pushed, -ECANCELED);
}

static void worker_close_of_a_worker_that_exited_may_push(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct calls calls = { .passes = &gate };
	struct par *pool = open_calls(&calls, 1);
	struct par_result result;

	gate_open(&gate);
	kit_push(pool, NULL);
	assert_int_equal(par_next(pool, &result), 1);
	assert_int_equal(result.error, -EINTR);
	assert_int_equal(par_next(pool, &result), 1);
	assert_ptr_equal(result.item, AS_ITEM(7));
	assert_int_equal(result.error, 0);
	kit_close(pool, 0);
	assert_ptr_equal(calls.closing[0].self, pool);
	assert_int_equal(calls.closing[0].pushed, 0);
	assert_false(calls.closing[0].canceled);
}

/* The first worker_open succeeds. A later one ends its thread. */
struct exiting {
	atomic_uint opens;
	struct gate gate;
};

static int exit_later(void *context, void **state)
{
	struct exiting *exiting = context;

	*state = &exiting->gate;
	if (atomic_fetch_add(&exiting->opens, 1) > 0)
		pthread_exit(NULL);
	return 0;
}

static void a_later_worker_open_that_exits_has_failed_with_eintr(void **state)
{
	struct exiting exiting = { .gate = GATE_CLOSED };
	struct par *pool;

	closes = 0;
	pool = kit_open(&(struct par_options){ .action = action_gated,
					       .workers = 2,
					       .context = &exiting,
					       .worker_open = exit_later,
					       .worker_close = keep_state });
	for (int i = 0; i < 2; i++)
		kit_push(pool, NULL);
	EVENTUALLY(kit_stats(pool).refused == -EINTR);
	EVENTUALLY(kit_stats(pool).workers == 1);
	gate_open(&exiting.gate);
	par_finish(pool);
	assert_int_equal(kit_drain(pool, NULL, NULL), 2);
	assert_int_equal(closes, 0);
	kit_close(pool, 0);
	assert_int_equal(closes, 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		KIT_TEST(each_open_has_its_close_on_the_same_thread),
		KIT_TEST(each_worker_has_a_thread_of_its_own),
		KIT_TEST(a_worker_that_never_ran_an_item_is_closed_too),
		KIT_TEST(a_failed_open_has_no_close),
		KIT_TEST(a_failed_first_open_has_no_close),
		KIT_TEST(every_close_has_returned_when_par_close_has),
		KIT_TEST(a_worker_that_exits_in_an_action_is_closed_at_once),
		KIT_TEST(each_action_is_given_its_workers_state),
		KIT_TEST(the_state_is_null_at_the_call_of_worker_open),
		KIT_TEST(worker_open_is_given_the_context),
		KIT_TEST(a_state_that_was_not_set_is_null),
		KIT_TEST(without_a_worker_open_the_action_is_given_the_context),
		KIT_TEST(without_a_worker_open_worker_close_is_given_null),
		KIT_TEST(par_self_is_the_pool_in_worker_open_and_worker_close),
		KIT_TEST(worker_open_may_not_push),
		KIT_TEST(worker_open_may_push_to_another_pool),
		KIT_TEST(worker_close_may_call_the_pool_that_is_being_closed),
		KIT_TEST(worker_close_of_a_worker_that_exited_may_push),
		KIT_TEST(a_later_worker_open_that_exits_has_failed_with_eintr),
	};

	return cmocka_run_group_tests_name("worker", tests, NULL, NULL);
}
