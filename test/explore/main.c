/* SPDX-License-Identifier: MIT */
/*
 * explore: runs the scenarios under the strategies. See usage().
 *
 * Runs are made in a child process, which ends at the first failure; its parent
 * replays the failing run with fewer preemptions for as long as it still fails,
 * prints the shortest line that does, and goes no further.
 */
#include "program.h"
#include "strategy.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FAULT_SLACK = 5 };

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void usage(void)
{
	fputs("usage: explore list\n"
	      "       explore random SCENARIO RUNS SEED\n"
	      "       explore pct SCENARIO RUNS SEED\n"
	      "       explore exhaust SCENARIO PREEMPTIONS MOST-RUNS\n"
	      "       explore faults SCENARIO RUNS-A-FAULT SEED\n"
	      "       explore replay SCENARIO RUN CHOICES\n"
	      "SCENARIO: NAME or NAME:SIZE, 0 to 2; 'all': all in all sizes, "
	      "'small': in size 0.\n"
	      "Prints a line a scenario, and for a run that fails why, and the "
	      "words that replay it.\n",
	      stderr);
	exit(2);
}

struct job {
	struct scenario scenario;
	char name[64]; /* with the size */
	struct strategy *strategy;
	struct run run;
	uint64_t runs;
	bool faults;	/* each call that can fail in turn */
	bool exhausts;	/* the budgets of `run` are as they are */
	bool replaying; /* so are these */
};

/* A search has one wake-up for nothing and one time-out; the others have some,
 * by their seed. */
static void set_budgets(struct job *job)
{
	if (job->replaying)
		return;
	job->run.spurious = job->exhausts ? 1 : (unsigned)(job->run.seed % 4);
	job->run.timeouts =
		job->exhausts ? 1 : (unsigned)(job->run.seed / 4 % 3);
}

static void run_once(struct job *job)
{
	struct program program = { &job->scenario, job->run.fault != 0 };

	set_budgets(job);
	sched_run(job->strategy, &job->run, program_body, &program);
}

static uint64_t run_many(struct job *job, bool *exhausted)
{
	uint64_t done = 0;

	*exhausted = false;
	while (done < job->runs && !*exhausted) {
		run_once(job);
		job->run.seed++;
		done++;
		*exhausted = !job->strategy->next(job->strategy);
	}
	return done;
}

/* Each call that can fail, once and from then on, until there is none left. */
static uint64_t run_faults(struct job *job)
{
	uint64_t done = 0;
	bool exhausted;

	for (int on = 0; on < 2; on++) {
		job->run.fault_on = on;
		job->run.fault = 0;
		do {
			job->run.fault++;
			done += run_many(job, &exhausted);
			/* Schedules differ in how many calls they make. */
		} while (job->run.fault < sched_fallible() + FAULT_SLACK);
	}
	return done;
}

static void run_job(struct job *job)
{
	double begun = seconds(), took;
	bool exhausted = false;
	uint64_t done =
		job->faults ? run_faults(job) : run_many(job, &exhausted);

	took = seconds() - begun;
	printf("%-24s %s %" PRIu64 " schedules, %.0f a second\n", job->name,
	       exhausted ? "EXHAUSTED" : "passed", done,
	       (double)done / (took > 0 ? took : 1));
}

/* Each second of the processor's: a run that has made no step since loops
 * without a call that the scheduler could see. */
static void look_for_loop(int signal)
{
	static uint64_t last;

	if (last == sched_all_points)
		sched_fail("a loop without a call");
	last = sched_all_points;
}

static void watch(void)
{
	const struct itimerval second = { { 1, 0 }, { 1, 0 } };

	signal(SIGVTALRM, look_for_loop);
	setitimer(ITIMER_VIRTUAL, &second, NULL);
}

