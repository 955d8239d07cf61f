/* SPDX-License-Identifier: MIT */
/*
 * A cache of real threads. A thread in it, a carrier, runs the body of one task
 * after another: to create and join a thread for each task would take longer
 * than all the rest of a run.
 */
#ifndef CARRIER_H
#define CARRIER_H

#include <pthread.h>
#include <stdbool.h>

/* Starts the body in an idle carrier, or in a new one. */
struct carrier *carrier_start(void *(*body)(void *), void *argument);
pthread_t carrier_thread(const struct carrier *carrier);

/* The body has returned, or is just about to: the carrier becomes idle. If the
 * body has ended its thread instead, `returned` is false and the carrier is
 * joined. */
void carrier_release(struct carrier *carrier, bool returned);

#endif
