/* SPDX-License-Identifier: MIT */
#include "program_internal.h"

#include "scheduler.h"

#include <errno.h>
#include <limits.h>

void *item_of(unsigned number)
{
	return (void *)(uintptr_t)number;
}

unsigned item_number(const void *item)
{
	return (unsigned)(uintptr_t)item;
}

uint64_t item_key(const void *item)
{
	return 1 + item_number(item) % 2;
}

void item_in(unsigned number)
{
	if (number == 0 || number >= PROGRAM_ITEMS)
		sched_fail("there are no more numbers for items");
	ADD(in[number], 1);
}

static void check_index(uint64_t index)
{
	const struct scenario *s = seen.scenario;

	if (index >= 2 * PROGRAM_ITEMS || ADD(index_seen[index], 1) > 1)
		sched_fail("index %u came out twice", (unsigned)index);
	/* Two consumers may get here in another order than from par_next(). */
	if (s->ordered && !s->threads[1] && index != GET(next_index))
		sched_fail("index %u came out of order", (unsigned)index);
	ADD(next_index, 1);
}

static void check_canceled(const struct par_result *r, unsigned number)
{
	if (r->worker != UINT_MAX || r->value)
		sched_fail("item %u was canceled, but has a worker or value",
			   number);
	if (GET(runs[number]))
		sched_fail("item %u was canceled, but was run", number);
	if (!GET(cancel_begun) && !GET(withdrawing[number]))
		sched_fail("item %u was canceled without a cancel", number);
	if (r->stopped)
		sched_fail("item %u never ran, but was told to stop", number);
}

static void check_run(const struct par_result *r, unsigned number)
{
	if (r->worker >= seen.scenario->workers)
		sched_fail("item %u was run by worker %u", number, r->worker);
	if (GET(runs[number]) != 1)
		sched_fail("item %u was run %u times", number,
			   GET(runs[number]));
	if (r->error != GET(error[number]) || r->value != r->item)
		sched_fail("item %u came out with error %d or a wrong value",
			   number, r->error);
	if (GET(withdrawn[number]))
		sched_fail("item %u was withdrawn, and has run", number);
	if (GET(told_item[number]) && !r->stopped)
		sched_fail("item %u was told to stop, and does not say so",
			   number);
	if (r->stopped == -ECANCELED && !GET(cancel_begun) &&
	    !GET(withdrawing[number]))
		sched_fail("item %u was told to stop by nobody", number);
	if (r->stopped == -ETIMEDOUT && !seen.scenario->time_limit)
		sched_fail("item %u has no time limit", number);
}

void item_out(const struct par_result *r)
{
	unsigned number = item_number(r->item);

	if (number == 0 || number >= PROGRAM_ITEMS ||
	    ADD(out[number], 1) > GET(in[number]))
		sched_fail("item %u came out more often than it went in",
			   number);
	check_index(r->index);
	if (r->error == -ECANCELED)
		check_canceled(r, number);
	else
		check_run(r, number);
}

/* Unordered results come in the order in which the actions ended. Seen from the
 * outside, an action ends when its result is handed in. What is canceled comes
 * after what was handed in before. */
void item_check_order(const struct par_result *r)
{
	const struct scenario *s = seen.scenario;
	unsigned number = item_number(r->item);
	unsigned ended =
		r->error == -ECANCELED ? GET(canceled_at) : GET(ended[number]);

	if (s->ordered || s->threads[1])
		return;
	if (GET(handed_in[number]) && GET(handed_in[number]) < GET(latest))
		sched_fail("item %u was overtaken by one that ended later",
			   number);
	if (ended > GET(latest))
		SET(latest, ended);
}

void item_check_all(void)
{
	for (unsigned i = 0; i < PROGRAM_ITEMS; i++)
		if (GET(in[i]) != GET(out[i]))
			sched_fail("item %u went in %u times and came out %u",
				   i, GET(in[i]), GET(out[i]));
}
