/* SPDX-License-Identifier: MIT */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { MOST = 8, MOST_PEERS = 24, MOST_ROUNDS = 50, MOST_BURNERS = 16 };

/* What can be said of a run. */
enum figure {
	NS,
	CPU,
	SWITCHES,
	IDEAL,
	BARE,
	WALL,
	MEMORY,
	LATENCY,
	LATE,
	FIGURES
};

#define PER_WORKER UINT64_MAX /* W: as many as workers */

struct list {
	unsigned count;
	uint64_t number[MOST];
};

/* As read from its file. */
struct workload {
	char name[32], about[128], work[16];
	struct list workers, bound, items;
	uint64_t cost;	 /* ns */
	unsigned cpus;	 /* 0: all */
	unsigned rounds; /* at most; 0: as many as there are */
	unsigned burn;	 /* other programs, each of which burns a core */
	bool fixed;	 /* as many items for the slow as for the fast */
	bool wants[FIGURES];
	char without[64]; /* peers that would take too long */
	char only[64];	  /* if not empty: the peers that can do it */
};

/* One of its points: what a peer is asked for. */
struct task {
	const char *work;
	unsigned workers, cpus, burn;
	uint64_t bound, items, cost;
};
struct task task_of(const struct workload *w, unsigned bound, unsigned items,
		    unsigned workers);

/* One run of a peer, in a process of its own. */
struct run {
	enum { RAN, CANNOT, FAILED } status;
	double wall, cpu; /* ns */
	double switches, peak /* KiB */, latency,
		late /* ns: the median, 99 % */;
	uint64_t items;
	double given;	/* of the cores, the least before and after it */
	char line[512]; /* of JSON, or what went wrong */
};

struct peer {
	char name[32], path[512];
	uint64_t items; /* asked for in this task */
	bool cannot, disturbed;
	unsigned count;
	struct run runs[MOST_ROUNDS];
};

struct run run_peer(const struct peer *peer, const struct task *task);

/* What part of the cores this process was given just now, of the worst. A run
 * in which it was less is disturbed. */
#define UNDISTURBED 0.9
void probe_calibrate(void);
double probe(unsigned cpus);
unsigned cores(unsigned cpus);

/* What comes of a workload. */
struct report {
	const struct workload *workload;
	FILE *json, *data;
};
void report_begin(struct report *report, const struct workload *workload,
		  const char *directory);
/* The peers' runs of one task. */
void report_add(struct report *report, const struct task *task,
		const struct peer *measured, unsigned count);
void report_end(struct report *report, const char *const titles[FIGURES]);

#endif
