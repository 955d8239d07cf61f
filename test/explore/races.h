/* SPDX-License-Identifier: MIT */
/*
 * The race check: two threads must not touch the same plain bytes, at least one
 * of them by a write, unless the calls of the model put one before the other
 * (C11, 5.1.2.4).
 *
 * It is in explore-races alone. There the library is compiled with
 * -fsanitize=thread and not linked with ThreadSanitizer, so that it calls
 * races.c before each plain access. The model tells the rest, by the functions
 * below. The other executables do not have them, and model_internal.h does not
 * call what is not there.
 *
 * `from` is the address in the library that the call comes from.
 */
#ifndef RACES_H
#define RACES_H

#include <stdbool.h>
#include <stddef.h>

#define IF_CHECKED  __attribute__((weak))
#define CALLED_FROM __builtin_return_address(0)

/* Before each run. */
IF_CHECKED void races_begin(void);
/* The running task is a new one. Its stack may be one that was used before. */
IF_CHECKED void races_task_begins(void);

/* What a task does before it releases an object comes before what another task
 * does after it acquires the object. What was released earlier is forgotten: a
 * mutex, or a word that is read and changed in one step, is acquired first, and
 * passes everything on. */
IF_CHECKED void races_acquire(const void *object);
IF_CHECKED void races_release(const void *object);

/* An atomic access, which races with plain ones only. */
IF_CHECKED void races_atomic(const void *object, bool changes,
			     const void *from);
/* Plain accesses, also those that the model makes on behalf of the library. */
IF_CHECKED void races_read(const void *memory, size_t size, const void *from);
IF_CHECKED void races_write(const void *memory, size_t size, const void *from);
/* Memory is new: what was there is forgotten. It goes: that is a write. */
IF_CHECKED void races_malloc(const void *memory, size_t size);
IF_CHECKED void races_free(const void *memory, const void *from);

#endif
