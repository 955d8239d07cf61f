/* SPDX-License-Identifier: MIT */
/*
 * What the compilers call, with -fsanitize=thread, before each plain access.
 * Clang calls __tsan_memcpy() and __tsan_memset() for copies that it makes
 * itself. The library's own calls are renamed to races_memcpy() and
 * races_memset().
 */
#include "races.h"

#include <string.h>

#define INSTRUMENTED(size)                                                     \
	void __tsan_read##size(const void *memory)                             \
	{                                                                      \
		races_read(memory, size, CALLED_FROM);                         \
	}                                                                      \
	void __tsan_write##size(const void *memory)                            \
	{                                                                      \
		races_write(memory, size, CALLED_FROM);                        \
	}                                                                      \
	void __tsan_unaligned_read##size(const void *memory)                   \
	{                                                                      \
		races_read(memory, size, CALLED_FROM);                         \
	}                                                                      \
	void __tsan_unaligned_write##size(const void *memory)                  \
	{                                                                      \
		races_write(memory, size, CALLED_FROM);                        \
	}
INSTRUMENTED(1)
INSTRUMENTED(2)
INSTRUMENTED(4)
INSTRUMENTED(8)
INSTRUMENTED(16)

void __tsan_read_range(const void *memory, size_t size)
{
	races_read(memory, size, CALLED_FROM);
}

void __tsan_write_range(const void *memory, size_t size)
{
	races_write(memory, size, CALLED_FROM);
}

void *races_memcpy(void *to, const void *from, size_t size)
{
	races_read(from, size, CALLED_FROM);
	races_write(to, size, CALLED_FROM);
	return memcpy(to, from, size);
}

void *races_memset(void *memory, int byte, size_t size)
{
	races_write(memory, size, CALLED_FROM);
	return memset(memory, byte, size);
}

void *__tsan_memcpy(void *to, const void *from, size_t size)
	__attribute__((alias("races_memcpy")));
void *__tsan_memset(void *memory, int byte, size_t size)
	__attribute__((alias("races_memset")));

void __tsan_init(void)
{
}

void __tsan_func_entry(const void *from)
{
}

void __tsan_func_exit(void)
{
}
