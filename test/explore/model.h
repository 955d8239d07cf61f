/* SPDX-License-Identifier: MIT */
/*
 * The system as the library sees it under the scheduler: a model of every call
 * that can block or fail, which also checks the rules of POSIX. calls.h
 * renames the library's calls to those of the model (x_...).
 *
 *     model_sync.c     mutexes, condition variables
 *     model_words.c    the atomic words of lib/word.h
 *     model_threads.c  threads, cancellation, signals
 *     model_system.c   memory, descriptors, the clock
 */
#ifndef MODEL_H
#define MODEL_H

#include <pthread.h>
#include <stdbool.h>

/* Before and after each run. model_end() fails the run if the library has left
 * a thread, mutex, condition variable, allocation or descriptor. */
void model_begin(void);
void model_end(void);

/* Fails the run if the running task holds a mutex. `where` is the name of the
 * callback that must not be called under the lock. */
void model_assert_unlocked(const char *where);

/* A thread of the program. To start it is no fallible call. */
void model_spawn(pthread_t *thread, void *(*body)(void *), void *argument);
void model_join(pthread_t thread);
/* pthread_cancel(), by the program, of a thread of its own. */
void model_cancel(pthread_t thread);
/* pthread_setcancelstate(), by a callback. */
void model_enable_cancel(void);
/* The system refuses the library `count` threads: from the one with number
 * `from` on, where the first that the library starts has number 1. */
void model_refuse_threads(unsigned from, unsigned count);

/* Each time that the library reads the coarse clock, it has moved by more than
 * half of what a wake-up takes: a task that was woken and does not run yet is
 * starved. */
extern bool model_time_flies;

/* How many items have left a word from `from` to `to` by word_publish(), and
 * have not come to their next place: they are in the hands of tasks. And those
 * of the running task are not. */
unsigned model_in_hand(const void *from, const void *to);
void model_hand_is_empty(void);

/* If set, called on each thread that the library has started, when its body has
 * ended: as destructors of thread-specific data are. */
extern void (*model_destructor)(void);

/* If set, called after a mutex was locked, and before it is unlocked. */
extern void (*model_locks)(const void *mutex);
extern void (*model_unlocks)(const void *mutex);

/* Whether poll() would report the descriptor as readable. */
bool model_readable(int fd);

/* A blocking call of the program: returns true when condition() is true, or
 * false if a signal interrupted it before. */
bool model_block(bool (*condition)(void *), void *argument);
/* Whether a signal to this thread may still arrive. */
bool model_was_signaled(void);

#endif
