/* SPDX-License-Identifier: MIT */
/*
 * par_options.key: items of one key run in the order of entry, and only so many
 * at once; other items do not wait for them.
 */
#include "kit.h"

enum { MOST = 600 };

/* The key of a number is its last decimal, 0: none. */
static uint64_t last_decimal(void *context, void *item)
{
	return AS_NUMBER(item) % 10;
}

/* What happened to each key. */
struct diary {
	unsigned limit;
	struct {
		atomic_uint now, most;
		atomic_uintptr_t last;
	} key[10];
	atomic_uint out_of_order;
	atomic_int task; /* the worker's, for kit_is_asleep() */
	struct gate gate;
	uintptr_t held; /* this number waits at the gate; 0: none */
};

static int note(void *diary, void *item, void **value)
{
	struct diary *d = diary;
	const uintptr_t number = AS_NUMBER(item), key = number % 10;
	unsigned now = atomic_fetch_add(&d->key[key].now, 1) + 1;
	unsigned most = atomic_load(&d->key[key].most);

	while (now > most &&
	       !atomic_compare_exchange_weak(&d->key[key].most, &most, now))
		;
	if (key && d->limit == 1 &&
	    atomic_exchange(&d->key[key].last, number) > number)
		atomic_fetch_add(&d->out_of_order, 1);
	atomic_store(&d->task, kit_task());
	if (number == d->held)
		gate_pass(&d->gate);
	action_dawdle(NULL, item, value);
	atomic_fetch_sub(&d->key[key].now, 1);
	return 0;
}

static struct par *open_keyed(struct diary *diary, struct par_options options)
{
	options.action = note;
	options.context = diary;
	options.key = last_decimal;
	options.key_limit = diary->limit;
	if (options.workers == 0)
		options.workers = 4;
	return kit_open(&options);
}

/* These come next, in this order; 0 is the end of the list. */
static void assert_come(struct par *pool, const uintptr_t *numbers)
{
	for (; *numbers; numbers++)
		assert_ptr_equal(kit_take(pool).item, AS_ITEM(*numbers));
}

static void items_of_a_key_run_in_order_and_not_at_once(void **state)
{
	for (unsigned variant = 0; variant < 12; variant++) {
		struct diary diary = { .limit = 1 + variant % 3 };
		struct numbers numbers = { .last = MOST };
		struct par *pool = open_keyed(
			&diary,
			(struct par_options){
				.generate = variant < 6 ? numbers_next : NULL,
				.source = &numbers,
				.window = variant % 4 == 0 ? 20 : 0,
				.ordered = variant % 2 });

		if (variant >= 6) {
			kit_push_numbers(pool, 1, MOST);
			par_finish(pool);
		}
		kit_assert_drains_once(pool, MOST, 0);
		assert_int_equal(diary.out_of_order, 0);
		for (int key = 1; key < 10; key++)
			assert_true(diary.key[key].most <= diary.limit);
		kit_close(pool, 0);
	}
}

/* The default of the limit is 1. */
static void an_item_that_waits_for_its_key_holds_up_no_other(void **state)
{
	struct diary diary = { .gate = GATE_CLOSED, .held = 1 };
	struct par *pool = open_keyed(&diary, (struct par_options){ 0 });

	kit_push_number(pool, 1);
	gate_await(&diary.gate, 1);
	kit_push_number(pool, 11);
	kit_push_number(pool, 21);
	for (uintptr_t n = 2; n < 10; n++)
		kit_push_number(pool, n);
	kit_take_many(pool, 8);
	assert_int_equal(kit_stats(pool).held, 2);
	assert_int_equal(kit_stats(pool).queued, 2);
	kit_assert_waits(pool);
	gate_open(&diary.gate);
	kit_take_many(pool, 3);
	assert_int_equal(kit_stats(pool).held, 0);
	kit_finish(pool);
}

