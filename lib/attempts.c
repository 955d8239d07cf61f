/* SPDX-License-Identifier: MIT */
/*
 * When the pool may try to start a worker. Who makes an attempt is decided in
 * workers.c.
 */
#include "attempts.h"

#include "clock.h"

enum { BACK_OFF_MS = 1000 };

uint64_t attempts_begin(struct attempts *attempts)
{
	if (attempts->retry_at != 0)
		attempts->retry_at = clock_after(BACK_OFF_MS);
	if (attempts->asked > 0)
		attempts->asked--;
	attempts->error = 0;
	return ++attempts->begun;
}

static void note_first(struct attempts *attempts, uint64_t number, int error)
	NEEDS_LOCK
{
	if (number == 1) {
		attempts->first_open_done = true;
		attempts->first_open_error = error;
	}
}

void attempts_succeed(struct attempts *attempts, uint64_t number)
{
	note_first(attempts, number, 0);
	/* An attempt that began before a failure says nothing about now. */
	if (number > attempts->begun_at_failure)
		attempts->retry_at = 0;
}

void attempts_fail(struct attempts *attempts, uint64_t number, int error)
{
	note_first(attempts, number, error);
	if (number == attempts->begun)
		attempts->error = error;
	attempts->retry_at = clock_after(BACK_OFF_MS);
	attempts->begun_at_failure = attempts->begun;
}
