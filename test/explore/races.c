/* SPDX-License-Identifier: MIT */
/*
 * The race check, by vector clocks. A task's clock says up to which time of
 * each other task everything comes before what the task does now. The time of a
 * task goes on when it releases an object. The object keeps a copy of the clock
 * for the task that acquires it.
 *
 * For each granule of some bytes there is a list of accesses. An access takes
 * those off that it makes needless: what races with such an access, and comes
 * later, races with the new one too. So the lists stay short, and no race is
 * missed in the schedule that is run.
 */
#include "races.h"

#include "scheduler.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum {
	/* In bytes: that of a word, so that no two words are in one granule. */
	GRANULE = sizeof(uintptr_t),
	GRANULES = 1 << 14,
	SLOTS_LOG = 15, /* twice as many slots as granules */
	ACCESSES = 1 << 16,
	OBJECTS = 1 << 11,
	BLOCKS = 1 << 10
};

enum kind { READ, WRITE, LOAD, STORE }; /* the last two are atomic */

/* The kinds that each kind races with. */
static const uint8_t rivals[] = {
	[READ] = 1 << WRITE | 1 << STORE,
	[WRITE] = 1 << READ | 1 << WRITE | 1 << LOAD | 1 << STORE,
	[LOAD] = 1 << WRITE,
	[STORE] = 1 << READ | 1 << WRITE,
};

struct clock {
	uint32_t time[SCHED_TASKS];
};

/* Lists are linked by indices. No access, granule or object has the index 0. */
struct access {
	const void *from;
	uint32_t time;
	uint32_t next;
	uint8_t task, kind;
	uint8_t bytes; /* which of the granule's, a bit for each */
};

struct granule {
	uintptr_t address;
	uint32_t slot;	 /* that has the index of this granule */
	uint32_t first;	 /* access */
	uint32_t object; /* that begins here: what it keeps in objects[] */
};

/* An allocation of the library. */
struct block {
	uintptr_t address;
	size_t size;
};

static struct clock clocks[SCHED_TASKS], objects[OBJECTS];
static struct granule granules[GRANULES];
static uint32_t slots[1 << SLOTS_LOG];
static struct access accesses[ACCESSES];
static struct block blocks[BLOCKS];
static uint32_t granule_count, access_count, object_count, block_count;
static uint32_t free_access; /* the first of a list */

static uint32_t one_more(uint32_t *count, uint32_t most, const char *what)
{
	if (*count + 1 >= most)
		sched_fail("the race check has too few %s", what);
	return ++*count;
}

void races_begin(void)
{
	for (uint32_t i = 1; i <= granule_count; i++)
		slots[granules[i].slot] = 0;
	granule_count = access_count = object_count = block_count = 0;
	free_access = 0;
	memset(clocks, 0, sizeof clocks);
	/* Nobody has seen the first time of any other task. */
	for (int i = 0; i < SCHED_TASKS; i++)
		clocks[i].time[i] = 1;
}

/* Whether what happens now is no step of a task. */
static bool is_ignored(void)
{
	return !sched_self() || sched_in_gate();
}

static struct granule *granule_at(uintptr_t address)
{
	uint32_t hash = (uint32_t)(address / GRANULE) * 2654435769u;
	uint32_t slot = hash >> (32 - SLOTS_LOG), index;

	address -= address % GRANULE;
	while ((index = slots[slot]) != 0) {
		if (granules[index].address == address)
			return &granules[index];
		slot = (slot + 1) % (1u << SLOTS_LOG);
	}
	index = one_more(&granule_count, GRANULES, "granules");
	granules[index] = (struct granule){ .address = address, .slot = slot };
	slots[slot] = index;
	return &granules[index];
}

/* Objects. */

static struct clock *clock_of(const void *object)
{
	struct granule *granule = granule_at((uintptr_t)object);

	if (!granule->object) {
		granule->object = one_more(&object_count, OBJECTS, "objects");
		memset(&objects[granule->object], 0, sizeof *objects);
	}
	return &objects[granule->object];
}

void races_acquire(const void *object)
{
	const struct clock *released;
	struct clock *mine;

	if (is_ignored())
		return;
	released = clock_of(object);
	mine = &clocks[sched_self()->id];
	for (int i = 0; i < sched_count(); i++)
		if (mine->time[i] < released->time[i])
			mine->time[i] = released->time[i];
}

void races_release(const void *object)
{
	int id;

	if (is_ignored())
		return;
	id = sched_self()->id;
	*clock_of(object) = clocks[id];
	clocks[id].time[id]++;
}

/* How a race is told. */

static const struct block *block_of(uintptr_t address)
{
	for (uint32_t i = block_count; i > 0; i--)
		if (address - blocks[i].address < blocks[i].size)
			return &blocks[i];
	return NULL;
}

/* From the beginning of the executable, for addr2line: within the instruction
 * that has called. */
static unsigned long place(const void *from)
{
	extern const char __executable_start[] __attribute__((weak));

	return (unsigned long)((uintptr_t)from - (uintptr_t)__executable_start -
			       1);
}

