/* SPDX-License-Identifier: MIT */
/*
 * Structures of the public header in the size that the program knows. A program
 * may be built with an older or a newer header than the library.
 */
#ifndef PAR_SIZES_H
#define PAR_SIZES_H

#include <stddef.h>
#include <string.h>

/* Copies a structure out. The program's has to_size bytes, ours has size. Bytes
 * that only the program's has become zero. */
static inline void sizes_copy_out(void *to, size_t to_size, const void *from,
				  size_t size)
{
	if (to_size <= size) {
		memcpy(to, from, to_size);
		return;
	}
	memcpy(to, from, size);
	memset((char *)to + size, 0, to_size - size);
}

#endif
