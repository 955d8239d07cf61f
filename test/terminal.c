/* SPDX-License-Identifier: MIT */
/*
 * Job control: a program in the background whose generator reads its terminal
 * is stopped, and goes on in the foreground. (The terminal is a pseudo-terminal
 * of the test's own.)
 */
#include "kit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* The job: its lines come through a pool. */
static int read_lines(void)
{
	struct par *pool;
	struct par_result r;

	alarm(KIT_PATIENCE);
	if (par_open(&pool, &(struct par_options){ .action = action_echo,
						   .workers = 1,
						   .generate = par_from_lines,
						   .source = stdin }))
		return 1;
	if (par_next(pool, &r) != 1 || strcmp(r.item, "one") != 0)
		return 2;
	free(r.item);
	return par_next(pool, &r) != 0 || par_close(pool) != 0 ? 3 : 0;
}

static const char *name; /* of the terminal */

/* What a shell does. The job's group has the terminal only when it has been
 * stopped. */
static int run_job(void)
{
	int tty, status;
	pid_t job;

	alarm(KIT_PATIENCE);
	if (setsid() < 0 || (tty = open(name, O_RDWR)) < 0)
		return 10;
	fflush(NULL);
	job = fork();
	if (job == 0) {
		setpgid(0, 0);
		dup2(tty, STDIN_FILENO);
		exit(read_lines());
	}
	setpgid(job, job);
	if (waitpid(job, &status, WUNTRACED) != job || !WIFSTOPPED(status) ||
	    WSTOPSIG(status) != SIGTTIN)
		return 11;
	signal(SIGTTOU, SIG_IGN); /* for the shell itself */
	if (tcsetpgrp(tty, job) || kill(-job, SIGCONT) ||
	    waitpid(job, &status, 0) != job || !WIFEXITED(status))
		return 12;
	return WEXITSTATUS(status);
}

static void a_job_that_reads_in_the_background_stops_and_goes_on(void **state)
{
	const int terminal = posix_openpt(O_RDWR | O_NOCTTY);

	assert_true(terminal >= 0);
	assert_int_equal(grantpt(terminal), 0);
	assert_int_equal(unlockpt(terminal), 0);
	/* A line, and the end of the input. */
	assert_int_equal(write(terminal, "one\n\004", 5), 5);
	name = ptsname(terminal);
	assert_int_equal(kit_in_child(run_job), 0);
	close(terminal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KIT_TEST(a_job_that_reads_in_the_background_stops_and_goes_on),
	};

	return cmocka_run_group_tests_name("terminal", tests, NULL, NULL);
}
