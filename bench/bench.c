/* SPDX-License-Identifier: MIT */
/*
 * bench: runs the peers over the workloads, and says how they compare.
 *
 *     bench [-q] [-r ROUNDS] [-p PEER,...] [-o DIRECTORY] PEERS WORKLOAD...
 *
 * PEERS is the directory of the programs peer-NAME, a WORKLOAD a file as those
 * in workloads/. Each round runs every peer once, in turns, so that what
 * disturbs the machine disturbs them all; a run in which the cores were not all
 * given is made again; if all tries are so, the last one counts, and is marked.
 * Each run's count and sum are checked. Prints a table a workload, of medians
 * with quartiles; writes each run as a line of JSON to
 * DIRECTORY/WORKLOAD.jsonl, and the medians to DIRECTORY/WORKLOAD.dat.
 */
#include "bench.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const figure_names[FIGURES] = {
	[NS] = "ns",	     [CPU] = "cpu",	    [SWITCHES] = "switches",
	[IDEAL] = "ideal",   [BARE] = "bare",	    [WALL] = "wall",
	[MEMORY] = "memory", [LATENCY] = "latency", [LATE] = "late",
};

static const char *const figure_titles[FIGURES] = {
	[NS] = "wall ns an item",
	[CPU] = "processor us an item",
	[SWITCHES] = "context switches an item",
	[IDEAL] = "wall / ideal (items x cost / cores)",
	[BARE] = "wall / bare threads of the same round",
	[WALL] = "wall us",
	[MEMORY] = "peak MiB",
	[LATENCY] = "median us from made to received",
	[LATE] = "99th percentile, us from made to received",
};

static struct peer peers[MOST_PEERS];
static unsigned peer_count;
static unsigned rounds = 5;
static bool quick;
static const char *output = ".", *only;

static void die(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Peers. */

/* Whether the name is among those, between blanks or commas. */
static bool is_listed(const char *list, const char *name)
{
	static const char between[] = ", \t\n";
	size_t length = strlen(name), word;

	for (; *list; list += word, list += strspn(list, between)) {
		word = strcspn(list, between);
		if (word == length && strncmp(list, name, length) == 0)
			return true;
	}
	return false;
}

static int by_name(const void *a, const void *b)
{
	const struct peer *x = a, *y = b;
	int par = strcmp(y->name, "par") == 0,
	    other = strcmp(x->name, "par") == 0;

	return par != other ? par - other : strcmp(x->name, y->name);
}

static void find_peers(const char *directory)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;

	if (!dir)
		die(directory);
	while ((entry = readdir(dir)) && peer_count < MOST_PEERS) {
		struct peer *peer = &peers[peer_count];
		const char *name = entry->d_name;

		snprintf(peer->path, sizeof peer->path, "%s/%s", directory,
			 name);
		if (strncmp(name, "peer-", 5) || access(peer->path, X_OK) ||
		    strchr(name, '.') || (only && !is_listed(only, name + 5)))
			continue;
		snprintf(peer->name, sizeof peer->name, "%s", name + 5);
		peer_count++;
	}
	closedir(dir);
	if (!peer_count)
		die("no peers");
	qsort(peers, peer_count, sizeof *peers, by_name);
}

/* Workloads. */

static void read_numbers(struct list *list, char *words)
{
	for (char *word = strtok(words, " \t\n"); word;
	     word = strtok(NULL, " \t\n"))
		if (list->count < MOST)
			list->number[list->count++] =
				strcmp(word, "W") == 0
					? PER_WORKER
					: strtoull(word, NULL, 10);
}

static void read_figures(struct workload *w, char *words)
{
	for (char *word = strtok(words, " \t\n"); word;
	     word = strtok(NULL, " \t\n"))
		for (int f = 0; f < FIGURES; f++)
			if (strcmp(word, figure_names[f]) == 0)
				w->wants[f] = true;
}

static void read_workload(struct workload *w, const char *path)
{
	const char *slash = strrchr(path, '/');
	FILE *file = fopen(path, "r");
	char line[256], key[16];
	int length;

	if (!file)
		die(path);
	memset(w, 0, sizeof *w);
	snprintf(w->name, sizeof w->name, "%s", slash ? slash + 1 : path);
	while (fgets(line, sizeof line, file)) {
		char *rest = line;

		if (line[0] == '#') {
			snprintf(w->about, sizeof w->about, "%.120s", line + 2);
			continue;
		}
		if (sscanf(line, "%15s%n", key, &length) != 1)
			continue;
		rest += length;
		if (strcmp(key, "work") == 0)
			sscanf(rest, "%15s", w->work);
		else if (strcmp(key, "workers") == 0)
			read_numbers(&w->workers, rest);
		else if (strcmp(key, "bound") == 0)
			read_numbers(&w->bound, rest);
		else if (strcmp(key, "items") == 0)
			read_numbers(&w->items, rest);
		else if (strcmp(key, "cost") == 0)
			w->cost = strtoull(rest, NULL, 10);
		else if (strcmp(key, "cpus") == 0)
			w->cpus = (unsigned)strtoul(rest, NULL, 10);
		else if (strcmp(key, "burn") == 0)
			w->burn = (unsigned)strtoul(rest, NULL, 10);
		else if (strcmp(key, "rounds") == 0)
			w->rounds = (unsigned)strtoul(rest, NULL, 10);
		else if (strcmp(key, "fixed") == 0)
			w->fixed = true;
		else if (strcmp(key, "figures") == 0)
			read_figures(w, rest);
		else if (strcmp(key, "without") == 0)
			snprintf(w->without, sizeof w->without, "%s", rest);
		else if (strcmp(key, "only") == 0)
			snprintf(w->only, sizeof w->only, "%s", rest);
		else
			fprintf(stderr, "bench: %s: what is %s?\n", path, key);
	}
	fclose(file);
	if (w->burn > MOST_BURNERS)
		w->burn = MOST_BURNERS;
}

