/* SPDX-License-Identifier: MIT */
/*
 * Seats are taken and given back, and their states counted. When a worker is
 * started, and when it may leave, is decided elsewhere (workers.c).
 */
#include "seats.h"

#include <errno.h>
#include <stdlib.h>

int seats_init(struct seats *seats, unsigned count)
{
	*seats = (struct seats){ .all = calloc(count, sizeof *seats->all) };
	seats->in_state[SEAT_VACANT] = count;
	return seats->all ? 0 : -ENOMEM;
}

void seats_fini(struct seats *seats)
{
	for (unsigned i = 0; i < seats->used; i++) {
		if (seats->all[i].cond_ready)
			waiter_fini(&seats->all[i].waiter);
		pipe_close(&seats->all[i].self.stop_pipe);
	}
	free(seats->all);
}

struct worker *seats_take(struct seats *seats, struct par *pool)
{
	struct worker *w = seats->vacant;

	if (w) {
		seats->vacant = w->next_vacant;
	} else {
		w = &seats->all[seats->used++];
		w->self.pool = pool;
		w->self.worker = w;
	}
	seats_change(seats, w, SEAT_STARTING);
	return w;
}

void seats_change(struct seats *seats, struct worker *w, enum seat_state state)
{
	seats->in_state[w->state]--;
	seats->in_state[state]++;
	w->state = state;
	if (state == SEAT_VACANT) {
		w->next_vacant = seats->vacant;
		seats->vacant = w;
	}
}

unsigned seats_taken(const struct seats *seats)
{
	unsigned taken = 0;

	for (unsigned s = SEAT_VACANT + 1; s < SEAT_STATES; s++)
		taken += seats->in_state[s];
	return taken;
}
