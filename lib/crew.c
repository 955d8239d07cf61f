/* SPDX-License-Identifier: MIT */
#include "crew.h"

#include "handover.h"

#include <errno.h>

/* At most one attempt a second where the last one failed. */
enum { RETRY_MS = 1000 };

static bool may_attempt(struct par *p) NEEDS_LOCK
{
	if (p->retry_at == 0)
		return true;
	if (time_now() < p->retry_at)
		return false;
	p->retry_at = time_after(RETRY_MS);
	return true;
}

static void attempt_begins(struct par *p, struct worker *w) NEEDS_LOCK
{
	p->opening++;
	p->refused = 0;
	w->attempt = ++p->attempts;
}

static void attempt_ends(struct par *p, const struct worker *w, int why)
	NEEDS_LOCK
{
	p->opening--;
	if (w->attempt == 1) {
		p->founded = true;
		p->first_failure = why;
	}
}

static void attempt_fails(struct par *p, const struct worker *w, int why)
	NEEDS_LOCK
{
	attempt_ends(p, w, why);
	if (w->attempt == p->attempts)
		p->refused = why;
	p->retry_at = time_after(RETRY_MS);
	p->barred = p->attempts;
}

static void attempt_succeeds(struct par *p, const struct worker *w) NEEDS_LOCK
{
	attempt_ends(p, w, 0);
	/* One that was begun before a failure says nothing about now. */
	if (w->attempt > p->barred)
		p->retry_at = 0;
}

static struct worker *seat_take(struct par *p) NEEDS_LOCK
{
	struct worker *w = p->vacant;

	if (w) {
		p->vacant = w->vacant;
	} else {
		w = &p->workers[p->seats++];
		w->role.pool = p;
	}
	p->nworkers++;
	return w;
}

static void seat_give(struct par *p, struct worker *w) NEEDS_LOCK
{
	w->vacant = p->vacant;
	p->vacant = w;
	p->nworkers--;
}

struct worker *crew_first(struct par *p)
{
	struct worker *w;

	pool_lock(p);
	w = seat_take(p);
	attempt_begins(p, w);
	pool_unlock(p);
	return w;
}

struct worker *crew_recruit(struct par *p, unsigned coming)
{
	struct worker *w;

	if (!pool_is_short(p, coming) || p->nworkers == p->options.workers ||
	    !may_attempt(p))
		return NULL;
	w = seat_take(p);
	attempt_begins(p, w);
	return w;
}

void crew_refused(struct worker *w, int why)
{
	struct par *p = w->role.pool;

	pool_lock(p);
	attempt_fails(p, w, why);
	seat_give(p, w);
	pool_unlock(p);
}

void crew_join(struct worker *w)
{
	nobody_else();
	if (w->held)
		thread_join(w->role.thread);
}

void crew_begin(struct worker *w)
{
	struct par *p = w->role.pool;

	pool_lock(p);
	w->held = true;
	role_enter(&w->role);
	pool_unlock(p);
}

void crew_opened(struct worker *w)
{
	struct par *p = w->role.pool;

	pool_lock(p);
	role_leave(&w->role);
	attempt_succeeds(p, w);
	pool_unlock(p);
}

void crew_retire(struct worker *w)
{
	struct par *p = w->role.pool;

	pool_lock(p);
	if (w->item) {
		w->item->result.error = -EINTR;
		pool_settle(w);
	} else if (!w->open) {
		role_leave(&w->role);
		attempt_fails(p, w, w->failure);
	}
	p->leaving++;
	pool_unlock(p);
}

/* Without a worker nothing would happen any more that could bring the next
 * attempt to start one. So one that leaves none behind that is past worker_open
 * is stranded: it waits for another to get there, or for work and the time to
 * start a successor in its own seat. One is enough. */
static bool may_go(const struct par *p) NEEDS_LOCK
{
	return p->closing || p->stranded || pool_able(p) > 0;
}

bool crew_leave(struct worker *w)
{
	struct par *p = w->role.pool;
	bool wanted, succeeded;

	pool_lock(p);
	for (;;) {
		wanted = !p->closing && pool_is_short(p, p->opening);
		succeeded = wanted && may_attempt(p);
		if (succeeded || may_go(p))
			break;
		p->stranded = &w->sleeper;
		p->stranded_until = wanted ? p->retry_at : NEVER;
		pool_sleep(p, &w->sleeper, p->stranded_until);
		p->stranded = NULL;
	}
	p->leaving--;
	if (succeeded)
		attempt_begins(p, w);
	else
		seat_give(p, w);
	pool_unlock(p);
	return succeeded;
}

void crew_stay(struct worker *w, int why)
{
	struct par *p = w->role.pool;

	pool_lock(p);
	attempt_fails(p, w, why);
	p->leaving++;
	pool_unlock(p);
}
