/* SPDX-License-Identifier: MIT */
/*
 * explore: runs the scenarios under the strategies. See usage().
 *
 * A child process makes the runs, and ends at the first run that fails. Its
 * parent then shrinks the choices of that run: it replays it with fewer
 * preemptions as long as the run still fails. It prints a line that replays the
 * shortest failing run, and exits.
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

/* Runs of one scenario differ in how many fallible calls they make: so many
 * more faults are tried than the last run had such calls. */
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
	      "       explore exhaust-all SCENARIO PREEMPTIONS MOST-RUNS\n"
	      "       explore faults SCENARIO RUNS-PER-FAULT SEED\n"
	      "       explore replay SCENARIO RUN CHOICES\n"
	      "SCENARIO is NAME or NAME:SIZE (sizes 0 to 2); 'all' is every "
	      "scenario in\n"
	      "every size, 'small' is every scenario in size 0.\n"
	      "'exhaust-all' does not leave out runs that show nothing new.\n"
	      "Prints one line per scenario. If a run fails, prints the reason "
	      "and the command\n"
	      "that replays it, and exits.\n",
	      stderr);
	exit(2);
}

struct job {
	struct scenario scenario;
	char name[64]; /* NAME or NAME:SIZE */
	struct strategy *strategy;
	struct run run;
	uint64_t runs;
	bool faults; /* every fallible call fails, one per series of runs */
	bool exhausts;
	bool replays; /* with the budgets that `run` has */
};

/* Exhaustive runs have one spurious wake-up and one time-out each. For others
 * the seed decides. */
static void set_budgets(struct job *job)
{
	if (job->replays)
		return;
	job->run.prompt = job->exhausts && !job->scenario.late;
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

/* Every fallible call fails in turn: first that call alone, then that call and
 * all later ones. */
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
	printf("%-24s %s %" PRIu64 " schedules, %.0f per second\n", job->name,
	       exhausted ? "EXHAUSTED" : "passed", done,
	       (double)done / (took > 0 ? took : 1));
}

/* Called once per second of processor time. If there was no scheduling point
 * since the last call, the run is in a loop that the scheduler cannot see. */
static void check_progress(int signal)
{
	static uint64_t last;

	if (last == sched_all_points)
		sched_fail("a loop without a scheduling point");
	last = sched_all_points;
}

static void start_watchdog(void)
{
	const struct itimerval second = { { 1, 0 }, { 1, 0 } };

	signal(SIGVTALRM, check_progress);
	setitimer(ITIMER_VIRTUAL, &second, NULL);
}

/* Runs the job in a child, and reads its output. Returns its exit status. */
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
		start_watchdog();
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

/* The choices in the line that replays a run. */
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

/* A longer run is in a livelock: how it began does not matter. */
enum { WORTH_SHRINKING = 2000 };

/* Replaces each choice by the first move, which is no preemption, if the run
 * then still fails. */
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

/* Reads RUN: SPURIOUS/TIMEOUTS/FAULT, + if all later fallible calls fail too,
 * and p if the supervisor is prompt. Returns the rest of the text. */
static char *parse_run(struct run *run, char *text)
{
	run->spurious = (unsigned)strtoul(text, &text, 10);
	run->timeouts = (unsigned)strtoul(text + (*text == '/'), &text, 10);
	run->fault = (unsigned)strtoul(text + (*text == '/'), &text, 10);
	run->fault_on = *text == '+';
	text += run->fault_on;
	run->prompt = *text == 'p';
	return text + run->prompt;
}

static void report_failure(struct job *job)
{
	static struct line line;
	char *text = strstr(output, "REPLAY ");

	printf("%s: %s", job->name, output);
	if (!text) {
		printf("the run crashed, or a sanitizer ended it\n");
		return;
	}
	text = parse_run(&job->run, text + strlen("REPLAY "));
	parse_picks(&line, text + (*text == ' '));
	job->faults = false;
	job->replays = true;
	if (!still_fails(job, &line)) {
		printf("the replay of this run did not fail\n");
		return;
	}
	shrink(job, &line);
	still_fails(job, &line);
	printf("SHRUNK: %.*s\nexplore replay %s %u/%u/%u%s%s ",
	       (int)strcspn(output, "\n"), output, job->name, job->run.spurious,
	       job->run.timeouts, job->run.fault, job->run.fault_on ? "+" : "",
	       job->run.prompt ? "p" : "");
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
	bool all = strcmp(mode, "exhaust-all") == 0;

	job->runs = strtoull(words[3], NULL, 10);
	job->run.seed = strtoull(words[3], NULL, 10);
	job->exhausts = all || strcmp(mode, "exhaust") == 0;
	job->replays = strcmp(mode, "replay") == 0;
	if (job->exhausts)
		return strategy_exhaustive(
			(unsigned)strtoul(words[2], NULL, 10), !all);
	if (job->replays) {
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

/* Whether the word SCENARIO selects this scenario in this size. */
static bool is_selected(const char *word, const char *name, unsigned size)
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
			if (!is_selected(argv[2], scenarios[i].name, size))
				continue;
			found = true;
			if (!run_size(argv + 1, &scenarios[i], size))
				return 1;
		}
	if (!found)
		usage();
	return 0;
}
