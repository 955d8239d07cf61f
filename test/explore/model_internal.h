/* SPDX-License-Identifier: MIT */
/*
 * Shared by the files of the model.
 */
#ifndef MODEL_INTERNAL_H
#define MODEL_INTERNAL_H

#include "model.h"
#include "scheduler.h"

/* ThreadSanitizer does not see the baton. It must see the order between threads
 * that the calls guarantee: everything that a thread does before it releases an
 * object happens before everything that another thread does after it acquires
 * the object. */
extern void __tsan_acquire(void *) __attribute__((weak));
extern void __tsan_release(void *) __attribute__((weak));

static inline void acquires(const void *object)
{
	if (__tsan_acquire)
		__tsan_acquire((void *)object);
}

static inline void releases(const void *object)
{
	if (__tsan_release)
		__tsan_release((void *)object);
}

/* model_sync.c */
void model_sync_begin(void);
void model_sync_end(void);
bool has_mutex(const struct task *task);

/* model_threads.c */
void model_threads_begin(void);
void model_threads_end(void);
/* Whether a pthread_cancel() of the running task takes effect. */
bool is_cancelable(void);
/* Ends the running task if the program has canceled it. */
void cancellation_point(void);

/* model_system.c */
void model_system_begin(void);
void model_system_end(void);

#endif
