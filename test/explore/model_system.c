/* SPDX-License-Identifier: MIT */
/*
 * Memory, the descriptors of pipes, and the clock.
 */
#include "model_internal.h"

#include "access.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

/* Made, and not yet freed. */
static long allocations;

/* Which address new memory gets depends on what was freed before. */
static void count_allocations(long more)
{
	access_write(&allocations);
	allocations += more;
}

static void *allocated(void *memory, size_t size)
{
	count_allocations(memory != NULL);
	if (!memory)
		errno = ENOMEM;
	else if (races_malloc)
		races_malloc(memory, size);
	return memory;
}

void *x_malloc(size_t size)
{
	return allocated(sched_fault() ? NULL : malloc(size), size);
}

void *x_calloc(size_t count, size_t size)
{
	void *memory = sched_fault() ? NULL : calloc(count, size);

	if (allocated(memory, count * size))
		written(memory, count * size, CALLED_FROM);
	return memory;
}

void x_free(void *memory)
{
	count_allocations(-(memory != NULL));
	if (memory && races_free)
		races_free(memory, CALLED_FROM);
	free(memory);
}

/* Each pipe has two descriptors, one to read from and one to write to. The
 * first pipe has FIRST and FIRST + 1. An event has the first of them, for both;
 * an epoll set has it for polling, and watches one event. */
enum { FIRST = 1000, PIPES = 16 };

static struct {
	enum pipe_kind { PIPE, EVENT, EPOLL_SET } kind;
	int bytes, event;
	bool open[2];
} pipes[PIPES];
static int pipe_count;

/* read(), write() and close() are cancellation points. A thread that the
 * program cancels in one of them would leave the library in the middle of a
 * change. */
static void descriptor_call(void)
{
	if (is_cancelable())
		sched_fail("a cancellation point that is enabled");
	sched_point();
}

static int pipe_of(int fd)
{
	if (fd < FIRST || fd >= FIRST + 2 * pipe_count ||
	    !pipes[(fd - FIRST) / 2].open[fd % 2])
		sched_fail("descriptor %d is not open", fd);
	return (fd - FIRST) / 2;
}

/* Returns the descriptor to read from, or -1. */
static int make_pipe(enum pipe_kind kind)
{
	if (sched_fault()) {
		errno = EMFILE;
		return -1;
	}
	if (pipe_count == PIPES)
		sched_fail("more than %d pipes", PIPES);
	access_write(&pipe_count);
	pipes[pipe_count].bytes = 0;
	pipes[pipe_count].kind = kind;
	pipes[pipe_count].event = -1;
	pipes[pipe_count].open[0] = true;
	pipes[pipe_count].open[1] = kind == PIPE;
	return FIRST + 2 * pipe_count++;
}

int x_pipe2(int ends[2], int flags)
{
	const int fd = make_pipe(PIPE);

	if (fd < 0)
		return -1;
	ends[0] = fd;
	ends[1] = fd + 1;
	return 0;
}

int x_eventfd(unsigned value, int flags)
{
	return make_pipe(EVENT);
}

int x_epoll_create1(int flags)
{
	return make_pipe(EPOLL_SET);
}

int x_epoll_ctl(int set, int operation, int fd, struct epoll_event *event)
{
	int i = pipe_of(set);

	if (sched_fault()) {
		errno = ENOSPC;
		return -1;
	}
	if (pipes[i].kind != EPOLL_SET || operation != EPOLL_CTL_ADD ||
	    pipes[pipe_of(fd)].kind != EVENT)
		sched_fail("something else than an event for an epoll set");
	access_write(pipes);
	pipes[i].event = fd;
	return 0;
}

ssize_t x_write(int fd, const void *data, size_t size)
{
	int i;

	descriptor_call();
	access_write(pipes);
	i = pipe_of(fd);
	if (fd % 2 == 0 && pipes[i].kind != EVENT)
		sched_fail("a write to the end to read from");
	pipes[i].bytes += (int)size;
	return (ssize_t)size;
}

ssize_t x_read(int fd, void *data, size_t size)
{
	int i;

	descriptor_call();
	access_write(pipes);
	i = pipe_of(fd);
	if (pipes[i].bytes < (int)size)
		sched_fail("a read from an empty pipe");
	pipes[i].bytes -= (int)size;
	return (ssize_t)size;
}

int x_close(int fd)
{
	int i;

	descriptor_call();
	access_write(pipes);
	i = pipe_of(fd);
	pipes[i].open[fd % 2] = false;
	return 0;
}

bool model_readable(int fd)
{
	int i = pipe_of(fd);

	access_read(pipes);
	switch (pipes[i].kind) {
	case PIPE:
		return pipes[i].bytes > 0 || !pipes[i].open[1];
	case EVENT:
		return pipes[i].bytes > 0;
	case EPOLL_SET:
		break;
	}
	return model_readable(pipes[i].event);
}

/* Two ticks are longer than any wake-up takes, and one is not. The cheap clock
 * is behind. */
enum { TICK_NS = 60000, LAG_NS = 10000 };

bool model_time_flies;
static uint64_t flown;

int x_clock_gettime(clockid_t clock, struct timespec *time)
{
	uint64_t now;

	if (clock == CLOCK_MONOTONIC_COARSE && model_time_flies) {
		access_write(&flown);
		flown += TICK_NS;
	} else if (clock != CLOCK_MONOTONIC &&
		   clock != CLOCK_MONOTONIC_COARSE) {
		sched_fail("the wall clock was read");
	} else if (model_time_flies) {
		access_read(&flown);
	}
	now = sched_now() + flown -
	      (clock == CLOCK_MONOTONIC_COARSE ? LAG_NS : 0);
	time->tv_sec = (time_t)(now / 1000000000u);
	time->tv_nsec = (long)(now % 1000000000u);
	return 0;
}

void model_system_begin(void)
{
	pipe_count = 0;
	allocations = 0;
	flown = 0;
}

void model_system_end(void)
{
	for (int i = 0; i < pipe_count; i++)
		if (pipes[i].open[0] || pipes[i].open[1])
			sched_fail("a descriptor was left open");
	if (allocations)
		sched_fail("%ld allocations were left", allocations);
}