/* Measuring. */

static void note(FILE *json, const struct workload *w, const struct task *task,
		 const struct peer *peer, const struct run *run)
{
	if (!json)
		return;
	fprintf(json,
		"{\"workload\": \"%s\", \"peer\": \"%s\", \"workers\": %u, "
		"\"bound\": %llu, \"cost_ns\": %llu, \"cpus\": %u, "
		"\"given\": %.3f, \"run\": %s}\n",
		w->name, peer->name, task->workers,
		(unsigned long long)task->bound, (unsigned long long)w->cost,
		task->cpus, run->given, run->line);
	fflush(json);
}

/* So many items that a run is long enough to be measured, and no longer. */
static void size_up(const struct workload *w, struct task *task,
		    struct peer *peer)
{
	const double wanted = quick ? 5e7 : 2.5e8;
	struct task trial = *task;
	struct run run;

	peer->items = task->items;
	peer->count = 0;
	peer->cannot = is_listed(w->without, peer->name) ||
		       (*w->only && !is_listed(w->only, peer->name));
	if (peer->cannot)
		return;
	if (w->fixed) {
		if (quick && task->items > 100 * task->workers)
			peer->items = task->items / 10;
		return;
	}
	trial.items = 2000;
	run = run_peer(peer, &trial);
	peer->cannot = run.status == CANNOT;
	if (run.status == RAN &&
	    wanted / (run.wall / 2000) < (double)task->items)
		peer->items = (uint64_t)(wanted / (run.wall / 2000));
	if (peer->items < 2000)
		peer->items = 2000;
}

static void measure_once(const struct workload *w, const struct task *task,
			 struct peer *peer, bool last, FILE *json)
{
	struct task own = *task;
	struct run run;

	own.items = peer->items;
	run = run_peer(peer, &own);
	peer->cannot = run.status == CANNOT;
	if (run.status == FAILED) {
		fprintf(stderr, "bench: %s failed on %s: %s\n", peer->name,
			w->name, run.line);
		exit(1);
	}
	if (run.status != RAN)
		return;
	note(json, w, task, peer, &run);
	/* What never was undisturbed is taken as it is, and marked. */
	peer->disturbed = run.given < UNDISTURBED;
	if (!peer->disturbed || last)
		peer->runs[peer->count++] = run;
}

static void measure(const struct workload *w, struct task *task, FILE *json)
{
	const unsigned most =
		w->rounds && w->rounds < rounds ? w->rounds : rounds;
	unsigned missing = 1;

	for (unsigned i = 0; i < peer_count; i++)
		size_up(w, task, &peers[i]);
	for (unsigned round = 0; round < 3 * most && missing; round++) {
		missing = 0;
		for (unsigned i = 0; i < peer_count; i++) {
			struct peer *peer = &peers[(i + round) % peer_count];

			if (peer->cannot || peer->count == most)
				continue;
			fprintf(stderr,
				"\r%s: %u workers, bound %llu: %-12s %u/%u  ",
				w->name, task->workers,
				(unsigned long long)task->bound, peer->name,
				peer->count + 1, most);
			measure_once(w, task, peer, round >= 2 * most, json);
			missing += !peer->cannot && peer->count < most;
		}
	}
	fprintf(stderr, "\r%60s\r", "");
}

int main(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "qr:p:o:")) != -1) {
		switch (option) {
		case 'q':
			quick = true;
			rounds = 3;
			break;
		case 'r':
			rounds = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'p':
			only = optarg;
			break;
		case 'o':
			output = optarg;
			break;
		default:
			return 2;
		}
	}
	if (argc - optind < 2 || rounds == 0 || rounds > MOST_ROUNDS) {
		fprintf(stderr, "usage: bench [-q] [-r ROUNDS] [-p PEER,...] "
				"[-o DIRECTORY] PEERS WORKLOAD...\n");
		return 2;
	}
	mkdir(output, 0777);
	find_peers(argv[optind]);
	probe_calibrate();
	while (++optind < argc) {
		struct workload w;
		struct report report;

		read_workload(&w, argv[optind]);
		report_begin(&report, &w, output);
		for (unsigned b = 0; b < w.bound.count; b++)
			for (unsigned i = 0; i < w.items.count; i++)
				for (unsigned n = 0; n < w.workers.count; n++) {
					struct task task = task_of(&w, b, i, n);

					measure(&w, &task, report.json);
					report_add(&report, &task, peers,
						   peer_count);
				}
		report_end(&report, figure_titles);
	}
	return 0;
}