static void what_may_start_has_its_place_as_if_it_ran(void **state)
{
	struct diary diary = { .gate = GATE_CLOSED, .limit = 2, .held = 1 };
	struct par *pool =
		open_keyed(&diary, (struct par_options){ .workers = 1 });

	kit_push_number(pool, 1);
	gate_await(&diary.gate, 1);
	kit_push_number(pool, 11);
	assert_int_equal(kit_stats(pool).held, 0);
	kit_push_number(pool, 21);
	assert_int_equal(kit_stats(pool).held, 1);
	gate_open(&diary.gate);
	kit_take_many(pool, 3);
	kit_finish(pool);
}

static void no_worker_is_started_for_what_is_held(void **state)
{
	struct diary diary = { .gate = GATE_CLOSED, .held = 1 };
	struct par *pool = open_keyed(&diary, (struct par_options){ 0 });

	kit_push_number(pool, 1);
	gate_await(&diary.gate, 1);
	for (uintptr_t n = 11; n < 100; n += 10)
		kit_push_number(pool, n);
	kit_linger();
	assert_int_equal(kit_stats(pool).workers, 1);
	gate_open(&diary.gate);
	kit_take_many(pool, 10);
	kit_finish(pool);
}

static void what_has_no_key_is_not_restricted(void **state)
{
	struct diary diary = { .gate = GATE_CLOSED };
	struct par *pool = open_keyed(&diary, (struct par_options){ 0 });

	diary.held = 10;
	for (int i = 0; i < 4; i++)
		kit_push_number(pool, 10);
	gate_await(&diary.gate, 4);
	gate_open(&diary.gate);
	kit_take_many(pool, 4);
	kit_finish(pool);
}

/* They start in the order of entry, but not before an earlier one of their own
 * key. */
static void pushed_items_do_not_go_before_their_key(void **state)
{
	struct diary diary = { .gate = GATE_CLOSED, .held = 10 };
	struct par *pool =
		open_keyed(&diary, (struct par_options){ .workers = 1 });

	kit_push_number(pool, 10);
	gate_await(&diary.gate, 1);
	kit_push_number(pool, 1);
	kit_push_number(pool, 2);
	kit_push_number(pool, 11);
	kit_push_number(pool, 3);
	gate_open(&diary.gate);
	/* After 1, 11 may start, and it entered before 3. */
	assert_come(pool, (uintptr_t[]){ 10, 1, 2, 11, 3, 0 });
	kit_finish(pool);
}

static void pushed_items_go_before_the_generated_ones(void **state)
{
	struct diary diary = { .gate = GATE_CLOSED, .held = 1 };
	struct numbers numbers = { .last = 2 };
	struct par *pool = open_keyed(
		&diary, (struct par_options){ .workers = 1,
					      .generate = numbers_next,
					      .source = &numbers });

	gate_await(&diary.gate, 1);
	EVENTUALLY(kit_stats(pool).entered == 2);
	kit_push_number(pool, 11);
	kit_push_number(pool, 3);
	gate_open(&diary.gate);
	assert_come(pool, (uintptr_t[]){ 1, 11, 3, 2, 0 });
	kit_close_ended(pool, 0);
}

/* One of them is pushed, and one is generated. */
static void both_start_if_the_limit_is_raised(void **state)
{
	struct diary diary = { .gate = GATE_CLOSED };
	struct gate source = GATE_CLOSED;
	struct gated_numbers numbers = { .numbers = { .last = 1 },
					 .hold = &source };
	struct par *pool = open_keyed(
		&diary, (struct par_options){ .workers = 1,
					      .generate = gated_numbers_next,
					      .source = &numbers });

	kit_push_number(pool, 3);
	kit_take(pool);
	EVENTUALLY(kit_is_asleep(atomic_load(&diary.task)));
	par_limit(pool, 0);
	kit_push_number(pool, 2);
	gate_open(&source);
	EVENTUALLY(kit_stats(pool).entered == 3);
	par_limit(pool, 1);
	kit_take_many(pool, 2);
	kit_finish(pool);
}

