/* SPDX-License-Identifier: MIT */
/*
 * Random programs over all options: threads of every kind push, finish, cancel,
 * exit and close at any time, and each item is still accounted for.
 *
 * stress SECONDS SEED runs for so long, with this seed and those after it. With
 * 0 seconds it runs the one program of the seed. A failure prints that command.
 */
#include "kit.h"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

enum { MOST_PIECES = 400, MOST_CONSUMERS = 3, MOST_PUSHERS = 2 };

static double seconds = 1.5;
static uint64_t seed;
static char running[64]; /* the command that runs the program again */

/* A function of its arguments alone: the threads need no shared generator of
 * random numbers. */
static uint64_t mix(uint64_t a, uint64_t b)
{
	uint64_t x = a * 0x9e3779b97f4a7c15u + b * 0xc2b2ae3d27d4eb4fu + 1;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

struct program;

enum origin { UNUSED, GENERATED, PUSHED };

/* One item. The fields need no lock: the pool, or a join, makes what one thread
 * writes visible to the next. Only `came` and `ran` are atomic, because they
 * must be right even if the pool is not. */
struct piece {
	struct program *program;
	enum origin origin;
	bool entered;
	atomic_uint ran, came;
	uint64_t index;
};

struct consumer {
	struct program *program;
	pthread_t thread;
	unsigned number, taken, quota;
	uint64_t next; /* in an ordered pool, no smaller index may come */
	int end;
	bool ended;
};

struct pusher {
	struct program *program;
	pthread_t thread;
	unsigned number;
};

struct program {
	uint64_t seed;
	struct par_options options;
	struct par *pool; /* not for callbacks: they may run before it is set */
	unsigned items;	  /* how many to generate */
	unsigned pushes;  /* how many each pusher pushes */
	unsigned families; /* so many of 8 actions push */
	unsigned exits;	   /* so many of 64 actions exit */
	unsigned blocked;  /* so many of 64 actions wait for the cancel */
	unsigned unfit;	   /* so many of 8 later worker_open fail */
	unsigned consumers, pushers, delay;
	bool cancels, finishes, leaves; /* leaves: closes before the end */
	bool exits_source;
	int end; /* what the generator ends with */

	struct piece pieces[MOST_PIECES];
	atomic_uint used, attempts, opens, closes;
	atomic_bool canceled; /* set just before the cancel */
	bool source_ended;
	struct consumer consumer[MOST_CONSUMERS];
	struct pusher pusher[MOST_PUSHERS];
	uint64_t left; /* in an ordered pool, the next index in discard */
};

/*
 * The decisions that are drawn, and the salt of each. The salts never change,
 * so the same seed always makes the same program.
 */
enum {
	/* One per program. */
	DRAW_WORKERS = 1,
	DRAW_MANY_WORKERS = 2,
	DRAW_SETS_CAPACITY = 3,
	DRAW_CAPACITY = 4,
	DRAW_SETS_WINDOW = 5,
	DRAW_WINDOW = 6,
	DRAW_ORDERED = 7,
	DRAW_STACK_SIZE = 8,
	DRAW_INTERRUPT = 9,
	DRAW_NAME = 10,
	DRAW_WORKER_OPEN = 11,
	DRAW_UNFIT = 12,
	DRAW_GENERATE = 13,
	DRAW_ITEMS = 14,
	DRAW_END = 15,
	DRAW_EXITS_SOURCE = 16,
	DRAW_PUSHES = 17,
	DRAW_PUSHERS = 18,
	DRAW_HAS_FAMILIES = 19,
	DRAW_FAMILIES = 20,
	DRAW_HAS_EXITS = 21,
	DRAW_EXITS = 22,
	DRAW_CONSUMERS = 23,
	DRAW_DELAY = 24,
	DRAW_CANCELS = 25,
	DRAW_FINISHES = 26,
	DRAW_LEAVES = 27,
	DRAW_BLOCKED = 28,
	DRAW_AWAITS_SIGNAL = DRAW_SETS_CAPACITY, /* shares its salt */
	DRAW_FINISH_DELAY = 50,
	DRAW_CANCEL_PAUSES = 51,

	/* One per pause before the cancel: add its number. */
	DRAW_CANCEL_DELAY = 60,
	/* One per consumer: add its number. */
	DRAW_QUOTA = 70,

	/* One per item: add its number. */
	DRAW_GENERATE_DELAY = 2000,
	DRAW_GENERATE_RESULT = 3000,
	DRAW_FATE = 4000,
	DRAW_EXITS_ACTION = 5000,
	DRAW_ACTION_DELAY = 6000,
	DRAW_HAS_CHILD = 7000,
	DRAW_BLOCKS = 8000,

	/* One per worker_open: add its number. */
	DRAW_OPEN_DELAY = 9000,
	DRAW_OPEN_FAILS = 10000,

	/* One per result that a consumer asks for: add draw_of_thread(). */
	DRAW_NEXT = 20000,
	DRAW_TIMEOUT = 20500,
	/* One per result: add its index. */
	DRAW_CONSUMER_DELAY = 30000,
	/* One per push of a pusher: add draw_of_thread(). */
	DRAW_PUSHER_DELAY = 40000,
};

/* The n-th draw of the consumer or pusher with this number. */
static unsigned draw_of_thread(unsigned number, unsigned n)
{
	return 1000 * number + n;
}

static unsigned draw(const struct program *p, uint64_t salt, unsigned below)
{
	return (unsigned)(mix(p->seed, salt) % below);
}

static void dawdle(const struct program *p, uint64_t salt)
{
	for (unsigned i = draw(p, salt, p->delay + 1); i > 0; i--)
		sched_yield();
}

#define MUST(condition)                                                        \
	kit_check(condition, "it does not hold that " #condition)

static struct piece *piece_new(struct program *p, enum origin origin)
{
	unsigned number = atomic_fetch_add(&p->used, 1);
	struct piece *piece;

	if (number >= MOST_PIECES)
		return NULL;
	piece = &p->pieces[number];
	piece->program = p;
	piece->origin = origin;
	return piece;
}

static unsigned number_of(const struct piece *piece)
{
	return (unsigned)(piece - piece->program->pieces);
}

/* The figures agree, whenever they are taken. */
static void look(const struct program *p, struct par *pool)
{
	struct par_stats s = kit_stats(pool);

	MUST(s.entered == s.queued + s.running + s.ready + s.delivered);
	MUST(s.started == s.running + s.finished);
	MUST(s.finished >= s.failed);
	MUST(s.workers <= p->options.workers);
	MUST(s.running <= s.workers);
}

/* `holds_end`: the end cannot be reported before this push returns. */
static void push(struct program *p, struct par *pool, bool holds_end)
{
	struct piece *piece = piece_new(p, PUSHED);
	int rc;

	if (!piece)
		return;
	/* Another thread may have the item before par_push() returns. */
	piece->entered = true;
	rc = par_push(pool, piece);
	if (rc == 0)
		return;
	MUST(rc == -ECANCELED || rc == -EPIPE);
	MUST(rc != -ECANCELED || atomic_load(&p->canceled));
	MUST(rc != -EPIPE || !holds_end);
	piece->entered = false;
}

/*
 * The callbacks.
 */

/* The generator is called only while there is room in ring and window. But a
 * push may enter in between. */
static void check_room(const struct program *p)
{
	const struct par_options *o = &p->options;
	struct par_stats s = kit_stats(par_self());

	if (p->pushers > 0 || p->families > 0)
		return;
	MUST(!o->window || s.entered - s.delivered < o->window);
	MUST(!o->capacity || s.queued < o->capacity);
}

static int generate(void *program, void **item)
{
	struct program *p = program;
	struct piece *piece;
	unsigned number;

	MUST(!p->source_ended);
	check_room(p);
	piece = p->items > 0 ? piece_new(p, GENERATED) : NULL;
	if (!piece) {
		p->source_ended = true;
		if (p->exits_source)
			pthread_exit(NULL);
		return p->end;
	}
	p->items--;
	number = number_of(piece);
	dawdle(p, DRAW_GENERATE_DELAY + number);
	if (p->families && number % 8 == 0)
		push(p, par_self(), true);
	piece->entered = true;
	*item = piece;
	return 1 + (int)draw(p, DRAW_GENERATE_RESULT + number, 3);
}

static void wait_for_cancel(const struct program *p)
{
	struct par *pool = par_self();
	int fd;

	if (p->options.interrupt && draw(p, DRAW_AWAITS_SIGNAL, 2)) {
		while (!par_canceled(pool))
			poll(NULL, 0, -1);
		return;
	}
	fd = par_cancel_fd(pool);
	MUST(fd >= 0);
	kit_await_readable(fd);
	MUST(par_canceled(pool));
}

static int fate(const struct program *p, unsigned number)
{
	return (int)draw(p, DRAW_FATE + number, 5) - 2;
}

static bool exits(const struct program *p, unsigned number)
{
	return draw(p, DRAW_EXITS_ACTION + number, 64) < p->exits;
}

static int act(void *context, void *item, void **value)
{
	struct piece *piece = item;
	struct program *p = piece->program;
	unsigned number = number_of(piece);

	MUST(atomic_fetch_add(&piece->ran, 1) == 0);
	MUST(*value == NULL && context == p);
	dawdle(p, DRAW_ACTION_DELAY + number);
	if (draw(p, DRAW_HAS_CHILD + number, 8) < p->families)
		push(p, par_self(), true);
	if (draw(p, DRAW_BLOCKS + number, 64) < p->blocked)
		wait_for_cancel(p);
	*value = piece;
	if (exits(p, number))
		pthread_exit(NULL);
	return fate(p, number);
}

static int open_worker(void *program, void **state)
{
	struct program *p = program;
	unsigned number = atomic_fetch_add(&p->attempts, 1);

	dawdle(p, DRAW_OPEN_DELAY + number);
	if (number > 0 && draw(p, DRAW_OPEN_FAILS + number, 8) < p->unfit)
		return -EIO;
	atomic_fetch_add(&p->opens, 1);
	*state = p;
	return 0;
}

static void close_worker(void *state)
{
	struct program *p = state;

	atomic_fetch_add(&p->closes, 1);
}

/* An item has come back, through par_next() or through discard. */
static void check(struct program *p, const struct par_result *r)
{
	struct piece *piece = r->item;
	unsigned ran = atomic_load(&piece->ran);

	MUST(atomic_fetch_add(&piece->came, 1) == 0);
	piece->index = r->index;
	if (ran == 0) {
		MUST(r->error == -ECANCELED && r->worker == UINT_MAX);
		MUST(r->value == NULL && atomic_load(&p->canceled));
		return;
	}
	MUST(r->worker < p->options.workers && r->value == piece);
	MUST(r->error ==
	     (exits(p, number_of(piece)) ? -EINTR : fate(p, number_of(piece))));
}

static void discard(void *program, const struct par_result *left)
{
	struct program *p = program;

	MUST(p->leaves); /* a program that takes all results leaves none */
	MUST(!p->options.ordered || left->index >= p->left);
	p->left = left->index + 1;
	check(p, left);
}

/*
 * The program's own threads.
 */

static int next(struct consumer *c, struct par_result *r)
{
	struct program *p = c->program;
	unsigned asked = draw_of_thread(c->number, c->taken);
	int fd, rc;

	switch (draw(p, DRAW_NEXT + asked, 4)) {
	case 0:
		return par_next_timed(p->pool, r,
				      (int)draw(p, DRAW_TIMEOUT + asked, 2));
	case 1:
		fd = par_fd(p->pool);
		MUST(fd >= 0);
		kit_await_readable(fd);
		rc = par_next_timed(p->pool, r, 0);
		/* Another consumer may be quicker, or a push may come just
		 * before the end. */
		MUST(rc != -ETIMEDOUT || p->consumers > 1 || p->pushers > 0);
		return rc;
	default:
		return par_next(p->pool, r);
	}
}

static void *consume(void *consumer)
{
	struct consumer *c = consumer;
	struct program *p = c->program;
	struct par_result r;
	int rc;

	while (c->taken < c->quota) {
		rc = next(c, &r);
		if (rc == -ETIMEDOUT)
			continue;
		if (rc != 1) {
			c->end = rc;
			c->ended = true;
			MUST(par_next(p->pool, &r) == rc);
			return NULL;
		}
		c->taken++;
		MUST(!p->options.ordered || r.index >= c->next);
		c->next = r.index + 1;
		check(p, &r);
		look(p, p->pool);
		dawdle(p, DRAW_CONSUMER_DELAY + r.index);
		if (p->families && c->taken % 16 == 0)
			push(p, p->pool, p->consumers == 1);
	}
	return NULL;
}

static void *push_some(void *pusher)
{
	struct pusher *me = pusher;
	struct program *p = me->program;

	for (unsigned i = 0; i < p->pushes; i++) {
		dawdle(p, DRAW_PUSHER_DELAY + draw_of_thread(me->number, i));
		push(p, p->pool, false);
	}
	return NULL;
}

/* Finishes and cancels after random pauses. */
static void direct(struct program *p)
{
	dawdle(p, DRAW_FINISH_DELAY);
	if (p->finishes)
		par_finish(p->pool);
	for (unsigned i = draw(p, DRAW_CANCEL_PAUSES, 40); i > 0; i--)
		dawdle(p, DRAW_CANCEL_DELAY + i);
	if (p->cancels) {
		atomic_store(&p->canceled, true);
		par_cancel(p->pool);
	}
}

/*
 * One program: it is made from its seed, run, and accounted for.
 */

static void make(struct program *p, uint64_t from)
{
	static const int ends[] = { 0, 0, -EIO, INT_MIN };
	struct par_options *o = &p->options;

	*p = (struct program){ .seed = from };
	o->action = act;
	o->context = p;
	o->discard = discard;
	o->workers = 1 + draw(p, DRAW_WORKERS,
			      draw(p, DRAW_MANY_WORKERS, 4) ? 8 : 2);
	o->capacity = draw(p, DRAW_SETS_CAPACITY, 3)
			      ? 1 + draw(p, DRAW_CAPACITY, 12)
			      : 0;
	o->window =
		draw(p, DRAW_SETS_WINDOW, 2) ? 1 + draw(p, DRAW_WINDOW, 12) : 0;
	o->ordered = draw(p, DRAW_ORDERED, 2);
	o->stack_size = draw(p, DRAW_STACK_SIZE, 4) ? 0 : 1 << 20;
	o->interrupt = draw(p, DRAW_INTERRUPT, 3) ? 0 : SIGUSR1;
	o->name = draw(p, DRAW_NAME, 2) ? NULL : "a name that is too long";
	if (draw(p, DRAW_WORKER_OPEN, 2)) {
		o->worker_open = open_worker;
		o->worker_close = close_worker;
		p->unfit = draw(p, DRAW_UNFIT, 3) ? 0 : 4;
	}
	if (draw(p, DRAW_GENERATE, 5)) {
		o->generate = generate;
		o->source = p;
	}
	p->items = draw(p, DRAW_ITEMS, 150);
	p->end = ends[draw(p, DRAW_END, 4)];
	p->exits_source = draw(p, DRAW_EXITS_SOURCE, 16) == 0;
	p->pushes = draw(p, DRAW_PUSHES, 50);
	p->pushers = draw(p, DRAW_PUSHERS, MOST_PUSHERS + 1);
	p->families =
		draw(p, DRAW_HAS_FAMILIES, 2) ? 0 : draw(p, DRAW_FAMILIES, 4);
	/* If a last worker has no successor it waits for a second. */
	p->exits = draw(p, DRAW_HAS_EXITS, 4) || p->unfit
			   ? 0
			   : draw(p, DRAW_EXITS, 16);
	p->consumers = 1 + draw(p, DRAW_CONSUMERS, MOST_CONSUMERS);
	p->delay = draw(p, DRAW_DELAY, 6);
	p->cancels = draw(p, DRAW_CANCELS, 3) == 0;
	p->finishes = !o->generate || draw(p, DRAW_FINISHES, 4) == 0;
	p->leaves = draw(p, DRAW_LEAVES, 4) == 0;
	p->blocked = p->cancels ? draw(p, DRAW_BLOCKED, 4) : 0;
}

static void run_threads(struct program *p)
{
	for (unsigned i = 0; i < p->consumers; i++) {
		p->consumer[i] = (struct consumer){
			.program = p,
			.number = i,
			.quota = p->leaves ? draw(p, DRAW_QUOTA + i, 50)
					   : UINT_MAX
		};
		kit_start(&p->consumer[i].thread, consume, &p->consumer[i]);
	}
	for (unsigned i = 0; i < p->pushers; i++) {
		p->pusher[i] = (struct pusher){ .program = p, .number = i };
		kit_start(&p->pusher[i].thread, push_some, &p->pusher[i]);
	}
	direct(p);
	for (unsigned i = 0; i < p->pushers; i++)
		kit_join(p->pusher[i].thread);
	for (unsigned i = 0; i < p->consumers; i++)
		kit_join(p->consumer[i].thread);
}

/* The end is what it should be. If the input was cut short, the failure may
 * have come too late to count. */
static void check_end(const struct program *p, int end)
{
	int failure = p->exits_source ? -EINTR : p->end;
	bool cut = p->cancels || p->finishes || p->leaves;

	for (unsigned i = 0; i < p->consumers; i++) {
		MUST(p->consumer[i].ended || p->leaves);
		MUST(!p->consumer[i].ended || p->consumer[i].end == end);
	}
	if (!p->options.generate)
		MUST(end == 0);
	else
		MUST(end == failure || (cut && end == 0));
}

static void account(struct program *p)
{
	unsigned used = atomic_load(&p->used);
	bool seen[MOST_PIECES] = { false };
	uint64_t entered = 0, generated = 0;

	for (unsigned i = 0; i < used && i < MOST_PIECES; i++)
		entered += p->pieces[i].entered;
	for (unsigned i = 0; i < used && i < MOST_PIECES; i++) {
		struct piece *piece = &p->pieces[i];

		MUST(atomic_load(&piece->came) == piece->entered);
		if (!piece->entered)
			continue;
		MUST(piece->index < entered && !seen[piece->index]);
		seen[piece->index] = true;
		if (piece->origin != GENERATED)
			continue;
		MUST(piece->index >= generated);
		generated = piece->index + 1;
	}
	MUST(atomic_load(&p->opens) == atomic_load(&p->closes));
}

static void run_one(uint64_t from)
{
	static struct program program;
	struct program *p = &program;

	snprintf(running, sizeof running, "stress 0 %llu",
		 (unsigned long long)from);
	alarm(KIT_PATIENCE);
	make(p, from);
	MUST(par_open(&p->pool, &p->options) == 0);
	run_threads(p);
	for (unsigned i = 0; i < p->consumers; i++)
		if (p->left < p->consumer[i].next)
			p->left = p->consumer[i].next;
	atomic_store(&p->canceled, true);
	check_end(p, par_close(p->pool));
	account(p);
}

static void random_programs_lose_no_item(void **state)
{
	double until = kit_ms() + 1e3 * seconds;
	unsigned count = 0;

	do
		run_one(seed + count++);
	while (kit_ms() < until);
	print_message("# %u programs from seed %llu\n", count,
		      (unsigned long long)seed);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		{ "random_programs_lose_no_item", random_programs_lose_no_item,
		  kit_setup, kit_teardown, running },
	};
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	seed = mix((uint64_t)now.tv_sec, (uint64_t)now.tv_nsec) >> 32;
	if (argc > 1)
		seconds = strtod(argv[1], NULL);
	if (argc > 2)
		seed = strtoull(argv[2], NULL, 0);
	return cmocka_run_group_tests_name("stress", tests, NULL, NULL);
}
