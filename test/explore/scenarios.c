/* SPDX-License-Identifier: MIT */
#include "program.h"

#include <stdio.h>

/*
 * As small as shows the point: these are exhausted, and sampled in larger sizes
 * too (scenario_resize). Those that are many at once come last: sampled only.
 */
const struct scenario scenarios[] = {
	{ "plain", 2, .source = "ii", .threads = { "*" } },
	{ "one", 1, .source = "i", .threads = { "*" } },
	{ "empty", 1, .source = "", .threads = { "*" } },
	{ "few", 4, 4, .source = "ii", .threads = { "*" } },
	{ "ordered", 2, .source = "ii", .ordered = true, .threads = { "*" } },
	{ "window", 1, .source = "ii", .window = 1, .threads = { "*" } },
	{ "ordered-window", 2, .source = "iii", .window = 2, .ordered = true,
	  .threads = { "*" } },
	/* Its head comes last. */
	{ "ordered-slow-head", 2, .source = "ii", .action = "bc",
	  .ordered = true, .threads = { "*" } },

	/* Failures. */
	{ "failing-source", 1, .source = "ie", .threads = { "*" } },
	{ "failing-action", 1, .source = "ii", .action = "e",
	  .threads = { "*" } },
	{ "failing-first-open", 1, .source = "i", .open = "e",
	  .threads = { "*" } },
	{ "failing-open", 2, .source = "ii", .open = "-e", .threads = { "*" } },
	{ "refused-thread", 2, .source = "ii", .refused_from = 3, .refused = 1,
	  .threads = { "*" } },
	{ "refused-producer", 1, .source = "i", .refused_from = 2, .refused = 1,
	  .threads = { "*" } },

	/* Ends of threads. */
	{ "exiting-action", 1, .source = "ii", .action = "x",
	  .threads = { "*" } },
	{ "exiting-open", 2, .source = "ii", .open = "-x", .threads = { "*" } },
	{ "exiting-source", 1, .source = "ix", .threads = { "*" } },
	{ "exiting-refused", 2, .source = "ii", .action = "xx",
	  .refused_from = 3, .refused = 1, .threads = { "*" } },
	{ "exiting-both", 2, .source = "iii", .action = "xx", .open = "--e",
	  .threads = { "*" } },

	/* Early ends. */
	{ "close-at-once", 1, .source = "ii", .threads = { "" } },
	{ "close-after-one", 1, .source = "iii", .threads = { "n" } },
	{ "close-after-two", 1, .source = "iii", .threads = { "nn" } },
	{ "close-ordered", 2, .source = "iii", .ordered = true,
	  .threads = { "n" } },
	{ "close-blocked-source", 1, .source = "ib", .threads = { "n" } },
	{ "close-late-item", 1, .source = "iB", .threads = { "n" } },
	{ "close-late-failure", 1, .source = "iE", .threads = { "n" } },
	{ "close-full-window", 1, .source = "ii", .window = 1,
	  .threads = { "" } },
	{ "cancel-at-once", 1, .source = "ii", .threads = { "c*" } },
	{ "cancel", 1, .source = "i", .threads = { "*", "c" } },
	{ "cancel-by-action", 1, .source = "iii", .action = "c",
	  .threads = { "*" } },
	{ "cancel-by-source", 1, .source = "ic", .threads = { "*" } },
	{ "cancel-late-item", 1, .source = "B", .threads = { "*", "c" } },
	{ "cancel-late-failure", 1, .source = "E", .threads = { "*", "c" } },
	{ "cancel-push", 1, .threads = { "p*", "c" } },
	{ "finish", 1, .source = "iii", .threads = { "nf*" } },
	{ "finish-race", 1, .source = "ii", .threads = { "*", "f" } },
	{ "finish-by-source", 1, .source = "if", .threads = { "*" } },
	{ "finish-full-ring", 1, .source = "iii", .action = "-f",
	  .threads = { "*" } },
	{ "finish-cancel", 1, .source = "ii", .threads = { "f*", "c" } },

	/* Pushes. */
	{ "push-only", 1, .threads = { "ppf*" } },
	{ "push-from-action", 1, .source = "i", .action = "p",
	  .threads = { "*" } },
	{ "push-from-pushed", 1, .threads = { "pf*" }, .pushed = "p" },
	{ "push-from-loop", 1, .source = "i", .threads = { "np*" } },
	{ "push-from-source", 1, .source = "p", .threads = { "*" } },
	{ "push-slow-head", 2, .threads = { "ppf*" }, .pushed = "bc" },
	{ "push-from-close", 1, .source = "ii", .action = "x", .open = "-",
	  .close = "p", .threads = { "*" } },
	{ "push-failing-to-open", 1, .source = "i", .open = "-", .close = "p",
	  .refused_from = 2, .refused = 1, .threads = { "*" } },
	{ "push-into-window", 1, .source = "ii", .window = 1,
	  .threads = { "np*" } },
	{ "push-against-end", 1, .source = "", .threads = { "*", "p" } },
	{ "push-beside", 1, .threads = { "pf*", "p" } },

	/* Taking. */
	{ "two-consumers", 1, .source = "i", .threads = { "*", "*" } },
	{ "three-consumers", 1, .source = "i", .threads = { "*", "*", "*" } },
	{ "consumers-two-items", 2, .source = "ii", .threads = { "*", "*" } },
	{ "canceled-consumer", 1, .source = "i", .threads = { "k*", "*" } },
	{ "canceled-consumer-late", 1, .source = "ii",
	  .threads = { "nk*", "*" } },
	{ "timed", 1, .source = "i", .threads = { "~" } },
	{ "timed-consumers", 1, .source = "i", .threads = { "~", "~" } },
	{ "timed-once", 1, .source = "i", .threads = { "t" } },
	{ "polled", 1, .source = "i", .threads = { "zz*z" } },
	{ "polled-cancel", 1, .source = "i", .threads = { "zdz", "cd" } },
	{ "stats", 1, .source = "i", .threads = { "s*s", "s" } },

	/* Workers. */
	{ "state", 1, .source = "i", .open = "-", .threads = { "*" } },
	{ "told-early", 2, .open = "ge", .threads = { "f*" } },
	{ "told-and-failed", 2, .open = "G", .threads = { "" } },
	{ "told-and-exited", 2, .open = "Xe", .threads = { "" } },
	{ "interrupted-action", 1, .source = "i", .action = "b",
	  .interrupt = true, .threads = { "*", "c" } },
	{ "interrupted-source", 1, .source = "b", .interrupt = true,
	  .threads = { "*", "c" } },
	{ "interrupted-open", 2, .source = "ii", .open = "-b",
	  .interrupt = true, .threads = { "nc*" } },
	{ "interrupted-close", 1, .source = "i", .action = "b",
	  .interrupt = true, .threads = { "" } },
	/* A cancel before par_open() is done, and a thread that comes after. */
	{ "interrupted-early", 1, .source = "c", .interrupt = true,
	  .threads = { "*" } },
	{ "interrupted-late", 2, .source = "ii", .open = "-w", .action = "w",
	  .interrupt = true, .threads = { "c*" } },
	{ "nested", 1, .source = "i", .action = "n", .threads = { "*" } },
	{ "twice", 1, .source = "i", .twice = true, .threads = { "*" } },

	{ "many", 3, 2, .source = "iiiiiiiiiiii", .threads = { "*" } },
	{ "many-ordered-window", 3, 3, 4, true, .source = "iiiiiiiiii",
	  .threads = { "*" } },
	{ "many-pushes", 3, 2, .source = "iiiiii", .action = "pppppp",
	  .pushed = "--pp-p", .threads = { "npnpnpnp*" } },
	{ "many-consumers", 2, 2, .source = "iiiiiiii",
	  .threads = { "nk~", "~", "~" } },
	{ "many-canceled", 3, 4, .ordered = true, .source = "iiiiiiiiii",
	  .action = "ppp", .threads = { "*", "*", "c" } },
	{ "many-troubles", 3, 2, .source = "iiiiiiiie", .action = "-ex-x",
	  .open = "--ex", .threads = { "zznznznzs*" } },
	{ "many-refusals", 3, 2, .source = "iiiiiii", .action = "xxx-x",
	  .refused_from = 4, .refused = 3, .threads = { "*" } },
	{ "many-stranded", 2, 2, .source = "iiiiii", .action = "xxxxxx",
	  .open = "-eexex-", .threads = { "*" } },
	{ "many-interrupted", 2, 2, .interrupt = true, .source = "iiiiib",
	  .action = "--b", .open = "--", .threads = { "*", "*", "c" } },
	{ "many-ends", 2, 2, 3, .source = "iipiiB", .action = "-p--f",
	  .threads = { "nnp~", "f", "sdc" } },
};
const size_t scenario_count = sizeof scenarios / sizeof *scenarios;

enum { LETTERS = 40 };

static const char *prefixed(char *room, const char *prefix, const char *letters)
{
	if (!letters)
		return NULL;
	snprintf(room, LETTERS, "%s%s", prefix, letters);
	return room;
}

/* 1: more workers than items; 2: more items than slots, and more workers. */
struct scenario scenario_resized(const struct scenario *scenario, unsigned size)
{
	static char source[LETTERS], action[LETTERS];
	struct scenario s = *scenario;

	s.workers += size;
	if (size < 2)
		return s;
	s.capacity++;
	s.source = prefixed(source, "iii", s.source);
	if (s.source)
		s.action = prefixed(action, "---", s.action);
	return s;
}
