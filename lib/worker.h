/* SPDX-License-Identifier: MIT */
/*
 * A worker: the thread that calls worker_open, the action for one item after
 * the other, and worker_close.
 */
#ifndef PAR_WORKER_H
#define PAR_WORKER_H

#include "seats.h"

/* Starts the thread of a worker whose seat was taken for it (workers.h). If the
 * system refuses the thread, gives the seat back and returns -EAGAIN or the
 * like. */
int worker_start(struct worker *w) WITHOUT_LOCK;

#endif
