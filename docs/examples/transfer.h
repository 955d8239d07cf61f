/* SPDX-License-Identifier: MIT */
/*
 * A blocking transfer by libcurl, as a program with many of them needs it: each
 * worker has a handle, and the handles share what threads may share. (Open
 * connections are not shared: libcurl does not allow that between threads.)
 */
#ifndef TRANSFER_H
#define TRANSFER_H

#include "host.h"
#include "tool.h"
#include "trust.h"

#include <par.h>

enum { CONNECT_S = 10, IDLE_S = 30, REDIRECTS = 10 };
/* Descriptors: for each transfer, and for the program besides. */
enum { FDS_EACH = 6, FDS_MORE = 32 };
/* The action returns this if the transfer has to start later, at due_ms. */
enum { TRANSFER_LATER = -EAGAIN };

/* A URL, and what came of it. */
struct transfer {
	char *url;
	struct host *host; /* NULL: it has none */
	long status;
	curl_off_t bytes, retry_after_s;
	char why[CURL_ERROR_SIZE]; /* if it failed: libcurl's words */
	bool looks_up;		   /* the others of this host wait for it */
	bool has_turn;
	unsigned tries;
	int64_t due_ms;
	struct transfer *later; /* the next in the list of later.h */
};

static const char *transfer_protocols;
static CURLSH *transfer_share;
static pthread_mutex_t transfer_locks[CURL_LOCK_DATA_LAST];

static inline void transfer_lock(CURL *curl, curl_lock_data data,
				 curl_lock_access access, void *unused)
{
	(void)curl, (void)access, (void)unused;
	pthread_mutex_lock(&transfer_locks[data]);
}

static inline void transfer_unlock(CURL *curl, curl_lock_data data,
				   void *unused)
{
	(void)curl, (void)unused;
	pthread_mutex_unlock(&transfer_locks[data]);
}

static inline void transfer_check_protocols(void)
{
	CURL *curl = curl_easy_init();
	const CURLcode code = curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR,
					       transfer_protocols);

	curl_easy_cleanup(curl);
	if (code)
		errx(TOOL_CANNOT, "libcurl does not know all of '%s'",
		     transfer_protocols);
}

/* In main(), before par_open(). Redirects, too, may lead to these protocols and
 * no others: "http,https". */
static inline void transfer_begin(const char *protocols)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
	transfer_protocols = protocols;
	transfer_check_protocols();
	trust_begin();
	transfer_share = curl_share_init();
	for (int i = 0; i < CURL_LOCK_DATA_LAST; i++)
		pthread_mutex_init(&transfer_locks[i], NULL);
	curl_share_setopt(transfer_share, CURLSHOPT_LOCKFUNC, transfer_lock);
	curl_share_setopt(transfer_share, CURLSHOPT_UNLOCKFUNC,
			  transfer_unlock);
	curl_share_setopt(transfer_share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
	curl_share_setopt(transfer_share, CURLSHOPT_SHARE,
			  CURL_LOCK_DATA_SSL_SESSION);
}

/* After par_close(). */
static inline void transfer_end(void)
{
	curl_share_cleanup(transfer_share);
	trust_end();
	curl_global_cleanup();
	tdestroy(hosts, free);
}

/* So many can run at once with the descriptors that the system allows. */
static inline unsigned transfer_workers(unsigned wanted)
{
	const rlim_t have = tool_descriptors();
	rlim_t most = 1;

	if (have > FDS_MORE + FDS_EACH)
		most = (have - FDS_MORE) / FDS_EACH;
	if (most >= wanted)
		return wanted;
	warnx("%u at a time, not %u: no more than %u descriptors (ulimit -n)",
	      (unsigned)most, wanted, (unsigned)have);
	return (unsigned)most;
}

/* For par_options: worker_open, worker_close and key. Every item begins with
 * its struct transfer. */
static inline int transfer_open(void *unused, void **handle)
{
	(void)unused;
	*handle = curl_easy_init();
	return *handle ? 0 : -ENOMEM;
}

static inline void transfer_close(void *handle)
{
	curl_easy_cleanup(handle);
}

static inline uint64_t transfer_host(void *unused, void *item)
{
	const struct transfer *t = item;

	(void)unused;
	return (uintptr_t)t->host;
}

/* libcurl asks this at least once a second, and if a signal has ended its wait
 * (par_options.interrupt). */
static inline int transfer_stops(void *unused, curl_off_t a, curl_off_t b,
				 curl_off_t c, curl_off_t d)
{
	(void)unused, (void)a, (void)b, (void)c, (void)d;
	return par_stopping();
}

/* A socket is made as soon as there is an address. */
static inline int transfer_has_address(void *item, curl_socket_t socket,
				       curlsocktype unused)
{
	struct transfer *t = item;

	(void)socket, (void)unused;
	if (t->looks_up)
		host_name_known(t->host);
	t->looks_up = false;
	return CURL_SOCKOPT_OK;
}

static inline void transfer_set(CURL *curl, struct transfer *t)
{
	curl_easy_setopt(curl, CURLOPT_URL, t->url);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, t->why);
	curl_easy_setopt(curl, CURLOPT_SHARE, transfer_share);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(curl, CURLOPT_MAXREDIRS, (long)REDIRECTS);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, transfer_protocols);
	curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, transfer_protocols);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)IDLE_S);
	curl_easy_setopt(curl, CURLOPT_DNS_CACHE_TIMEOUT, -1L);
	curl_easy_setopt(curl, CURLOPT_SOCKOPTFUNCTION, transfer_has_address);
	curl_easy_setopt(curl, CURLOPT_SOCKOPTDATA, t);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, transfer_stops);
	/* If it is told to stop, it does not wait for a name server. */
	curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);
	trust(curl);
}

/* Gives the handle the options of this transfer; the program adds its own. All
 * are set anew each time: libcurl counts in the handle how often a connection
 * was closed under it, and gives up at the fifth; the reset sets that to 0. */
static inline int transfer_prepare(CURL *curl, struct transfer *t)
{
	if (t->host)
		t->due_ms = host_turn(t->host, t->has_turn);
	t->has_turn = t->host && t->due_ms;
	if (t->has_turn)
		return TRANSFER_LATER;
	curl_easy_reset(curl);
	transfer_set(curl, t);
	t->status = 0;
	t->bytes = 0;
	t->why[0] = '\0';
	return 0;
}

static inline int transfer_perform(CURL *curl, struct transfer *t)
{
	CURLcode code;

	t->looks_up = t->host && host_enter(t->host);
	code = curl_easy_perform(curl);
	transfer_has_address(t, CURL_SOCKET_BAD, CURLSOCKTYPE_IPCXN);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &t->status);
	curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &t->retry_after_s);
	if (code && !t->why[0])
		snprintf(t->why, sizeof t->why, "%s", curl_easy_strerror(code));
	return (int)code;
}

/* Whether the stop of the program kept it from being done. */
static inline bool transfer_is_left(const struct par_result *r)
{
	return r->error == -ECANCELED || (r->error && r->stopped == -ECANCELED);
}

/* Puts into `why` what has failed, if libcurl has not: the transfer was told to
 * stop by the time limit, or the action returned a number of errno. */
static inline void transfer_explain(const struct par_result *r, unsigned most_s)
{
	struct transfer *t = r->item;

	if (r->error && r->stopped)
		snprintf(t->why, sizeof t->why, "it took more than %u s",
			 most_s);
	else if (r->error < 0)
		snprintf(t->why, sizeof t->why, "%s", strerror(-r->error));
}

#endif
