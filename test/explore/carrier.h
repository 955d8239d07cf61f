/* SPDX-License-Identifier: MIT */
/*
 * Real threads that carry one body after another: to make one for each costs
 * more than all else in a run.
 */
#ifndef CARRIER_H
#define CARRIER_H

#include <pthread.h>
#include <stdbool.h>

/* Starts the body in a thread that is idle, or in a new one. */
struct carrier *carrier_start(void *(*body)(void *), void *argument);
pthread_t carrier_name(const struct carrier *carrier);
/* The body has returned, or ended its thread; or is just about to. */
void carrier_done(struct carrier *carrier, bool returned);

#endif
