/* SPDX-License-Identifier: MIT */
/* The command line of crawl.c. */
#ifndef CRAWL_OPTIONS_H
#define CRAWL_OPTIONS_H

#include "tool.h"

#include <getopt.h>
#include <limits.h>
#include <stdbool.h>

enum { WORKERS = 20 };

static unsigned deepest = UINT_MAX, most_pages = 10000, largest_mb = 16;
static unsigned limit_s = 30, at_one_host = 4;
static bool ask_no_robots;

static void usage(FILE *out)
{
	fputs("usage: crawl [OPTION ...] http[s]://...\n"
	      "Reads the pages of a site, from that one on, and checks all "
	      "that\n"
	      "they link to. Prints each dead link and the pages that hold "
	      "it.\n"
	      "  -d N          read no page more than N clicks away\n"
	      "  -n N          read no more than N pages (default 10000)\n"
	      "  -M MB         the largest page (default 16)\n"
	      "  -m SECONDS    the time for each link (default 30)\n"
	      "  --per-host N  how many at once from one host (default 4)\n"
	      "  --no-robots   do not ask for robots.txt, nor obey it\n"
	      "  -h            this text\n"
	      "CURL_CA_BUNDLE, or SSL_CERT_FILE: the certificates to trust.\n"
	      "Ctrl-C stops and tells what was found; once more ends at once.\n"
	      "Exit status: 0; 1 if a link is dead or a page too large; 2 if\n"
	      "there is no first page, or it could not go on.\n",
	      out);
}

static void parse(int argc, char **argv)
{
	static const struct option longer[] = {
		{ "per-host", required_argument, NULL, 'H' },
		{ "no-robots", no_argument, NULL, 'R' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	int option;

	while ((option = getopt_long(argc, argv, "d:n:M:m:h", longer, NULL)) !=
	       -1)
		switch (option) {
		case 'd':
			deepest = tool_number("-d", optarg, 0, 1000000);
			break;
		case 'n':
			most_pages = tool_number("-n", optarg, 1, 100000000);
			break;
		case 'M':
			largest_mb = tool_number("-M", optarg, 1, 1000);
			break;
		case 'm':
			limit_s = tool_number("-m", optarg, 1, 86400);
			break;
		case 'H':
			at_one_host =
				tool_number("--per-host", optarg, 1, WORKERS);
			break;
		case 'R':
			ask_no_robots = true;
			break;
		case 'h':
			usage(stdout);
			exit(TOOL_DONE);
		default:
			usage(stderr);
			exit(TOOL_CANNOT);
		}
}

#endif
