/* SPDX-License-Identifier: MIT */
/* A job on a terminal of its own, and what its shell has to do with both. */
#ifndef JOB_CONTROL_H
#define JOB_CONTROL_H

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "clock.h"

enum { PATIENCE_MS = 60000, SKIPPED = 77, MOST = 1 << 20 };

static int screen, tty; /* the user's side of the terminal, and the job's */
static struct termios settings;
static char **command;
static sigset_t unblocked;
static const char *step, *text = ""; /* under way */

static struct {
	pid_t pid;
	int status;
	bool stopped, ended;
} job;

static struct {
	char text[MOST];
	size_t length, seen;
} output;

/* Takes some of what the terminal shows, if there is any. */
static inline bool take_output(void)
{
	struct pollfd shown = { .fd = screen, .events = POLLIN };
	ssize_t got;

	if (output.length + 1 == MOST || poll(&shown, 1, 0) < 1)
		return false;
	got = read(screen, output.text + output.length,
		   MOST - 1 - output.length);
	if (got > 0)
		output.length += (size_t)got;
	return got > 0;
}

/* At the end, when nobody has the job's side open any more: the rest, and all
 * of it is printed. */
static inline void print_output(void)
{
	close(tty);
	while (take_output())
		;
	fwrite(output.text, 1, output.length, stdout);
	fflush(stdout);
}

static inline void fail(const char *why)
{
	if (job.pid > 0 && !job.ended)
		kill(-job.pid, SIGKILL);
	print_output();
	errx(1, "%s: at the step %s %s: %s", *command, step, text, why);
}

/* Takes what has happened to the job, if anything has. */
static inline bool take_news(void)
{
	if (job.ended ||
	    waitpid(job.pid, &job.status, WNOHANG | WUNTRACED) != job.pid)
		return false;
	job.stopped = WIFSTOPPED(job.status);
	job.ended = !job.stopped;
	return true;
}

static inline void notice(int signal)
{
	(void)signal; /* it ends a wait */
}

/* Waits for something to take: SIGCHLD comes here and nowhere else. */
static inline void await(int64_t end_ms)
{
	struct pollfd shown = { .fd = screen, .events = POLLIN };
	const int64_t left_ms = end_ms - clock_ms();
	const struct timespec left = { .tv_sec = (time_t)(left_ms / 1000),
				       .tv_nsec = (long)(left_ms % 1000 *
							 1000000) };

	if (left_ms <= 0)
		fail("it did not come within a minute");
	if (!take_output() && !take_news())
		ppoll(&shown, 1, &left, &unblocked);
}

/* As a shell does, the name of what has happened on a line of its own. */
static inline void say(const char *words)
{
	dprintf(tty, "\n[%s]\n", words);
}

/* When the job has stopped or ended, the shell has its terminal again. It must
 * be as it was. */
static inline void take_terminal(void)
{
	struct termios now = settings; /* there may be more than is set */

	if (tcsetpgrp(tty, getpgrp()) || tcgetattr(tty, &now))
		fail("the shell has lost its terminal");
	if (now.c_iflag != settings.c_iflag ||
	    now.c_oflag != settings.c_oflag ||
	    now.c_cflag != settings.c_cflag ||
	    now.c_lflag != settings.c_lflag ||
	    memcmp(now.c_cc, settings.c_cc, sizeof now.c_cc) != 0)
		fail("the terminal has other settings");
	if (fcntl(tty, F_GETFL) & O_NONBLOCK)
		fail("the terminal does not block any more");
}

/* In the child: what a shell does before it runs a job. */
static inline void become_job(bool foreground)
{
	static const int signals[] = { SIGINT,	SIGQUIT, SIGPIPE,
				       SIGTSTP, SIGTTIN, SIGTTOU };

	setpgid(0, 0);
	if (foreground)
		tcsetpgrp(tty, getpid());
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		signal(signals[i], SIG_DFL);
	sigprocmask(SIG_SETMASK, &unblocked, NULL);
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		dup2(tty, fd);
	execvp(*command, command);
	err(127, "%s", *command);
}

/* The first terminal that a session's leader opens is that of the session. An
 * echo would stand anywhere in the output. And if Ctrl-Z flushed, what is typed
 * but not read yet would be lost, and what is printed but not shown: it is the
 * terminal that loses it, and no program could help it. */
static inline void open_terminal(void)
{
	setsid();
	screen = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (screen < 0 || grantpt(screen) || unlockpt(screen) ||
	    (tty = open(ptsname(screen), O_RDWR | O_CLOEXEC)) < 0 ||
	    tcgetattr(tty, &settings))
		err(SKIPPED, "no terminal");
	if (tcgetpgrp(tty) != getpgrp())
		errx(SKIPPED, "no terminal of the session");
	settings.c_lflag &= ~(tcflag_t)ECHO;
	settings.c_lflag |= NOFLSH;
	tcsetattr(tty, TCSANOW, &settings);
}

static inline void become_shell(void)
{
	sigset_t child;

	/* Whatever was blocked before. */
	sigemptyset(&unblocked);
	sigprocmask(SIG_SETMASK, &unblocked, NULL);
	signal(SIGTTOU, SIG_IGN); /* it writes while the job has the terminal */
	signal(SIGCHLD, notice);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
}

#endif