static void assert_order(unsigned limit)
{
	struct diary diary = { .limit = limit, .gate = GATE_CLOSED, .held = 1 };
	struct gate hold = GATE_CLOSED;
	struct gated_numbers source = { .numbers.last = 11,
					.at = 11,
					.hold = &hold };
	struct par *pool = open_keyed(
		&diary, (struct par_options){ .workers = 1,
					      .generate = gated_numbers_next,
					      .source = &source });
	uintptr_t came[14];

	gate_await(&diary.gate, 1);
	gate_await(&hold, 1);
	kit_push_number(pool, 21); /* behind the generated 11 */
	kit_push_number(pool, 12); /* behind the generated 2 */
	kit_push_number(pool, 50); /* no key */
	gate_open(&diary.gate);
	gate_open(&hold);
	for (int i = 0; i < 14; i++)
		came[i] = AS_NUMBER(kit_take(pool).item);
	assert_int_equal(came[0], 1);
	/* 12 is the first that may start, and 2 goes in its place. */
	for (int i = 0, seen_11 = 0, seen_2 = 0; i < 14; i++) {
		seen_11 += came[i] == 11;
		seen_2 += came[i] == 2;
		assert_true(came[i] != 21 || seen_11);
		assert_true(came[i] != 12 || seen_2);
	}
	kit_close_ended(pool, 0);
}

static void generated_and_pushed_items_of_a_key_keep_their_order(void **state)
{
	assert_order(1);
	assert_order(2);
}

static void a_withdrawn_item_frees_its_place(void **state)
{
	struct diary diary = { .gate = GATE_CLOSED, .held = 1 };
	struct par *pool =
		open_keyed(&diary, (struct par_options){ .workers = 2 });

	diary.limit = 1;
	kit_push_number(pool, 1);
	gate_await(&diary.gate, 1);
	kit_push_number(pool, 11);
	kit_push_number(pool, 21);
	kit_push_number(pool, 31);
	kit_push_number(pool, 51);
	kit_push_number(pool, 61);
	assert_int_equal(kit_stats(pool).held, 5);
	/* The last of those that wait, the first, the third, the second. */
	assert_int_equal(par_withdraw(pool, AS_ITEM(61)), 0);
	assert_int_equal(par_withdraw(pool, AS_ITEM(11)), 0);
	assert_int_equal(par_withdraw(pool, AS_ITEM(51)), 0);
	assert_int_equal(par_withdraw(pool, AS_ITEM(31)), 0);
	kit_push_number(pool, 41);
	assert_int_equal(kit_stats(pool).held, 2);
	kit_take_many(pool, 4);
	gate_open(&diary.gate);
	assert_ptr_equal(kit_take(pool).item, AS_ITEM(1));
	assert_ptr_equal(kit_take(pool).item, AS_ITEM(21));
	assert_ptr_equal(kit_take(pool).item, AS_ITEM(41));
	/* One without a key. */
	assert_int_equal(par_limit(pool, 0), 0);
	kit_push_number(pool, 10);
	assert_int_equal(par_withdraw(pool, AS_ITEM(10)), 0);
	kit_take(pool);
	kit_finish(pool);
}

/* So many that some of them are kept in one place. Each has two items. */
enum { KEYS = 400 };

static uint64_t scattered(void *context, void *item)
{
	uint64_t key = AS_NUMBER(item) % KEYS + 1;

	key = (key ^ key >> 7) * 0xbf58476d1ce4e5b9u;
	return key ^ key >> 31;
}

static int note_pair(void *seen, void *item, void **value)
{
	atomic_uint *count = (atomic_uint *)seen + AS_NUMBER(item) % KEYS;

	/* The second of a key, after the first. */
	*value = AS_ITEM(atomic_fetch_add(count, 1));
	return 0;
}

