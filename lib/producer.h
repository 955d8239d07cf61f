/* SPDX-License-Identifier: MIT */
/*
 * The producer: the thread that calls the generator.
 */
#ifndef PAR_PRODUCER_H
#define PAR_PRODUCER_H

#include "pool.h"

/* Starts the thread. Returns 0, or -EAGAIN or the like. */
int producer_start(struct par *p) WITHOUT_LOCK;
/* Waits until the thread has ended. Call it when the source was told to stop.
 */
void producer_join(struct par *p) WITHOUT_LOCK;

#endif
