/* SPDX-License-Identifier: MIT */
/*
 * What comes of a workload: medians with quartiles, as a table and as data.
 */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

struct row {
	struct task task;
	char peer[32];
	unsigned count; /* of runs; 0: it cannot */
	bool disturbed;
	double low[FIGURES], median[FIGURES], high[FIGURES];
};

static struct row rows[4096];
static unsigned row_count;

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double quantile(const double *sorted, unsigned n, double q)
{
	double at = q * (n - 1);
	unsigned below = (unsigned)at;

	if (below + 1 == n)
		return sorted[below];
	return sorted[below] +
	       (at - below) * (sorted[below + 1] - sorted[below]);
}

static double median_wall(const struct peer *peer)
{
	double walls[MOST_ROUNDS];

	for (unsigned i = 0; i < peer->count; i++)
		walls[i] = peer->runs[i].wall;
	qsort(walls, peer->count, sizeof *walls, compare);
	return quantile(walls, peer->count, 0.5);
}

static double figure(enum figure f, const struct run *run,
		     const struct task *task, double bare)
{
	double items = (double)(run->items ? run->items : 1);
	unsigned working = cores(task->cpus);

	if (task->workers < working)
		working = task->workers;
	switch (f) {
	case NS:
		return run->wall / items;
	case CPU:
		return run->cpu / items / 1000;
	case SWITCHES:
		return run->switches / items;
	case IDEAL:
		return run->wall / (items * (double)task->cost / working);
	case BARE:
		return bare > 0 ? run->wall / bare : 0;
	case WALL:
		return run->wall / 1000;
	case MEMORY:
		return run->peak / 1024;
	case LATENCY:
		return run->latency / 1000;
	case LATE:
		return run->late / 1000;
	default:
		return 0;
	}
}

static void sum_up(struct row *row, const struct peer *peer, double bare)
{
	double values[MOST_ROUNDS];

	for (int f = 0; f < FIGURES; f++) {
		for (unsigned i = 0; i < peer->count; i++)
			values[i] = figure((enum figure)f, &peer->runs[i],
					   &row->task, bare);
		qsort(values, peer->count, sizeof *values, compare);
		row->low[f] = quantile(values, peer->count, 0.25);
		row->median[f] = quantile(values, peer->count, 0.5);
		row->high[f] = quantile(values, peer->count, 0.75);
	}
}

void report_begin(struct report *report, const struct workload *workload,
		  const char *directory)
{
	char path[512];

	row_count = 0;
	report->workload = workload;
	snprintf(path, sizeof path, "%s/%s.jsonl", directory, workload->name);
	report->json = fopen(path, "w");
	snprintf(path, sizeof path, "%s/%s.dat", directory, workload->name);
	report->data = fopen(path, "w");
}

void report_add(struct report *report, const struct task *task,
		const struct peer *measured, unsigned count)
{
	double bare = 0;

	(void)report;
	for (unsigned i = 0; i < count; i++)
		if (strcmp(measured[i].name, "bare") == 0 && measured[i].count)
			bare = median_wall(&measured[i]);
	for (unsigned i = 0; i < count; i++) {
		struct row *row = &rows[row_count++];

		*row = (struct row){ .task = *task,
				     .count = measured[i].count };
		snprintf(row->peer, sizeof row->peer, "%s", measured[i].name);
		for (unsigned r = 0; r < row->count; r++)
			row->disturbed |=
				measured[i].runs[r].given < UNDISTURBED;
		if (row->count)
			sum_up(row, &measured[i], bare);
	}
}

static void print_value(double value)
{
	printf(value < 10 ? "%.2f" : value < 100 ? "%.1f" : "%.0f", value);
}

static void print_cell(const struct row *row, int f)
{
	if (!row->count) {
		printf(" | -");
		return;
	}
	printf(" | ");
	print_value(row->median[f]);
	printf(" (");
	print_value(row->low[f]);
	printf("-");
	print_value(row->high[f]);
	printf(")%s", row->disturbed ? "~" : "");
}

static bool is_first_of_peer(unsigned i)
{
	for (unsigned j = 0; j < i; j++)
		if (strcmp(rows[j].peer, rows[i].peer) == 0)
			return false;
	return true;
}

static bool is_first_of_task(unsigned i)
{
	return i == 0 || memcmp(&rows[i].task, &rows[i - 1].task,
				sizeof rows[i].task) != 0;
}

/* A column a task, a row a peer. */
static void print_table(const struct workload *w, int f, const char *title)
{
	unsigned columns = 0;

	printf("\n%s: %s%s\n\n|", w->name, w->about, title);
	for (unsigned i = 0; i < row_count; i++)
		if (is_first_of_task(i)) {
			const struct task *t = &rows[i].task;

			printf(" | W=%u, ", t->workers);
			if (w->items.count > 1)
				printf("%llu items",
				       (unsigned long long)t->items);
			else
				printf("bound %llu",
				       (unsigned long long)t->bound);
			columns++;
		}
	printf("\n|---");
	while (columns-- > 0)
		printf("|---");
	printf("\n");
	for (unsigned i = 0; i < row_count; i++) {
		if (!is_first_of_peer(i))
			continue;
		printf("| %s", rows[i].peer);
		for (unsigned j = i; j < row_count; j++)
			if (strcmp(rows[j].peer, rows[i].peer) == 0)
				print_cell(&rows[j], f);
		printf("\n");
	}
}

static void write_data(FILE *data)
{
	fprintf(data, "# peer workers bound items ns cpu switches ideal bare "
		      "wall memory latency late\n");
	for (unsigned i = 0; i < row_count; i++) {
		const struct row *row = &rows[i];

		if (!row->count)
			continue;
		fprintf(data, "%s %u %llu %llu", row->peer, row->task.workers,
			(unsigned long long)row->task.bound,
			(unsigned long long)row->task.items);
		for (int f = 0; f < FIGURES; f++)
			fprintf(data, " %g", row->median[f]);
		fprintf(data, "\n");
	}
}

void report_end(struct report *report, const char *const titles[FIGURES])
{
	for (int f = 0; f < FIGURES; f++)
		if (report->workload->wants[f])
			print_table(report->workload, f, titles[f]);
	fflush(stdout);
	if (report->data) {
		write_data(report->data);
		fclose(report->data);
	}
	if (report->json)
		fclose(report->json);
}