static void many_keys_are_told_apart(void **state)
{
	static atomic_uint seen[KEYS];
	struct par *pool = kit_open(&(struct par_options){ .action = note_pair,
							   .workers = 4,
							   .context = seen,
							   .key = scattered });

	assert_int_equal(par_limit(pool, 0), 0);
	kit_push_numbers(pool, 0, 2 * KEYS - 1);
	assert_int_equal(kit_stats(pool).held, KEYS);
	/* In the middle, of those that are in one place. */
	for (uintptr_t n = 0; n < KEYS; n += 3)
		assert_int_equal(par_withdraw(pool, AS_ITEM(n)), 0);
	assert_int_equal(par_limit(pool, 4), 0);
	for (int i = 0; i < 2 * KEYS; i++) {
		const struct par_result r = kit_take(pool);
		const uintptr_t n = AS_NUMBER(r.item);

		assert_int_equal(r.error,
				 n < KEYS && n % 3 == 0 ? -ECANCELED : 0);
		if (r.error == 0)
			assert_int_equal(AS_NUMBER(r.value),
					 n >= KEYS && (n - KEYS) % 3 != 0);
	}
	kit_finish(pool);
}

static void a_cancel_takes_what_is_held(void **state)
{
	for (int ordered = 0; ordered < 2; ordered++) {
		struct diary diary = { .gate = GATE_CLOSED, .held = 1 };
		struct numbers numbers = { .last = 60 };
		struct par *pool = open_keyed(
			&diary, (struct par_options){ .generate = numbers_next,
						      .source = &numbers,
						      .ordered = ordered });
		struct tally tally;

		gate_await(&diary.gate, 1);
		EVENTUALLY(kit_stats(pool).entered == 60);
		EVENTUALLY(kit_stats(pool).held == 5);
		par_cancel(pool);
		assert_int_equal(kit_stats(pool).held, 0);
		gate_open(&diary.gate);
		tally_open(&tally, 60);
		kit_drain(pool, &tally, NULL);
		tally_assert_once(&tally);
		tally_close(&tally);
		kit_close(pool, 0);
	}
}

/*
 * The call.
 */

/* How often the key was asked for with the right context, and by whom last. */
static atomic_uint asked;
static pthread_t asker;

static uint64_t count_key(void *context, void *item)
{
	atomic_fetch_add(&asked, context == &asked);
	asker = pthread_self();
	return 1;
}

static struct par *open_asking(struct par_options options)
{
	atomic_store(&asked, 0);
	options.action = action_echo;
	options.workers = 1;
	options.context = &asked;
	options.key = count_key;
	return kit_open(&options);
}

static void the_key_is_asked_for_once(void **state)
{
	struct par *pool = open_asking((struct par_options){ 0 });

	kit_push_number(pool, 1);
	assert_int_equal(asked, 1);
	assert_true(pthread_equal(asker, pthread_self()));
	assert_int_equal(par_push_timed(pool, AS_ITEM(2), 0), 0);
	assert_int_equal(asked, 2);
	kit_take_many(pool, 2);
	par_cancel(pool);
	/* Also if the push is refused. */
	assert_int_equal(par_push(pool, NULL), -ECANCELED);
	assert_int_equal(asked, 3);
	kit_close_ended(pool, 0);
}

static void it_is_asked_for_before_the_wait(void **state)
{
	struct par *pool = open_asking((struct par_options){ .window = 1 });
	struct late_push p = { .pool = pool, .timeout_ms = -1 };

	kit_push_number(pool, 1);
	late_push_start(&p);
	assert_int_equal(asked, 2);
	kit_take(pool);
	kit_join(p.thread);
	assert_int_equal(p.rc, 0);
	assert_int_equal(asked, 2);
	kit_take(pool);
	kit_finish(pool);
}

static int open_and_push(void *context, void **state)
{
	*state = NULL;
	return par_push(par_self(), NULL) == -EAGAIN ? 0 : -EIO;
}

/* And the context of a key is not what worker_open left. */
static void a_push_in_worker_open_asks_for_none(void **state)
{
	struct par *pool = open_asking(
		(struct par_options){ .worker_open = open_and_push });

	assert_int_equal(asked, 0);
	kit_push_number(pool, 1);
	assert_int_equal(asked, 1);
	kit_take(pool);
	kit_finish(pool);
}

