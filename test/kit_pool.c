/* SPDX-License-Identifier: MIT */
/* The half of the kit that uses par.h: callbacks, pools and the threads that
 * use them. */
#include "kit.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

int numbers_next(void *numbers, void **item)
{
	struct numbers *source = numbers;

	atomic_fetch_add(&source->calls, 1);
	if (source->next == source->last)
		return source->end;
	*item = AS_ITEM(++source->next);
	return 1;
}

int numbers_next_or_exit(void *numbers, void **item)
{
	const int rc = numbers_next(numbers, item);

	if (rc <= 0)
		pthread_exit(NULL);
	return rc;
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

int action_dawdle(void *context, void *item, void **value)
{
	for (uintptr_t i = AS_NUMBER(item) * 7 % 5; i > 0; i--)
		sched_yield();
	return action_echo(context, item, value);
}

int action_linger(void *context, void *item, void **value)
{
	kit_linger();
	return action_echo(context, item, value);
}

int action_item_gated(void *context, void *gate, void **value)
{
	if (gate)
		gate_pass(gate);
	return 0;
}

int action_exit_at(void *target, void *item, void **value)
{
	if (item == target)
		pthread_exit(NULL);
	return action_echo(NULL, item, value);
}

int action_context(void *context, void *item, void **value)
{
	*value = context;
	return 0;
}

int action_thread(void *gate, void *item, void **value)
{
	gate_pass(gate);
	*value = (void *)(uintptr_t)pthread_self();
	return 0;
}

int worker_open_context(void *context, void **state)
{
	*state = context;
	return 0;
}

void discard_count(void *count, const struct par_result *left)
{
	atomic_fetch_add((atomic_uint *)count, 1);
}

struct par *kit_open(const struct par_options *options)
{
	struct par *pool = NULL;

	errno = KIT_ERRNO;
	assert_int_equal(par_open(&pool, options), 0);
	assert_int_equal(errno, KIT_ERRNO);
	assert_non_null(pool);
	return pool;
}

struct par *kit_open_action(par_action_fn *action, unsigned workers,
			    void *context)
{
	return kit_open(&(struct par_options){
		.action = action, .workers = workers, .context = context });
}

struct par *kit_open_echo(void)
{
	return kit_open_action(action_echo, 1, NULL);
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

int kit_close_error(int failure)
{
	switch (failure) {
	case -EDEADLK:
	case -ETIMEDOUT:
	case -ECHILD:
		return -EIO;
	default:
		return failure;
	}
}

void kit_close(struct par *pool, int expected)
{
	errno = KIT_ERRNO;
	assert_int_equal(par_close(pool), expected);
	assert_int_equal(errno, KIT_ERRNO);
}

void kit_close_ended(struct par *pool, int expected)
{
	kit_assert_drains(pool, 0, expected);
	kit_close(pool, expected);
}

void kit_finish(struct par *pool)
{
	par_finish(pool);
	kit_close_ended(pool, 0);
}

void kit_push(struct par *pool, void *item)
{
	assert_int_equal(par_push(pool, item), 0);
}

void kit_push_number(struct par *pool, uintptr_t number)
{
	kit_push(pool, AS_ITEM(number));
}

void kit_push_numbers(struct par *pool, uintptr_t first, uintptr_t last)
{
	for (uintptr_t i = first; i <= last; i++)
		kit_push_number(pool, i);
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

void kit_take_many(struct par *pool, unsigned count)
{
	while (count-- > 0)
		kit_take(pool);
}

void kit_assert_drains(struct par *pool, uint64_t count, int end)
{
	struct par_result result;
	int came;

	assert_int_equal(kit_drain(pool, NULL, &came), count);
	assert_int_equal(came, end);
	assert_int_equal(par_next(pool, &result), end);
}

void kit_assert_drains_once(struct par *pool, uintptr_t last, int end)
{
	struct tally tally;
	int came;

	tally_open(&tally, last);
	assert_int_equal(kit_drain(pool, &tally, &came), last);
	assert_int_equal(came, end);
	tally_assert_once(&tally);
	tally_close(&tally);
}

void kit_assert_waits(struct par *pool)
{
	struct par_result result;

	assert_int_equal(par_next_timed(pool, &result, 5), -ETIMEDOUT);
}

struct par_stats kit_stats(struct par *pool)
{
	struct par_stats stats;

	par_stats(pool, &stats);
	return stats;
}

void held_open(struct held *held, struct gated_numbers source,
	       struct par_options options)
{
	*held = (struct held){ .hold = GATE_CLOSED, .source = source };
	held->source.hold = &held->hold;
	if (!options.action)
		options.action = action_echo;
	options.workers = 1;
	options.generate = gated_numbers_next;
	options.source = &held->source;
	held->pool = kit_open(&options);
	gate_await(&held->hold, 1);
}

/* The gate `hold` keeps the second item from entering before the worker has
 * taken the first. So ring and window are filled in the same way each time. */
void full_open(struct full *full, struct par_options options, uint64_t entered)
{
	*full = (struct full){
		.gate = GATE_CLOSED,
		.hold = GATE_CLOSED,
		.source = { .numbers.last = 100, .at = 1, .hold = &full->hold },
	};
	if (!options.action)
		options.action = action_gated;
	options.workers = 1;
	options.generate = gated_numbers_next;
	options.source = &full->source;
	options.context = &full->gate;
	full->pool = kit_open(&options);
	gate_await(&full->gate, 1);
	gate_open(&full->hold);
	EVENTUALLY(kit_stats(full->pool).entered == entered);
	kit_linger();
}

int kit_task(void)
{
	return (int)syscall(SYS_gettid);
}

bool kit_is_asleep(int task)
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

void kit_start_asleep(pthread_t *thread, atomic_int *task,
		      void *(*body)(void *), void *argument)
{
	kit_start(thread, body, argument);
	EVENTUALLY(*task != 0 && kit_is_asleep(*task));
}

static void *take_one(void *argument)
{
	struct taker *taker = argument;

	atomic_store(&taker->id, kit_task());
	taker->rc = par_next(taker->pool, &taker->result);
	return NULL;
}

void taker_start(struct taker *taker, struct par *pool)
{
	*taker = (struct taker){ .pool = pool };
	kit_start_asleep(&taker->thread, &taker->id, take_one, taker);
}

void taker_join(struct taker *taker)
{
	kit_join(taker->thread);
}

static void *push_late(void *argument)
{
	struct late_push *push = argument;

	atomic_store(&push->id, kit_task());
	push->rc = par_push_timed(push->pool, AS_ITEM(99), push->timeout_ms);
	return NULL;
}

void late_push_start(struct late_push *push)
{
	kit_start_asleep(&push->thread, &push->id, push_late, push);
}

void takers_start(struct taker *takers, unsigned count, struct par *pool)
{
	for (unsigned i = 0; i < count; i++)
		taker_start(&takers[i], pool);
}

void takers_assert_told(struct taker *takers, unsigned count, int end)
{
	for (unsigned i = 0; i < count; i++) {
		taker_join(&takers[i]);
		assert_int_equal(takers[i].rc, end);
	}
}

static void *drain(void *argument)
{
	struct drainer *drainer = argument;
	struct par_result result;

	drainer->count =
		kit_drain(drainer->pool, drainer->tally, &drainer->end);
	drainer->again = par_next(drainer->pool, &result);
	return NULL;
}

void drainer_start(struct drainer *drainer, struct par *pool,
		   struct tally *tally)
{
	*drainer = (struct drainer){ .pool = pool, .tally = tally };
	kit_start(&drainer->thread, drain, drainer);
}