/* Runs the job in a child; what it printed in `output`. */
static int run_child(struct job *job, char *output, size_t size)
{
	size_t used = 0;
	ssize_t got;
	int ends[2], status;
	pid_t child;

	fflush(stdout);
	if (pipe(ends) || (child = fork()) < 0)
		exit(2);
	if (child == 0) {
		dup2(ends[1], STDOUT_FILENO);
		watch();
		run_job(job);
		exit(0);
	}
	close(ends[1]);
	while ((got = read(ends[0], output + used, size - 1 - used)) > 0)
		used += (size_t)got;
	output[used] = '\0';
	close(ends[0]);
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/* A replay line's choices, in and out. */

struct line {
	uint8_t picks[SCHED_CHOICES];
	unsigned count;
};

static void parse_picks(struct line *line, const char *text)
{
	char *end;

	for (line->count = 0; line->count < SCHED_CHOICES; text = end + 1) {
		unsigned long pick = strtoul(text, &end, 10);

		if (end == text)
			break;
		line->picks[line->count++] = (uint8_t)pick;
		if (*end != '.')
			break;
	}
}

static void print_picks(const struct line *line)
{
	for (unsigned i = 0; i < line->count; i++)
		printf("%s%u", i ? "." : "", (unsigned)line->picks[i]);
	printf("\n");
}

static char output[1 << 20];

static bool still_fails(struct job *job, const struct line *line)
{
	job->strategy = strategy_replay(line->picks, line->count);
	job->runs = 1;
	return run_child(job, output, sizeof output) != 0;
}

/* Of one that goes on and on, nobody wants to know how it began. */
enum { WORTH_SHRINKING = 2000 };

/* Takes the first alternative wherever the run still fails then. */
static void shrink(struct job *job, struct line *line)
{
	if (line->count > WORTH_SHRINKING)
		return;
	for (unsigned i = line->count; i-- > 0;) {
		uint8_t pick = line->picks[i];

		line->picks[i] = 0;
		if (pick && !still_fails(job, line))
			line->picks[i] = pick;
	}
	while (line->count > 0 && line->picks[line->count - 1] == 0)
		line->count--;
}

/* SPURIOUS/TIMEOUTS/FAULT, and + where all from that fault on fail. */
static char *parse_run(struct run *run, char *text)
{
	run->spurious = (unsigned)strtoul(text, &text, 10);
	run->timeouts = (unsigned)strtoul(text + (*text == '/'), &text, 10);
	run->fault = (unsigned)strtoul(text + (*text == '/'), &text, 10);
	run->fault_on = *text == '+';
	return text + run->fault_on;
}

static void report_failure(struct job *job)
{
	static struct line line;
	char *text = strstr(output, "REPLAY ");

	printf("%s: %s", job->name, output);
	if (!text) {
		printf("crashed, or a sanitizer stopped it\n");
		return;
	}
	text = parse_run(&job->run, text + strlen("REPLAY "));
	parse_picks(&line, text + (*text == ' '));
	job->faults = false;
	job->replaying = true;
	if (!still_fails(job, &line)) {
		printf("and did not fail again\n");
		return;
	}
	shrink(job, &line);
	still_fails(job, &line);
	printf("SHRUNK: %.*s\nexplore replay %s %u/%u/%u%s ",
	       (int)strcspn(output, "\n"), output, job->name, job->run.spurious,
	       job->run.timeouts, job->run.fault, job->run.fault_on ? "+" : "");
	print_picks(&line);
}

static bool run_and_report(struct job *job)
{
	int status = run_child(job, output, sizeof output);

	if (status == 0)
		printf("%s", output);
	else
		report_failure(job);
	return status == 0;
}

static struct strategy *parse_mode(struct job *job, char **words)
{
	static struct line line;
	const char *mode = words[0];

	job->runs = strtoull(words[3], NULL, 10);
	job->run.seed = strtoull(words[3], NULL, 10);
	job->exhausts = strcmp(mode, "exhaust") == 0;
	job->replaying = strcmp(mode, "replay") == 0;
	if (job->exhausts)
		return strategy_exhaustive(
			(unsigned)strtoul(words[2], NULL, 10));
	if (job->replaying) {
		parse_run(&job->run, words[2]);
		job->runs = 1;
		parse_picks(&line, words[3]);
		return strategy_replay(line.picks, line.count);
	}
	job->runs = strtoull(words[2], NULL, 10);
	job->faults = strcmp(mode, "faults") == 0;
	if (strcmp(mode, "random") == 0 || job->faults)
		return strategy_random();
	if (strcmp(mode, "pct") == 0)
		return strategy_pct(3);
	usage();
	return NULL;
}

/* Whether the word means this scenario in this size. */
static bool is_meant(const char *word, const char *name, unsigned size)
{
	size_t length = strlen(name);

	if (strcmp(word, "all") == 0)
		return true;
	if (strcmp(word, "small") == 0 || strcmp(word, name) == 0)
		return size == 0;
	return strncmp(word, name, length) == 0 && word[length] == ':' &&
	       strtoul(word + length + 1, NULL, 10) == size;
}

static bool run_size(char **words, const struct scenario *scenario,
		     unsigned size)
{
	struct job job = { .scenario = scenario_resized(scenario, size) };

	snprintf(job.name, sizeof job.name, size ? "%s:%u" : "%s",
		 scenario->name, size);
	job.strategy = parse_mode(&job, words);
	return run_and_report(&job);
}

int main(int argc, char **argv)
{
	bool found = false;

	if (argc == 2 && strcmp(argv[1], "list") == 0) {
		for (size_t i = 0; i < scenario_count; i++)
			puts(scenarios[i].name);
		return 0;
	}
	if (argc != 5)
		usage();
	sched_pin();
	for (size_t i = 0; i < scenario_count; i++)
		for (unsigned size = 0; size < SCENARIO_SIZES; size++) {
			if (!is_meant(argv[2], scenarios[i].name, size))
				continue;
			found = true;
			if (!run_size(argv + 1, &scenarios[i], size))
				return 1;
		}
	if (!found)
		usage();
	return 0;
}
