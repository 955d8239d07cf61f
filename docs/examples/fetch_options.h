/* SPDX-License-Identifier: MIT */
/* The command line of fetch.c. */
#ifndef FETCH_OPTIONS_H
#define FETCH_OPTIONS_H

#include "fetch.h"
#include "tool.h"

#include <getopt.h>

static void usage(FILE *out)
{
	fputs("usage: fetch [OPTION ...] [URL ...]\n"
	      "Fetches URLs, many at a time, and prints what came of each:\n"
	      "status, bytes, milliseconds, URL; '---' and why if it failed.\n"
	      "URLs are the arguments, or the lines of standard input; empty\n"
	      "lines and lines that begin with # are left out.\n"
	      "  -n N             how many at once (default 100)\n"
	      "  --per-host N     how many at once from one host (default 8)\n"
	      "  -f FILE          URLs from a file; '-': standard input\n"
	      "  -r, --rest FILE  write there what a stop has left undone\n"
	      "  -o FOLDER        keep the bodies there, but not of errors\n"
	      "  -m SECONDS       give up a transfer that takes longer\n"
	      "  --retry N        try again so often if it may help\n"
	      "  -p PROTOCOLS     allow these (default: http,https)\n"
	      "  -q               print only what failed\n"
	      "  -s COUNT         so many from a server of its own\n"
	      "  -h               this text\n"
	      "CURL_CA_BUNDLE, or SSL_CERT_FILE: the certificates to trust.\n"
	      "Ctrl-C stops and tells what was done; once more ends at once.\n"
	      "Exit status: 0; 1 if any failed (status 400 and more is\n"
	      "failed); 2 if it could not begin or go on.\n",
	      out);
}

/* Whether it is an option with a number. */
static bool parse_number(struct fetch_options *o, int option)
{
	switch (option) {
	case 'n':
		o->workers = tool_number("-n", optarg, 1, 10000);
		return true;
	case 'H':
		o->at_one_host = tool_number("--per-host", optarg, 1, 10000);
		return true;
	case 'm':
		o->limit_s = tool_number("-m", optarg, 1, 1000000);
		return true;
	case 'R':
		o->retries = tool_number("--retry", optarg, 0, 1000);
		return true;
	case 's':
		o->self = tool_number("-s", optarg, 1, 100000000);
		return true;
	}
	return false;
}

static void parse_other(struct fetch_options *o, int option)
{
	switch (option) {
	case 'f':
		o->list = optarg;
		break;
	case 'r':
		o->rest = optarg;
		break;
	case 'o':
		o->folder = optarg;
		break;
	case 'p':
		o->protocols = optarg;
		break;
	case 'q':
		o->quiet = true;
		break;
	case 'h':
		usage(stdout);
		exit(TOOL_DONE);
	default:
		usage(stderr);
		exit(TOOL_CANNOT);
	}
}

/* The options; the URLs stand after them, at argv[optind]. */
static struct fetch_options parse(int argc, char **argv)
{
	static const struct option longer[] = {
		{ "per-host", required_argument, NULL, 'H' },
		{ "rest", required_argument, NULL, 'r' },
		{ "retry", required_argument, NULL, 'R' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	struct fetch_options o = { .workers = 100,
				   .at_one_host = 8,
				   .protocols = "http,https" };
	int option;

	while ((option = getopt_long(argc, argv, "n:f:r:o:m:p:qs:h", longer,
				     NULL)) != -1)
		if (!parse_number(&o, option))
			parse_other(&o, option);
	if ((o.list != NULL) + (o.self > 0) + (optind < argc) > 1)
		errx(TOOL_CANNOT, "URLs as arguments, or -f, or -s");
	if (!o.list && !o.self && optind == argc && isatty(STDIN_FILENO)) {
		usage(stderr);
		exit(TOOL_CANNOT);
	}
	return o;
}

#endif
