/* SPDX-License-Identifier: MIT */
/*
 * Makes the system refuse: the n-th call, once or from then on, of those that
 * can fail. And counts what is allocated. By the linker's --wrap, so of the
 * objects in the link alone: the static library, the kit and the test itself,
 * not of cmocka and libc.
 *
 * From any thread. Calls are counted and refused between fault_arm() and
 * fault_disarm() only.
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
	FAULT_PIPE = 1 << 6,	 /* pipe2: EMFILE */
	FAULT_ANY = (1 << 7) - 1,
	/* Not refused, but broken by a signal: EINTR. */
	FAULT_YIELD = 1 << 7, /* sched_yield */
	FAULT_MOVE = 1 << 8,  /* read and write */
	FAULT_STACK = 1 << 9  /* pthread_create: EINVAL, its stack is small */
};

/* From now on calls at `sites` count; the n-th from 1 fails, and where `stays`
 * all after it. 0: none fails. */
void fault_arm(int sites, unsigned n, bool stays);

/* The same, and none fails; but before the first `act` is called, which does
 * what another thread may do just then. */
void fault_meanwhile(int sites, void (*act)(void *), void *argument);

/* The calls there were. */
unsigned fault_disarm(void);
unsigned fault_calls(void);

/* The first that failed since fault_arm(): where, and the negative errno value
 * it failed with. 0: none did. */
int fault_site(void);
int fault_error(void);

/* What is allocated and not freed. */
struct fault_memory {
	size_t blocks, bytes;
};
struct fault_memory fault_live(void);
/* The most since fault_forget_peak(). */
struct fault_memory fault_peak(void);
void fault_forget_peak(void);

#endif
