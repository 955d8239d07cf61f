/* SPDX-License-Identifier: MIT */
#ifndef PAR_WORKER_H
#define PAR_WORKER_H

#include "pool.h"

/* Starts a worker in a seat that was reserved for it (crew.h); the seat is the
 * new thread's then. Where the system refuses the thread, the seat is given
 * back and -EAGAIN or the like returned. NULL: nothing to do, 0. */
int worker_start(struct worker *w) NEEDS_NO_LOCK;

#endif
