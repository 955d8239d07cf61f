/* SPDX-License-Identifier: MIT */
/*
 * par_finish(), par_cancel() and par_withdraw(): no more input, and items that
 * never run.
 */
#ifndef PAR_CANCELS_H
#define PAR_CANCELS_H

#include "pool.h"

void cancels_finish(struct par *p) WITHOUT_LOCK;
void cancels_all(struct par *p) WITHOUT_LOCK;
/* Returns what par_withdraw() returns. */
int cancels_one(struct par *p, const void *pointer) WITHOUT_LOCK;

#endif
