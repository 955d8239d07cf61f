/* SPDX-License-Identifier: MIT */
/*
 * Threads: start, join, name, stack size, cancellation.
 */
#ifndef PAR_THREAD_H
#define PAR_THREAD_H

#include "guard.h"

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

/* What a thread is for: the producer may read the terminal. */
enum thread_kind { THREAD_WORKER, THREAD_PRODUCER, THREAD_SUPERVISOR };

/*
 * Starts a thread with the signals blocked that this kind blocks
 * (signals_blocked()). The caller's signal mask stays as it is. stack_size 0
 * means the system's default. Returns 0, or -EAGAIN, -ENOMEM or what else the
 * system says.
 */
int thread_start(pthread_t *thread, enum thread_kind kind, size_t stack_size,
		 void *(*body)(void *), void *argument) WITHOUT_LOCK;
void thread_join(pthread_t thread);

/* Names the calling thread: name, or name-number if the number is not negative.
 * The name is cut to what the system takes. */
void thread_name(const char *name, int number);
/* The size of the longest name that is not cut, with its NUL byte. */
enum { THREAD_NAME_SIZE = 16 };

/* Rounds *size up to a size that the system takes. Returns 0, or -EINVAL if the
 * size is larger than any system takes. */
int thread_stack_size(size_t *size);

/* Between the two calls pthread_cancel() has no effect on the calling thread.
 */
int thread_disable_cancel(void);
void thread_restore_cancel(int before);

/* Yields the processor. Returns how many nanoseconds that took. */
uint64_t thread_yield(void);

#endif
