/* SPDX-License-Identifier: MIT */
/* What fetch.c does, as fetch_self.c measures it. */
#ifndef FETCH_H
#define FETCH_H

#include <stdbool.h>
#include <stdint.h>

#include <par.h>

struct fetch_options {
	unsigned workers, at_one_host, retries;
	unsigned limit_s;      /* for each transfer; 0: none */
	unsigned self;	       /* so many URLs from a server of its own */
	const char *list;      /* a file with URLs */
	const char *rest;      /* a file for those that were not done */
	const char *folder;    /* for the bodies; NULL: they are not kept */
	const char *protocols; /* to allow: "http,https" */
	bool quiet;	       /* only what failed is printed */
};

struct fetch_sum {
	uint64_t done, failed, left;
	double seconds;
};

/* Fetches what the generator brings, strings from malloc(); what is left goes
 * to the file `rest`. Returns what par_next() says at the end. */
int fetch_all(const struct fetch_options *options, par_generate_fn *generate,
	      void *source, struct fetch_sum *sum);

/* Starts a server, and prints how much faster it is to fetch at once. */
int fetch_self(const struct fetch_options *options);

#endif
