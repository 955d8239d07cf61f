/* SPDX-License-Identifier: MIT */
/*
 * The system as the library sees it under the scheduler: every call that could
 * block or fail, with the rules of POSIX checked on the way. calls.syms renames
 * the library's calls to these.
 */
#ifndef MODEL_H
#define MODEL_H

#include <pthread.h>
#include <stdbool.h>

/* Before and after each run: everything made must be gone again. */
void model_begin(void);
void model_end(void);

/* The running task holds no mutex: the library is not inside its lock. */
void model_assert_unlocked(const char *where);

/* A thread of the program's: no fault strikes it. */
void model_spawn(pthread_t *thread, void *(*body)(void *), void *argument);
void model_join(pthread_t thread);
/* pthread_cancel(): the program cancels a thread of its own. */
void model_cancel(pthread_t thread);
/* The n-th thread that the library starts, from 1, and so many on are refused.
 */
void model_refuse_threads(unsigned from, unsigned count);

/* Called with the mutex that is about to be unlocked. */
extern void (*model_unlocks)(const void *mutex);

/* Whether the descriptor would poll as ready for reading. */
bool model_readable(int fd);

/* A blocking call of the program's: until the condition holds or a signal comes
 * (false). */
bool model_block(bool (*condition)(void *), void *argument);

#endif
