/* SPDX-License-Identifier: MIT */
/*
 * Makes calls to the system fail: the n-th call, or every call from the n-th
 * on. It also counts what is allocated. It works by the linker's --wrap, so it
 * sees the calls of the static library, of the kit and of the test itself, but
 * not those of cmocka and libc.
 *
 * For any thread. Calls are counted, and fail, only between fault_arm() and
 * fault_disarm().
 */
#ifndef FAULT_H
#define FAULT_H

#include <stdbool.h>
#include <stddef.h>

enum fault_site {
	FAULT_MALLOC = 1 << 0,	 /* and calloc, realloc, getline: ENOMEM */
	FAULT_THREAD = 1 << 1,	 /* pthread_create: EAGAIN */
	FAULT_MUTEX = 1 << 2,	 /* pthread_mutex_init: ENOMEM */
	FAULT_COND = 1 << 3,	 /* pthread_cond_init: EAGAIN */
	FAULT_CONDATTR = 1 << 4, /* pthread_condattr_init: ENOMEM */
	FAULT_ATTR = 1 << 5,	 /* pthread_attr_init: ENOMEM */
	FAULT_PIPE = 1 << 6,	 /* pipe2, eventfd, epoll_create1: EMFILE */
	FAULT_ANY = (1 << 7) - 1,
	/* Not refused, but interrupted by a signal: EINTR. */
	FAULT_YIELD = 1 << 7, /* sched_yield */
	FAULT_MOVE = 1 << 8,  /* read and write */
	FAULT_STACK = 1 << 9, /* pthread_create: EINVAL, stack too small */
	/* The system has no such clock. */
	FAULT_CLOCK = 1 << 10, /* pthread_condattr_setclock: EINVAL */
	FAULT_EPOLL = 1 << 11, /* epoll_ctl: ENOSPC; not part of an open */
	/* Only counted. */
	FAULT_LOCK = 1 << 12 /* pthread_mutex_lock on the pool's threads */
};

/* From now on the calls at `sites` are counted. The n-th fails, counted from 1.
 * If `stays` is set, all later ones fail too. If n is 0, none fails. */
void fault_arm(int sites, unsigned n, bool stays);

/* The same with no call that fails. But just before the first of them,
 * act(argument) is called: it does what another thread might do at that
 * moment. If fault_arm() is called meanwhile, this call may fail, too: it has
 * number 1. */
void fault_meanwhile(int sites, void (*act)(void *), void *argument);

/* Both return how many calls were counted. The first also ends the counting. */
unsigned fault_disarm(void);
unsigned fault_calls(void);

/* The site of the first call that failed since fault_arm(), and its error as a
 * negative errno value. 0 if none failed. */
int fault_site(void);
int fault_error(void);

/* Memory that is allocated and not freed. */
struct fault_memory {
	size_t blocks, bytes;
};
struct fault_memory fault_live(void);
/* The largest figures since fault_forget_peak(). */
struct fault_memory fault_peak(void);
void fault_forget_peak(void);

#endif
