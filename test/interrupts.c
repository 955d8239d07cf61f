/* SPDX-License-Identifier: MIT */
/*
 * lib/interrupts.c: whom a round of signals reaches, and when the next one is
 * due. On one thread, which sits in all seats.
 */
#include "kit.h"

#include "cancels.h"
#include "clock.h"
#include "interrupts.h"
#include "pool.h"
#include "stops.h"

#include <signal.h>

enum { SEATS = 100, AT_ONCE = 64 };

static volatile sig_atomic_t heard;

static void hear(int signal)
{
	heard++;
}

static void tell(struct par *p, struct worker *w)
{
	p->told_alone++;
	word_publish(&w->self.told, ECANCELED);
	interrupts_begin(p, &w->self);
}

/* The same, and it is not due again while the test runs, however slowly. */
static void tell_once(struct par *p, struct worker *w)
{
	tell(p, w);
	w->self.pause = 1000 * (uint64_t)CLOCK_NS_PER_S;
}

/* A pool with a worker in each seat, all in an action. */
static struct par *new_pool(void)
{
	struct par *p = calloc(1, sizeof *p);

	assert_non_null(p);
	p->seats.all = calloc(SEATS, sizeof *p->seats.all);
	assert_non_null(p->seats.all);
	p->seats.used = SEATS;
	for (int i = 0; i < SEATS; i++) {
		p->seats.all[i].state = SEAT_WORKING;
		p->seats.all[i].self.thread = pthread_self();
	}
	p->options.interrupt = SIGUSR1;
	p->handler_stands = true;
	heard = 0;
	signal(SIGUSR1, hear);
	return p;
}

static void drop(struct par *p)
{
	free(p->seats.all);
	free(p);
}

/* As if this time had come. */
static int send_at_once(struct par *p)
{
	const int before = heard;

	p->interrupts.due = 0;
	interrupts_send(p);
	return heard - before;
}

static void a_section_sends_no_more_than_some(void **state)
{
	struct par *p = new_pool();
	uint64_t begun;

	for (int i = 0; i < SEATS; i++)
		tell(p, &p->seats.all[i]);
	begun = clock_now();
	assert_int_equal(send_at_once(p), AT_ONCE);
	assert_true(p->interrupts.due >= begun + CLOCK_NS_PER_MS);
	assert_int_equal(send_at_once(p), SEATS - AT_ONCE);
	drop(p);
}

static void before_it_is_due_nothing_is_sent(void **state)
{
	struct par *p = new_pool();

	tell(p, &p->seats.all[0]);
	assert_int_equal(send_at_once(p), 1);
	p->interrupts.due = CLOCK_NEVER;
	p->seats.all[0].self.interrupt_at = 0;
	interrupts_send(p);
	assert_int_equal(heard, 1);
	drop(p);
}

static void a_second_cancel_begins_no_pause_anew(void **state)
{
	struct par *p = new_pool();
	struct self *self = &p->seats.all[0].self;
	uint64_t due, pause;

	p->seats.used = 1;
	p->seats.all[0].state = SEAT_OPENING;
	p->seats.in_state[SEAT_OPENING] = 1;
	cancels_all(p);
	assert_int_equal(send_at_once(p), 1);
	due = self->interrupt_at;
	pause = self->pause;
	cancels_all(p);
	assert_true(self->interrupt_at == due);
	assert_true(self->pause == pause);
	drop(p);
}

static void who_is_late_is_told_once(void **state)
{
	struct par *p = new_pool();
	struct worker *w = &p->seats.all[0];

	p->stopwatch.limit = 1;
	p->stopwatch.first = w;
	w->started = p->stopwatch.due = 1;
	stops_tell_late(p);
	assert_int_equal(send_at_once(p), 1);
	p->stopwatch.due = 1;
	stops_tell_late(p);
	assert_int_equal(p->told_alone, 1);
	assert_true(w->self.interrupt_at > 0);
	drop(p);
}

static void a_round_sends_to_those_whose_time_has_come(void **state)
{
	struct par *p = new_pool();

	for (int i = 0; i < 10; i++)
		tell(p, &p->seats.all[i]);
	assert_int_equal(send_at_once(p), 10);
	for (int i = 0; i < 10; i++)
		p->seats.all[i].self.interrupt_at = CLOCK_NEVER;
	p->seats.all[7].self.interrupt_at = 0;
	assert_int_equal(send_at_once(p), 1);
	drop(p);
}

/* The round has passed its seat: without this it would wait for the pause of
 * the others. */
static void who_is_told_during_a_round_has_a_round_at_once(void **state)
{
	struct par *p = new_pool();

	for (int i = 1; i < SEATS; i++)
		tell_once(p, &p->seats.all[i]);
	assert_int_equal(send_at_once(p), AT_ONCE);
	tell_once(p, &p->seats.all[0]);
	assert_int_equal(send_at_once(p), SEATS - 1 - AT_ONCE);
	assert_true(p->interrupts.due == 0);
	interrupts_send(p);
	assert_int_equal(heard, SEATS);
	drop(p);
}

static void the_pauses_double_up_to_a_second(void **state)
{
	struct par *p = new_pool();
	struct self *self = &p->seats.all[0].self;
	uint64_t pause = CLOCK_NS_PER_MS;

	tell(p, &p->seats.all[0]);
	for (int i = 0; i < 15; i++) {
		const uint64_t before = clock_now();

		self->interrupt_at = 0;
		assert_int_equal(send_at_once(p), 1);
		assert_true(self->interrupt_at >= before + pause);
		assert_true(self->interrupt_at <= clock_now() + pause);
		pause = pause < CLOCK_NS_PER_S / 2 ? 2 * pause : CLOCK_NS_PER_S;
	}
	tell(p, &p->seats.all[0]); /* as another action */
	assert_true(self->pause == CLOCK_NS_PER_MS);
	assert_true(self->interrupt_at == 0);
	drop(p);
}

static void who_waits_or_was_not_told_hears_nothing(void **state)
{
	struct par *p = new_pool();

	tell(p, &p->seats.all[0]);
	tell(p, &p->seats.all[1]);
	p->seats.all[0].waits = true;
	p->seats.all[1].state = SEAT_LEAVING;
	assert_int_equal(send_at_once(p), 0);
	p->seats.all[1].state = SEAT_OPENING;
	assert_int_equal(send_at_once(p), 1);
	drop(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KIT_TEST(a_section_sends_no_more_than_some),
		KIT_TEST(before_it_is_due_nothing_is_sent),
		KIT_TEST(a_second_cancel_begins_no_pause_anew),
		KIT_TEST(who_is_late_is_told_once),
		KIT_TEST(a_round_sends_to_those_whose_time_has_come),
		KIT_TEST(who_is_told_during_a_round_has_a_round_at_once),
		KIT_TEST(the_pauses_double_up_to_a_second),
		KIT_TEST(who_waits_or_was_not_told_hears_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
