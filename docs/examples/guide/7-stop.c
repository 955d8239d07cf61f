/* SPDX-License-Identifier: MIT */
/* The lines of each file that standard input names, until Ctrl-C. */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <par.h>

/* [handler] */
static volatile sig_atomic_t stop;

static void ask_to_stop(int signal)
{
	(void)signal;
	stop = 1;
}
/* [end] */

/* A named pipe may have nothing for a long time: the interrupt ends the read. A
 * file may be large: at a stop nobody waits until it is counted. */
static int count_lines(void *context, void *name, void **value)
{
	FILE *file = fopen(name, "r");
	char buffer[64 * 1024];
	intptr_t lines = 0;
	size_t got;
	int rc = 0;

	(void)context;
	if (!file)
		return -errno;
	/* [read] */
	while (!par_stopping() &&
	       (got = fread(buffer, 1, sizeof buffer, file)) > 0)
		for (size_t i = 0; i < got; i++)
			lines += buffer[i] == '\n';
	if (ferror(file))
		rc = -errno; /* EINTR: cut short */
	else if (!feof(file))
		rc = -EINTR; /* told to stop in between */
	/* [end] */
	fclose(file);
	*value = (void *)lines;
	return rc;
}

/* What is left at the close: a name that nobody will get. */
/* [discard] */
static void drop(void *context, const struct par_result *left)
{
	(void)context;
	free(left->item);
}
/* [end] */

/* Prints a result as soon as it is there, and frees its name. */
static void report(const struct par_result *r)
{
	if (r->error)
		fprintf(stderr, "%s: %s\n", (char *)r->item,
			strerror(-r->error));
	else
		printf("%s: %jd\n", (char *)r->item,
		       (intmax_t)(intptr_t)r->value);
	fflush(stdout);
	free(r->item);
}

int main(void)
{
	/* [options] */
	struct par_options options = { .action = count_lines,
				       .workers = 32,
				       .generate = par_from_lines,
				       .source = stdin,
				       .discard = drop,
				       .interrupt = SIGUSR1 };
	/* [end] */
	/* [loop] */
	struct sigaction on_ctrl_c = {
		.sa_handler = ask_to_stop,
		.sa_flags =
			(int)SA_RESETHAND, /* a second Ctrl-C ends it at once */
	};
	struct par_result r;
	struct par *pool;
	int rc;

	sigaction(SIGINT, &on_ctrl_c, NULL);
	if (par_open(&pool, &options))
		return 1;
	while (!stop && (rc = par_next_timed(pool, &r, 100)) != 0) {
		if (rc == -ETIMEDOUT)
			continue; /* nothing yet: look at `stop` */
		if (rc < 0)
			break;
		report(&r);
	}
	rc = par_close(pool);
	/* [end] */
	if (stop) {
		fprintf(stderr, "stopped\n");
		raise(SIGINT); /* a shell shows 130: it did not end by itself */
	}
	if (rc)
		fprintf(stderr, "standard input: %s\n", strerror(-rc));
	return rc != 0;
}