static pthread_t producer;

static int note_producer(void *numbers, void **item)
{
	producer = pthread_self();
	return numbers_next(numbers, item);
}

/* And not at the end of the input. */
static void the_producer_asks_for_what_it_brings(void **state)
{
	struct numbers numbers = { .last = 3 };
	struct par *pool = open_asking((struct par_options){
		.generate = note_producer, .source = &numbers });

	kit_take_many(pool, 3);
	kit_close_ended(pool, 0);
	assert_int_equal(asked, 3);
	assert_true(pthread_equal(asker, producer));
}

/* What the library said in a key. */
static atomic_bool key_stopping;
static atomic_int key_fd;
static struct par *_Atomic key_pool;

static uint64_t look(void *context, void *item)
{
	atomic_store(&key_stopping, par_stopping());
	atomic_store(&key_fd, par_stop_fd());
	atomic_store(&key_pool, par_self());
	return 0;
}

/* Its value is its descriptor. */
static int push_when_told(void *unused, void *item, void **value)
{
	const int fd = par_stop_fd();

	if (!item)
		return 0;
	kit_await_readable(fd);
	*value = AS_ITEM(fd);
	return par_push(par_self(), NULL);
}

static void in_a_key_all_is_as_around_it(void **state)
{
	struct par *pool = kit_open(&(struct par_options){
		.action = push_when_told, .workers = 1, .key = look });
	struct par_result r;

	kit_push_number(pool, 1);
	assert_false(key_stopping);
	assert_int_equal(key_fd, -EINVAL);
	assert_null(key_pool);
	EVENTUALLY(kit_stats(pool).running == 1);
	assert_int_equal(par_withdraw(pool, AS_ITEM(1)), 1);
	r = kit_take(pool);
	assert_int_equal(r.error, 0);
	assert_true(key_stopping);
	assert_int_equal(key_fd, AS_NUMBER(r.value));
	assert_ptr_equal(key_pool, pool);
	kit_take(pool);
	kit_finish(pool);
}

/* The producer asks for the key after the call that brought the item. */
static void so_it_is_on_the_producer(void **state)
{
	struct held held;

	held_open(&held, (struct gated_numbers){ .numbers.last = 1 },
		  (struct par_options){ .key = look });
	par_finish(held.pool);
	atomic_store(&key_stopping, false);
	gate_open(&held.hold);
	kit_take(held.pool);
	assert_true(key_stopping);
	assert_true(kit_readable(key_fd));
	assert_ptr_equal(key_pool, held.pool);
	kit_close_ended(held.pool, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		KIT_TEST(items_of_a_key_run_in_order_and_not_at_once),
		KIT_TEST(an_item_that_waits_for_its_key_holds_up_no_other),
		KIT_TEST(what_may_start_has_its_place_as_if_it_ran),
		KIT_TEST(no_worker_is_started_for_what_is_held),
		KIT_TEST(what_has_no_key_is_not_restricted),
		KIT_TEST(pushed_items_do_not_go_before_their_key),
		KIT_TEST(pushed_items_go_before_the_generated_ones),
		KIT_TEST(both_start_if_the_limit_is_raised),
		KIT_TEST(generated_and_pushed_items_of_a_key_keep_their_order),
		KIT_TEST(a_withdrawn_item_frees_its_place),
		KIT_TEST(many_keys_are_told_apart),
		KIT_TEST(a_cancel_takes_what_is_held),
		KIT_TEST(the_key_is_asked_for_once),
		KIT_TEST(it_is_asked_for_before_the_wait),
		KIT_TEST(a_push_in_worker_open_asks_for_none),
		KIT_TEST(the_producer_asks_for_what_it_brings),
		KIT_TEST(in_a_key_all_is_as_around_it),
		KIT_TEST(so_it_is_on_the_producer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
