/* SPDX-License-Identifier: MIT */
/*
 * Plays the shell of one job: runs COMMAND on a terminal of its own, does with
 * it what a user does, and prints what the terminal has shown.
 *     job_control STEP... -- COMMAND...
 *
 *     start        starts the job in the foreground
 *     start-bg     starts it in the background, as an & does
 *     line TEXT    types a line
 *     part TEXT    types a part of a line, which the job gets (Ctrl-D)
 *     end          types the end of the input (Ctrl-D)
 *     ctrl-c       types that
 *     ctrl-z       types that; the job must stop by SIGTSTP
 *     taken        waits until the job has read all that was typed
 *     shows TEXT   waits until the job has printed this, after the last one
 *     tostop       who writes in the background is to be stopped
 *     ttin, ttou   waits until the job is stopped by that signal
 *     bg, fg       as a shell's
 *     do COMMAND   runs a command line that is none of the job's
 *     exits N      waits until the job has ended so; 128 + N: by a signal
 *
 * Exit status: 0 if all steps went as they should; 1; 77 if there is no
 * terminal to be had.
 */
#include "job_control.h"

enum { LOOK_MS = 5 };

/* The steps. */

static void stop_by(int signal)
{
	const int64_t end_ms = clock_ms() + PATIENCE_MS;

	while (!job.stopped && !job.ended)
		await(end_ms);
	while (take_output())
		;
	if (job.ended)
		fail("the job has ended");
	if (WSTOPSIG(job.status) != signal)
		fail(strsignal(WSTOPSIG(job.status)));
	take_terminal();
	say(step);
}

static void go_on(void)
{
	say(step);
	job.stopped = false;
	if (kill(-job.pid, SIGCONT))
		fail(strerror(errno));
}

static void type(const char *what)
{
	if (write(screen, what, strlen(what)) != (ssize_t)strlen(what))
		fail(strerror(errno));
}

static void start(bool foreground)
{
	job.pid = fork();
	if (job.pid < 0)
		err(1, "fork");
	if (job.pid == 0)
		become_job(foreground);
	/* Here and there: neither must go on before it is done. */
	setpgid(job.pid, job.pid);
	if (foreground)
		tcsetpgrp(tty, job.pid);
}

static void start_foreground(void)
{
	start(true);
}

static void start_background(void)
{
	say(step);
	start(false);
}

/* Nothing tells that it is read: it is looked for again and again. */
static void taken(void)
{
	const int64_t end_ms = clock_ms() + PATIENCE_MS;
	struct pollfd typed = { .fd = tty, .events = POLLIN };

	while (poll(&typed, 1, 0) > 0) {
		take_news();
		take_output();
		if (job.stopped || job.ended || clock_ms() > end_ms)
			fail("the job does not read");
		poll(NULL, 0, LOOK_MS);
	}
}

static void shows(void)
{
	const int64_t end_ms = clock_ms() + PATIENCE_MS;
	const char *found;

	while (!(found = strstr(output.text + output.seen, text))) {
		if (take_output())
			continue;
		if (job.stopped || job.ended)
			fail("the job runs no more");
		await(end_ms);
	}
	output.seen = (size_t)(found - output.text) + strlen(text);
}

static void tostop(void)
{
	settings.c_lflag |= TOSTOP;
	if (tcsetattr(tty, TCSANOW, &settings))
		fail(strerror(errno));
}

static void fg(void)
{
	if (tcsetpgrp(tty, job.pid))
		fail(strerror(errno));
	go_on();
}

static void run_other(void)
{
	if (system(text))
		fail("it has failed");
}

static void exits(void)
{
	const int64_t end_ms = clock_ms() + PATIENCE_MS;
	char status[16];

	while (!job.ended) {
		if (job.stopped)
			fail("the job is stopped");
		await(end_ms);
	}
	take_terminal();
	snprintf(status, sizeof status, "%d",
		 WIFSIGNALED(job.status) ? 128 + WTERMSIG(job.status)
					 : WEXITSTATUS(job.status));
	if (strcmp(status, text) != 0)
		fail(status);
}

/* What each step does, in this order. */
static const struct step {
	const char *name;
	bool has_text;
	const char *typed; /* after its text */
	void (*act)(void);
	int signal; /* that must stop the job */
} steps[] = {
	{ "start", .act = start_foreground },
	{ "start-bg", .act = start_background },
	{ "line", .has_text = true, .typed = "\n" },
	{ "part", .has_text = true, .typed = "\004" },
	{ "end", .typed = "\004" },
	{ "ctrl-c", .typed = "\003" },
	{ "ctrl-z", .typed = "\032", .signal = SIGTSTP },
	{ "taken", .act = taken },
	{ "shows", .has_text = true, .act = shows },
	{ "tostop", .act = tostop },
	{ "ttin", .signal = SIGTTIN },
	{ "ttou", .signal = SIGTTOU },
	{ "bg", .act = go_on },
	{ "fg", .act = fg },
	{ "do", .has_text = true, .act = run_other },
	{ "exits", .has_text = true, .act = exits },
};

static void take_step(const struct step *s)
{
	if (s->typed && s->has_text)
		type(text);
	if (s->typed)
		type(s->typed);
	if (s->act)
		s->act();
	if (s->signal)
		stop_by(s->signal);
}

/* Takes the steps up to the NULL in place of the "--". */
static void take_steps(char **words)
{
	const size_t count = sizeof steps / sizeof *steps;
	size_t i;

	while ((step = *words++)) {
		for (i = 0; i < count && strcmp(steps[i].name, step) != 0;)
			i++;
		text = i < count && steps[i].has_text ? *words++ : "";
		if (i == count)
			errx(2, "there is no step %s", step);
		if (!text)
			errx(2, "the step %s has no text", step);
		take_step(&steps[i]);
	}
}

int main(int argc, char **argv)
{
	int status;
	pid_t shell;

	for (command = argv + 1; *command && strcmp(*command, "--") != 0;)
		command++;
	if (argc < 4 || command == argv + 1 || !*command || !command[1])
		errx(2, "usage: job_control STEP... -- COMMAND...");
	*command++ = NULL;
	/* The leader of a group, as this may be, cannot have a new session. */
	shell = fork();
	if (shell) {
		if (waitpid(shell, &status, 0) != shell || !WIFEXITED(status))
			return 1;
		return WEXITSTATUS(status);
	}
	open_terminal();
	become_shell();
	take_steps(argv + 1);
	if (!job.ended)
		fail("the job goes on");
	print_output();
	return 0;
}
