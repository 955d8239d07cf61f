/* SPDX-License-Identifier: MIT */
#ifndef PAR_PRODUCER_H
#define PAR_PRODUCER_H

#include "pool.h"

/* Starts the thread that asks the generator; -EAGAIN or the like. */
int producer_start(struct par *p) NEEDS_NO_LOCK;
/* Waits for it; the source has ended, or a call of generate is under way. */
void producer_join(struct par *p) NEEDS_NO_LOCK;

#endif
