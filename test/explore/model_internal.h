/* SPDX-License-Identifier: MIT */
/*
 * Shared by the files of the model.
 */
#ifndef MODEL_INTERNAL_H
#define MODEL_INTERNAL_H

#include "model.h"
#include "races.h"
#include "scheduler.h"

/* ThreadSanitizer does not see the baton. It must see the order between threads
 * that the calls guarantee: everything that a thread does before it releases an
 * object happens before everything that another thread does after it acquires
 * the object. So must the race check. */
extern void __tsan_acquire(void *) __attribute__((weak));
extern void __tsan_release(void *) __attribute__((weak));

static inline void acquires(const void *object)
{
	if (__tsan_acquire)
		__tsan_acquire((void *)object);
	if (races_acquire)
		races_acquire(object);
}

static inline void releases(const void *object)
{
	if (__tsan_release)
		__tsan_release((void *)object);
	if (races_release)
		races_release(object);
}

/* The library writes the memory by a call of the model. */
static inline void written(const void *memory, size_t size, const void *from)
{
	if (races_write)
		races_write(memory, size, from);
}

/* It loads, or changes, an object that is made for more than one thread. */
static inline void touched(const void *object, bool changes, const void *from)
{
	if (races_atomic)
		races_atomic(object, changes, from);
}

/* model_sync.c */
void model_sync_begin(void);
void model_sync_end(void);
bool has_mutex(const struct task *task);
bool owns_mutex(const struct task *task, const void *mutex);

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
