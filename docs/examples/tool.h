/* SPDX-License-Identifier: MIT */
/*
 * What the programs here have in common on a command line.
 *
 * Exit status: 0 if all was done; 1 if something failed, which the output
 * names; 2 if the program could not begin or could not go on: a mistake on the
 * command line, an input that cannot be read, a server that is gone, an output
 * that cannot be written.
 *
 * The first Ctrl-C or SIGTERM stops a program in order. It finishes or cancels
 * what is under way, says what was done, and ends by that signal: a shell shows
 * 130 or 143. The second one ends it at once.
 */
#ifndef TOOL_H
#define TOOL_H

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { TOOL_DONE = 0, TOOL_FAILED = 1, TOOL_CANNOT = 2 };

/* The signal that asked the program to stop; 0: none. The loop looks at it
 * between two results. */
static volatile sig_atomic_t stop;

static void tool_ask_to_stop(int number)
{
	stop = number;
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
}

/* At the start of main(), before the first thread. Each line of the output is
 * written as soon as it is complete, into a file and a pipe, too. */
static inline void tool_begin(void)
{
	/* A blocked write of results goes on after the signal. The second
	 * signal ends the program even if the handler has not run yet: the
	 * thread sanitizer puts it off. */
	struct sigaction action = { .sa_handler = tool_ask_to_stop,
				    .sa_flags =
					    SA_RESTART | (int)SA_RESETHAND };

	/* If a standard descriptor is closed, a socket would be opened in its
	 * place, and taken for it. */
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    (fd == STDOUT_FILENO || open("/dev/null", O_RDWR) < 0))
			err(TOOL_CANNOT, "descriptor %d", fd);
	setvbuf(stdout, NULL, _IOLBF, 0);
	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/* At the end of main(): what to return from there. */
static inline int tool_end(int status)
{
	if (fflush(stdout) || ferror(stdout)) {
		warnx("not all of the output could be written");
		status = TOOL_CANNOT;
	}
	if (stop) {
		sigset_t set;

		signal(stop, SIG_DFL);
		sigemptyset(&set);
		sigaddset(&set, stop);
		sigprocmask(SIG_UNBLOCK, &set, NULL);
		raise(stop);
	}
	return status;
}

/* A number from the command line, or one line that says what is wrong. */
static inline unsigned tool_number(const char *what, const char *text,
				   unsigned least, unsigned most)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	/* strtoul() takes blanks, signs and nothing at all. */
	if (!isdigit((unsigned char)*text) || *end || errno || value < least ||
	    value > most)
		errx(TOOL_CANNOT, "%s wants a number from %u to %u, not '%s'",
		     what, least, most, text);
	return (unsigned)value;
}

/* A line may end as DOS ends it. */
static inline char *tool_chomp(char *line)
{
	const size_t length = strlen(line);

	if (length > 0 && line[length - 1] == '\r')
		line[length - 1] = '\0';
	return line;
}

/* A text of somebody else's, without control characters: a terminal would obey
 * them. */
static inline void tool_print(FILE *out, const char *text)
{
	for (; *text; text++)
		putc(iscntrl((unsigned char)*text) ? '?' : *text, out);
}

/* Takes as many descriptors as the system allows; how many that are. */
static inline rlim_t tool_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return 256;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	getrlimit(RLIMIT_NOFILE, &limit);
	return limit.rlim_cur;
}

#endif