static _Noreturn void fail(uintptr_t address, const struct access *before,
			   const struct access *new)
{
	static const char *const kinds[] = { "read", "write", "load", "store" };
	const struct block *block = block_of(address);
	char where[80];

	if (block)
		snprintf(where, sizeof where, "byte %lu of %lu allocated",
			 (unsigned long)(address - block->address),
			 (unsigned long)block->size);
	else
		snprintf(where, sizeof where, "%#lx", (unsigned long)address);
	sched_fail("race: %s: a %s by task %d at %#lx, a %s by task %d at %#lx",
		   where, kinds[before->kind], before->task,
		   place(before->from), kinds[new->kind], new->task,
		   place(new->from));
}

/* Accesses. */

static uint32_t new_access(void)
{
	uint32_t index = free_access;

	if (!index)
		return one_more(&access_count, ACCESSES, "accesses");
	free_access = accesses[index].next;
	return index;
}

/* Takes the access off the list that *link is in. */
static void drop(uint32_t *link)
{
	uint32_t index = *link;

	*link = accesses[index].next;
	accesses[index].next = free_access;
	free_access = index;
}

/* Whether `by` stands for this access too: it touches the same bytes, and races
 * with whatever this one races with. */
static bool is_covered(const struct access *access, const struct access *by)
{
	return !(access->bytes & ~by->bytes) &&
	       !(rivals[access->kind] & ~rivals[by->kind]);
}

/* Fails if the new access races with one that was before. Returns false if it
 * need not be noted: the task has done the same at the same time. */
static bool compare(struct granule *granule, const struct access *new)
{
	const uint32_t *seen = clocks[new->task].time;
	uint32_t *link = &granule->first;

	while (*link) {
		const struct access *before = &accesses[*link];
		bool ordered = before->time <= seen[before->task];
		uint8_t both = before->bytes & new->bytes;

		if (before->task == new->task &&
		    before->time == new->time &&is_covered(new, before))
			return false;
		if (!ordered && both && (rivals[new->kind] >> before->kind & 1))
			fail(granule->address + (uintptr_t)__builtin_ctz(both),
			     before, new);
		if (ordered && is_covered(before, new))
			drop(link);
		else
			link = &accesses[*link].next;
	}
	return true;
}

static void touch_granule(uintptr_t address, size_t size, enum kind kind,
			  const void *from)
{
	struct granule *granule = granule_at(address);
	int id = sched_self()->id;
	struct access new = { .from = from,
			      .time = clocks[id].time[id],
			      .task = (uint8_t)id,
			      .kind = (uint8_t)kind };
	uint32_t index;

	new.bytes = (uint8_t)(((1u << size) - 1) << address % GRANULE);
	if (!compare(granule, &new))
		return;
	index = new_access();
	new.next = granule->first;
	accesses[index] = new;
	granule->first = index;
}

static void touch(const void *memory, size_t size, enum kind kind,
		  const void *from)
{
	uintptr_t address = (uintptr_t)memory, end = address + size, next;

	if (is_ignored())
		return;
	for (; address < end; address = next) {
		next = address - address % GRANULE + GRANULE;
		touch_granule(address, (next < end ? next : end) - address,
			      kind, from);
	}
}

void races_atomic(const void *object, bool changes, const void *from)
{
	touch(object, sizeof(uintptr_t), changes ? STORE : LOAD, from);
}

void races_read(const void *memory, size_t size, const void *from)
{
	touch(memory, size, READ, from);
}

void races_write(const void *memory, size_t size, const void *from)
{
	touch(memory, size, WRITE, from);
}

/* Memory that is new. */

static void forget(uintptr_t low, size_t size)
{
	for (uint32_t i = 1; i <= granule_count; i++) {
		if (granules[i].address - low >= size)
			continue;
		while (granules[i].first)
			drop(&granules[i].first);
		granules[i].object = 0;
	}
}

void races_malloc(const void *memory, size_t size)
{
	uint32_t index = one_more(&block_count, BLOCKS, "blocks");

	blocks[index] = (struct block){ (uintptr_t)memory, size };
	forget((uintptr_t)memory, size);
}

void races_free(const void *memory, const void *from)
{
	const struct block *block = block_of((uintptr_t)memory);

	if (block)
		touch(memory, block->size, WRITE, from);
}

/* A thread's stack is used again when the thread has ended. So are its
 * variables, which stand above it, below where pthread_self() points. */
void races_task_begins(void)
{
	static __thread uintptr_t low;
	static __thread size_t size;
	uintptr_t self = (uintptr_t)pthread_self();
	pthread_attr_t attributes;
	void *start;

	if (!size) {
		if (pthread_getattr_np(pthread_self(), &attributes) ||
		    pthread_attr_getstack(&attributes, &start, &size))
			sched_fail("a stack of unknown size");
		pthread_attr_destroy(&attributes);
		low = (uintptr_t)start;
		if (self - low > size)
			size = self - low;
	}
	forget(low, size);
}
