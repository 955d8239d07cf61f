/* SPDX-License-Identifier: MIT */
#include "strategy.h"

#include "access.h"

static uint64_t state;

/* splitmix64: its numbers are unrelated even if the seeds are consecutive. */
static uint64_t draw(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static void ignore_task(struct strategy *strategy, struct task *task)
{
}

static bool always_next(struct strategy *strategy)
{
	return true;
}

/* Time-outs and spurious wake-ups are rare moves: if they were as likely as the
 * others, a run would use up its budget of them at the beginning. At one point
 * in ODDS a rare move is made, if there is one. */
enum { ODDS = 24 };

static bool is_rare(const struct move *move)
{
	return move->kind != MOVE_RUN;
}

/* A random one of the moves that are rare, or of those that are not; n if there
 * is none. */
static unsigned draw_move(const struct move *moves, unsigned n, bool rare)
{
	unsigned total = 0, nth;

	for (unsigned i = 0; i < n; i++)
		total += is_rare(&moves[i]) == rare;
	if (total == 0)
		return n;
	nth = (unsigned)(draw() % total);
	for (unsigned i = 0;; i++)
		if (is_rare(&moves[i]) == rare && nth-- == 0)
			return i;
}

/* Sometimes a rare move; n otherwise. */
static unsigned draw_rare(const struct move *moves, unsigned n)
{
	return draw() % ODDS ? n : draw_move(moves, n, true);
}

/* Random. */

static void random_begin(struct strategy *strategy, uint64_t seed)
{
	state = seed;
}

static unsigned random_choose(struct strategy *strategy,
			      const struct move *moves, unsigned n,
			      bool runnable)
{
	unsigned pick = draw_rare(moves, n);

	return pick < n ? pick : draw_move(moves, n, false);
}

struct strategy *strategy_random(void)
{
	static struct strategy strategy = { .choose = random_choose,
					    .begin = random_begin,
					    .add = ignore_task,
					    .next = always_next };

	return &strategy;
}

/* PCT: priorities change at depth - 1 points of each run. */

enum { CHANGES = 8 };

static struct {
	unsigned depth;
	unsigned lowest;  /* the lowest priority given so far */
	uint64_t longest; /* the points of the longest run so far */
	uint64_t change_at[CHANGES];
} pct;

static void pct_begin(struct strategy *strategy, uint64_t seed)
{
	state = seed;
	pct.lowest = CHANGES;
	for (unsigned i = 0; i + 1 < pct.depth; i++)
		pct.change_at[i] = 1 + draw() % pct.longest;
}

static void pct_add(struct strategy *strategy, struct task *task)
{
	task->priority = CHANGES + 1 + (unsigned)(draw() % 1000000);
}

static unsigned pct_choose(struct strategy *strategy, const struct move *moves,
			   unsigned n, bool runnable)
{
	unsigned best = draw_rare(moves, n);

	if (best < n)
		return best;
	for (unsigned i = 0; i + 1 < pct.depth; i++)
		if (pct.change_at[i] == sched_points && runnable)
			moves[0].task->priority = --pct.lowest;
	for (unsigned i = 0; i < n; i++)
		if (moves[i].kind == MOVE_RUN &&
		    (best == n ||
		     moves[i].task->priority > moves[best].task->priority))
			best = i;
	return best;
}

static bool pct_next(struct strategy *strategy)
{
	if (sched_points > pct.longest)
		pct.longest = sched_points;
	return true;
}

struct strategy *strategy_pct(unsigned depth)
{
	static struct strategy strategy = { .choose = pct_choose,
					    .begin = pct_begin,
					    .add = pct_add,
					    .next = pct_next };

	pct.depth = depth < CHANGES ? depth : CHANGES;
	pct.longest = 60;
	return &strategy;
}

/* Depth-first search. A level is a choice among at least two moves. A run
 * replays the picks of all known levels; then it adds levels, with the pick 0
 * each. Between two runs the last level that has a move left takes that move,
 * and all levels after it are dropped. A reduced search leaves out the moves
 * that show nothing new (access.c). */

static struct {
	unsigned bound; /* the most preemptions */
	unsigned used;	/* preemptions of this run */
	unsigned depth; /* the number of levels */
	unsigned at;	/* the level of the next choice of this run */
	struct choice level[SCHED_CHOICES];
} dfs;

static void dfs_begin(struct strategy *strategy, uint64_t seed)
{
	dfs.used = 0;
	dfs.at = 0;
}

/* Whether the search makes this move, which is not the first one. */
static bool is_wanted(const struct move *move, bool runnable,
		      enum redundancy redundancy)
{
	if (move->kind != MOVE_TIME_OUT && runnable && dfs.used == dfs.bound)
		return false;
	if (redundancy == REDUNDANT_NONE ||
	    (is_rare(move) && access_rare_is_new()))
		return true;
	return redundancy == REDUNDANT_SWITCH && move->kind == MOVE_TIME_OUT;
}

/* The moves that the search makes, by their index; how many they are. */
static unsigned wanted_moves(uint8_t *wanted, const struct move *moves,
			     unsigned n, bool runnable)
{
	enum redundancy redundancy = access_redundancy(runnable);
	unsigned count = 0;

	wanted[count++] = 0;
	for (unsigned i = 1; i < n; i++)
		if (is_wanted(&moves[i], runnable, redundancy))
			wanted[count++] = (uint8_t)i;
	return count;
}

static unsigned dfs_choose(struct strategy *strategy, const struct move *moves,
			   unsigned n, bool runnable)
{
	struct choice *level = &dfs.level[dfs.at];
	uint8_t wanted[UINT8_MAX + 1];
	unsigned pick;

	if (dfs.at == dfs.depth && access_is_redundant())
		return 0;
	n = wanted_moves(wanted, moves, n, runnable);
	if (n == 1)
		return 0;
	if (dfs.at == dfs.depth) {
		if (dfs.depth == SCHED_CHOICES)
			sched_fail("a run of more than %d choices",
				   SCHED_CHOICES);
		*level = (struct choice){ .n = (uint8_t)n };
		dfs.depth++;
	} else if (level->n != n) {
		sched_fail("the same choices led to another run");
	}
	dfs.at++;
	pick = wanted[level->pick];
	dfs.used += runnable && pick > 0 && moves[pick].kind != MOVE_TIME_OUT;
	return pick;
}

static bool dfs_next(struct strategy *strategy)
{
	while (dfs.depth > 0 &&
	       dfs.level[dfs.depth - 1].pick + 1 == dfs.level[dfs.depth - 1].n)
		dfs.depth--;
	if (dfs.depth == 0)
		return false;
	dfs.level[dfs.depth - 1].pick++;
	return true;
}

struct strategy *strategy_exhaustive(unsigned preemptions, bool reduces)
{
	static struct strategy strategy = { .choose = dfs_choose,
					    .begin = dfs_begin,
					    .add = ignore_task,
					    .next = dfs_next };

	strategy.reduces = reduces;
	dfs.bound = preemptions;
	dfs.depth = 0;
	return &strategy;
}

/* Replay. */

static struct {
	const uint8_t *picks;
	unsigned count, at;
	bool then_random;
} replay;

static void replay_begin(struct strategy *strategy, uint64_t seed)
{
	replay.at = 0;
	state = seed;
}

static unsigned replay_choose(struct strategy *strategy,
			      const struct move *moves, unsigned n,
			      bool runnable)
{
	if (replay.at < replay.count)
		return replay.picks[replay.at++] % n;
	return replay.then_random ? (unsigned)(draw() % n) : 0;
}

static bool replay_next(struct strategy *strategy)
{
	return false;
}

struct strategy *strategy_replay(const uint8_t *picks, unsigned count)
{
	static struct strategy strategy = { .choose = replay_choose,
					    .begin = replay_begin,
					    .add = ignore_task,
					    .next = replay_next };

	replay.picks = picks;
	replay.count = count;
	replay.then_random = false;
	return &strategy;
}

struct strategy *strategy_replay_then_random(const uint8_t *picks,
					     unsigned count)
{
	struct strategy *strategy = strategy_replay(picks, count);

	replay.then_random = true;
	return strategy;
}
