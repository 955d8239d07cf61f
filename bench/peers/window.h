/* SPDX-License-Identifier: MIT */
/*
 * For the peers that take work but call no source, and bound nothing: the
 * caller itself calls the source, and keeps as many in flight as are queued and
 * worked on where there is a bound. It stops feeding while it waits for a
 * result.
 */
#ifndef WINDOW_H
#define WINDOW_H

#include "measure.h"

/* submit() hands a number in; take() waits for a result. */
static inline void pump(const struct job *job, void (*submit)(uintptr_t),
			uintptr_t (*take)(void))
{
	size_t flying = 0, most = job->ping ? 1 : job->bound + job->workers;
	uintptr_t item;

	while (source_next(&item)) {
		if (flying == most) {
			receive(take());
			flying--;
		}
		if (job->ping)
			trip_begins();
		submit(item);
		flying++;
		if (job->ping) {
			receive(take());
			flying--;
		}
	}
	while (flying-- > 0)
		receive(take());
}

#endif
