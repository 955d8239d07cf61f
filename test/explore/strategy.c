/* SPDX-License-Identifier: MIT */
#include "strategy.h"

static uint64_t state;

/* splitmix64: seeds that follow each other are no kin. */
static uint64_t draw(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static void no_birth(struct strategy *strategy, struct task *task)
{
}

static bool for_ever(struct strategy *strategy)
{
	return true;
}

/* Sleepers that wake out of turn would use up their budget at once if that were
 * as likely as all else. */
enum { RARE = 24 };

/* One of those moves that are somebody's turn, or of the others; n: none. */
static unsigned draw_move(const struct move *moves, unsigned n, bool in_turn)
{
	unsigned such = 0, nth;

	for (unsigned i = 0; i < n; i++)
		such += (moves[i].how == MOVE_RUN) == in_turn;
	if (such == 0)
		return n;
	nth = (unsigned)(draw() % such);
	for (unsigned i = 0;; i++)
		if ((moves[i].how == MOVE_RUN) == in_turn && nth-- == 0)
			return i;
}

static unsigned draw_rare(const struct move *moves, unsigned n)
{
	return draw() % RARE ? n : draw_move(moves, n, false);
}

/* Random. */

static void random_begin(struct strategy *strategy, uint64_t seed)
{
	state = seed;
}

static unsigned random_move(struct strategy *strategy, const struct move *moves,
			    unsigned n, bool stay)
{
	unsigned pick = draw_rare(moves, n);

	return pick < n ? pick : draw_move(moves, n, true);
}

struct strategy *strategy_random(void)
{
	static struct strategy strategy = { random_move, random_begin, no_birth,
					    for_ever };

	return &strategy;
}

/* PCT. */

enum { CHANGES = 8 };

static struct {
	unsigned depth, lowest;
	uint64_t longest; /* run so far, in points */
	uint64_t change_at[CHANGES];
} pct;

static void pct_begin(struct strategy *strategy, uint64_t seed)
{
	state = seed;
	pct.lowest = CHANGES;
	for (unsigned i = 0; i + 1 < pct.depth; i++)
		pct.change_at[i] = 1 + draw() % pct.longest;
}

static void pct_born(struct strategy *strategy, struct task *task)
{
	task->priority = CHANGES + 1 + (unsigned)(draw() % 1000000);
}

static unsigned pct_move(struct strategy *strategy, const struct move *moves,
			 unsigned n, bool stay)
{
	unsigned best = draw_rare(moves, n);

	if (best < n)
		return best;
	for (unsigned i = 0; i + 1 < pct.depth; i++)
		if (pct.change_at[i] == sched_points && stay)
			moves[0].task->priority = --pct.lowest;
	for (unsigned i = 0; i < n; i++)
		if (moves[i].how == MOVE_RUN &&
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
	static struct strategy strategy = { pct_move, pct_begin, pct_born,
					    pct_next };

	pct.depth = depth < CHANGES ? depth : CHANGES;
	pct.longest = 60;
	return &strategy;
}

/* Depth first. A level is a choice that has more than one alternative left; the
 * prefix is replayed, then each new level starts at 0. */

static struct {
	unsigned bound, used; /* preemptions */
	unsigned depth, at;
	struct choice level[SCHED_CHOICES];
} dfs;

static void dfs_begin(struct strategy *strategy, uint64_t seed)
{
	dfs.used = 0;
	dfs.at = 0;
}

/* Of n moves, how many are open to a run that has used its preemptions up. */
static unsigned unforced(const struct move *moves, unsigned n)
{
	unsigned open = 1;

	while (open < n && moves[open].how == MOVE_TIME_OUT)
		open++;
	return open;
}

static unsigned dfs_move(struct strategy *strategy, const struct move *moves,
			 unsigned n, bool stay)
{
	struct choice *level = &dfs.level[dfs.at];

	if (stay && dfs.used == dfs.bound)
		n = unforced(moves, n);
	if (n == 1)
		return 0;
	if (dfs.at == dfs.depth) {
		if (dfs.depth == SCHED_CHOICES)
			sched_fail("deeper than there is room for");
		*level = (struct choice){ .n = (uint8_t)n };
		dfs.depth++;
	} else if (level->n != n) {
		sched_fail("the same choices made another run");
	}
	dfs.at++;
	dfs.used += stay && level->pick >= unforced(moves, n);
	return level->pick;
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

struct strategy *strategy_exhaustive(unsigned preemptions)
{
	static struct strategy strategy = { dfs_move, dfs_begin, no_birth,
					    dfs_next };

	dfs.bound = preemptions;
	dfs.depth = 0;
	return &strategy;
}

/* Replay. */

static struct {
	const uint8_t *picks;
	unsigned count, at;
	bool draws; /* when the picks are used up */
} replay;

static void replay_begin(struct strategy *strategy, uint64_t seed)
{
	replay.at = 0;
	state = seed;
}

static unsigned replay_move(struct strategy *strategy, const struct move *moves,
			    unsigned n, bool stay)
{
	if (replay.at < replay.count)
		return replay.picks[replay.at++] % n;
	return replay.draws ? (unsigned)(draw() % n) : 0;
}

static bool replay_next(struct strategy *strategy)
{
	return false;
}

struct strategy *strategy_replay(const uint8_t *picks, unsigned count)
{
	static struct strategy strategy = { replay_move, replay_begin, no_birth,
					    replay_next };

	replay.picks = picks;
	replay.count = count;
	replay.draws = false;
	return &strategy;
}

struct strategy *strategy_replay_and_draw(const uint8_t *picks, unsigned count)
{
	struct strategy *strategy = strategy_replay(picks, count);

	replay.draws = true;
	return strategy;
}
