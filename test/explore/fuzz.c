/* SPDX-License-Identifier: MIT */
/*
 * For libFuzzer. The first bytes of an input make a scenario (program.h), the
 * others are the choices of its one run. Every input makes a scenario that ends
 * if the library works.
 */
#include "program.h"
#include "strategy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bytes {
	const uint8_t *at, *end;
};

static unsigned next(struct bytes *bytes)
{
	return bytes->at < bytes->end ? *bytes->at++ : 0;
}

enum { LETTERS = 8, MAX_PUSHES = 24, MAX_POOLS = 4 };

struct text {
	char letters[LETTERS + 1];
};

static bool pushes_item(char letter)
{
	return letter == 'p' || letter == 'P' || letter == 'Q';
}

/* Reads letters, up to a byte that stands for none. The pushes are limited, for
 * there are only so many numbers for items. */
static void read_text(struct bytes *bytes, struct text *text,
		      const char *alphabet, unsigned *pushes)
{
	size_t size = strlen(alphabet), n = 0;

	while (n < LETTERS) {
		unsigned byte = next(bytes) % 32;

		if (byte >= size)
			break;
		if (pushes_item(alphabet[byte]) && ++*pushes > MAX_PUSHES)
			break;
		text->letters[n++] = alphabet[byte];
	}
	text->letters[n] = '\0';
}

static void read_options(struct bytes *bytes, struct scenario *s)
{
	unsigned flags = next(bytes), sizes = next(bytes);
	unsigned refused = next(bytes), more = next(bytes);

	s->gives_up = true;
	s->workers = 1 + flags % 4;
	s->ordered = flags & 4;
	s->interrupt = flags & 8;
	s->twice = (flags & 16) && !refused;
	s->starves = flags & 32;
	s->capacity = 1 + sizes % 4;
	s->window = sizes / 4 % 4;
	s->refused_from = refused % 8;
	s->refused = s->refused_from ? 1 + refused / 8 % 3 : 0;
	s->keys = more & 1;
	s->idle = more / 2 % 2;
	s->time_limit = more / 4 % 2;
	s->destructor = more & 8 ? "" : NULL;
}

static void replace(char *letters, char old, char new)
{
	while ((letters = strchr(letters, old)))
		*letters = new;
}

/* Each pool inside an action has threads, and there may be only so many. */
static void limit_pools(char *letters, unsigned *pools)
{
	for (; *letters; letters++)
		if (*letters == 'n' && ++*pools > MAX_POOLS)
			*letters = '-';
}

static void read_letters(struct bytes *bytes, struct scenario *s)
{
	static struct text source, action, pushed, open, close, destructor;
	static struct text threads[PROGRAM_THREADS];
	const char *work = s->refused_from ? "-ebxpcfws" : "-ebxpcfwsn";
	unsigned given = next(bytes), n = 1 + given / 4 % 3;
	unsigned pushes = 0, pools = 0;
	char *late;

	read_text(bytes, &source, "iebxpcfBEw", &pushes);
	read_text(bytes, &action, work, &pushes);
	read_text(bytes, &pushed, work, &pushes);
	read_text(bytes, &open, "-exbw", &pushes);
	read_text(bytes, &close, "-pcf", &pushes);
	/* One thread alone changes the limit. */
	for (unsigned i = 0; i < n; i++)
		read_text(bytes, &threads[i],
			  i ? "nt*~zpfcsd0rqRmMPQ" : "nt*~zpfcsdk0rqRlLmMPQg",
			  &pushes);

	if (s->destructor)
		read_text(bytes, &destructor, "-pcf", &pushes);

	limit_pools(action.letters, &pools);
	limit_pools(pushed.letters, &pools);
	/* No callback blocks for ever. */
	if (!s->interrupt) {
		replace(source.letters, 'w', 'i');
		replace(action.letters, 'w', '-');
		replace(pushed.letters, 'w', '-');
		replace(open.letters, 'w', '-');
	}
	if (strchr("bw", open.letters[0]))
		open.letters[0] = '\0';
	if (n == 1)
		replace(threads[0].letters, 'k', 's');
	/* The late close is the last call. */
	if ((late = strchr(threads[0].letters, 'g')))
		late[1] = '\0';

	s->source = given & 1 ? source.letters : NULL;
	s->action = action.letters;
	s->pushed = pushed.letters;
	s->open = given & 2 ? open.letters : NULL;
	s->close = close.letters;
	if (s->destructor)
		s->destructor = destructor.letters;
	while (n-- > 0)
		s->threads[n] = threads[n].letters;
}

static void read_run(struct bytes *bytes, struct run *run)
{
	unsigned budgets = next(bytes), fault = next(bytes);

	run->spurious = budgets % 4;
	run->timeouts = budgets / 4 % 4;
	run->fault = fault % 64;
	run->fault_on = fault & 64;
}

static struct scenario scenario;

/* Prints the scenario, and aborts: that is how libFuzzer notices a failure. */
static void report_scenario(void)
{
	const struct scenario *s = &scenario;

	printf("workers %u, capacity %zu, window %zu%s%s%s%s%s%s%s, refused %u "
	       "from %u"
	       "\nsource %s action %s pushed %s open %s close %s destructor %s"
	       " threads",
	       s->workers, s->capacity, s->window,
	       s->ordered ? ", ordered" : "", s->interrupt ? ", interrupt" : "",
	       s->twice ? ", twice" : "", s->starves ? ", starves" : "",
	       s->keys ? ", keys" : "", s->idle ? ", idle" : "",
	       s->time_limit ? ", time limit" : "", s->refused, s->refused_from,
	       s->source ? s->source : "none", s->action, s->pushed,
	       s->open ? s->open : "none", s->close,
	       s->destructor ? s->destructor : "none");
	for (unsigned i = 0; i < PROGRAM_THREADS && s->threads[i]; i++)
		printf(" %s", s->threads[i]);
	printf("\n");
	fflush(stdout);
	abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	sched_pin();
	sched_on_failure = report_scenario;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = { data, data + size };
	struct program program = { .scenario = &scenario };
	struct run run = { 0 };

	scenario = (struct scenario){ .name = "fuzz" };
	read_options(&bytes, &scenario);
	read_run(&bytes, &run);
	read_letters(&bytes, &scenario);
	program.faults = run.fault != 0;
	sched_run(strategy_replay_then_random(bytes.at,
					      (unsigned)(bytes.end - bytes.at)),
		  &run, program_body, &program);
	return 0;
}
