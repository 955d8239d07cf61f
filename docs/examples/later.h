/* SPDX-License-Identifier: MIT */
/*
 * Transfers that are tried again later. They wait in a list of the loop's, and
 * no worker waits with them.
 */
#ifndef LATER_H
#define LATER_H

#include "transfer.h"

/* A host that wants a longer pause is not waited for. With more than MANY in
 * the list, no more results are taken, so that the generator stops, too. */
enum { PAUSE_MS = 1000, LONGEST_PAUSE_MS = 300000, MANY = 10000 };
enum { TICK_MS = 100, BREATH_MS = 10 };

struct later {
	unsigned retries; /* so many for each transfer */
	bool hosts_only;  /* only if the host has said that it is too much */
	struct transfer *first;
	size_t count;
	int64_t due_ms; /* not before is one of them due */
};

/* Whether it may be different the next time. */
static inline bool later_helps(const struct later *later, int error,
			       const struct transfer *t)
{
	switch (t->status) {
	case 429:
	case 503:
		return true;
	case 408:
	case 500:
	case 502:
	case 504:
		return !later->hosts_only;
	}
	switch (error) {
	case CURLE_COULDNT_CONNECT:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
		return !later->hosts_only;
	}
	return false;
}

static inline void later_add(struct later *later, struct transfer *t)
{
	if (!later->count++ || t->due_ms < later->due_ms)
		later->due_ms = t->due_ms;
	t->later = later->first;
	later->first = t;
}

/* Takes back a result that is not the last word on its transfer; false: it is.
 * A pause doubles with each try, unless the host says how long it wants it. */
static inline bool later_takes(struct later *later, const struct par_result *r)
{
	struct transfer *t = r->item;
	int64_t pause_ms;

	if (transfer_is_left(r))
		return false;
	if (r->error == TRANSFER_LATER) {
		later_add(later, t);
		return true;
	}
	if (t->tries >= later->retries ||
	    !(later_helps(later, r->error, t) ||
	      (r->stopped == -ETIMEDOUT && !later->hosts_only)))
		return false;
	pause_ms = PAUSE_MS << (t->tries < 8 ? t->tries : 8);
	if (t->retry_after_s > 0)
		pause_ms = t->retry_after_s * 1000;
	if (pause_ms > LONGEST_PAUSE_MS)
		return false;
	t->tries++;
	t->due_ms = clock_ms() + pause_ms;
	if (t->host && (t->status == 429 || t->status == 503))
		host_close(t->host, t->due_ms);
	later_add(later, t);
	return true;
}

/* Pushes those whose time has come. */
static inline void later_push(struct later *later, struct par *pool)
{
	const int64_t now = clock_ms();
	struct transfer *t = later->first, *next;

	if (!t || now < later->due_ms)
		return;
	later->first = NULL;
	later->count = 0;
	for (; t; t = next) {
		next = t->later;
		if (t->due_ms > now || par_push(pool, t))
			later_add(later, t);
	}
}

/* par_next_timed(), which also waits for what is in the list. While something
 * is there and nothing is in the pool, par_next_timed() is not called: the
 * input may end at any time, and that would be the end. After a cancel the list
 * is left to the program. */
static inline int later_next(struct later *later, struct par *pool,
			     struct par_result *r)
{
	const struct timespec breath = { .tv_nsec = BREATH_MS * 1000000L };
	struct par_stats stats;

	if (later->count && !par_canceled(pool)) {
		later_push(later, pool);
		par_stats(pool, &stats);
		if (later->count > MANY ||
		    (later->count && stats.entered == stats.delivered)) {
			nanosleep(&breath, NULL);
			return -ETIMEDOUT;
		}
	}
	return par_next_timed(pool, r, TICK_MS);
}

#endif
