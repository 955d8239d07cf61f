/* SPDX-License-Identifier: MIT */
/*
 * A program loads the library by dlopen(). A thread's first call allocates
 * nothing: if glibc has to allocate a thread's storage then, and there is no
 * memory, it ends the process. And dlclose() does not unload it: the handler of
 * an interrupt stays.
 *     loaded LIBRARY
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static atomic_bool out_of_memory;
static atomic_uint refused;

/* glibc's own. */
/* NOLINTBEGIN(*-reserved-identifier,cert-dcl*) */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t nmemb, size_t size);
/* NOLINTEND(*-reserved-identifier,cert-dcl*) */

static bool refuses(void)
{
	if (!atomic_load(&out_of_memory))
		return false;
	atomic_fetch_add(&refused, 1);
	return true;
}

/* The dynamic linker calls these, too. */
void *malloc(size_t size)
{
	return refuses() ? NULL : __libc_malloc(size);
}

void *calloc(size_t nmemb, size_t size)
{
	return refuses() ? NULL : __libc_calloc(nmemb, size);
}

static void *call(void *library)
{
	void *(*par_self)(void);

	*(void **)&par_self = dlsym(library, "par_self");
	atomic_store(&out_of_memory, true);
	if (!par_self || par_self())
		abort();
	atomic_store(&out_of_memory, false);
	return NULL;
}

static bool stays(const char *name, void *library)
{
	return dlclose(library) == 0 && dlopen(name, RTLD_NOW | RTLD_NOLOAD);
}

int main(int argc, char **argv)
{
	void *library = argc == 2 ? dlopen(argv[1], RTLD_NOW) : NULL;
	pthread_t thread;

	if (!library || pthread_create(&thread, NULL, call, library) ||
	    pthread_join(thread, NULL)) {
		fprintf(stderr, "%s\n", library ? "no thread" : dlerror());
		return 1;
	}
	if (atomic_load(&refused) > 0) {
		fprintf(stderr, "the first call has allocated memory\n");
		return 1;
	}
	if (!stays(argv[1], library)) {
		fprintf(stderr, "dlclose() has unloaded it\n");
		return 1;
	}
	return 0;
}
