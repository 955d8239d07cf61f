/* SPDX-License-Identifier: MIT */
/*
 * The mask and the handler of the interrupt, and the one handler that the
 * library may install. Which threads get the signal is decided elsewhere
 * (interrupter.c).
 */
#include "signals.h"

#include "must.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

sigset_t signals_asynchronous(void)
{
	static const int synchronous[] = { SIGABRT, SIGBUS,  SIGFPE, SIGILL,
					   SIGSEGV, SIGTRAP, SIGSYS };
	sigset_t others;

	must(sigfillset(&others));
	for (size_t i = 0; i < sizeof synchronous / sizeof *synchronous; i++)
		must(sigdelset(&others, synchronous[i]));
	return others;
}

static void empty_handler(int signal)
{
	(void)signal;
}

/* sa_handler and sa_sigaction share their memory, so the flags do not matter.
 */
static bool has_handler(const struct sigaction *action)
{
	return action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN;
}

int signals_check(int signal)
{
	const sigset_t fit = signals_asynchronous();
	struct sigaction now;

	if (signal == 0)
		return 0;
	/* When the empty handler returned, a faulty instruction would run
	 * again, and fault again, for ever. */
	if (signal == SIGKILL || signal == SIGSTOP ||
	    sigismember(&fit, signal) != 1)
		return -EINVAL;
	must(sigaction(signal, NULL, &now));
	/* SA_RESTART would restart the call that is to be interrupted.
	 * SA_RESETHAND would let the second signal end the process. */
	if (has_handler(&now) &&
	    (now.sa_flags & (SA_RESTART | (int)SA_RESETHAND)))
		return -EINVAL;
	return 0;
}

void signals_install(int signal)
{
	struct sigaction action = { .sa_handler = empty_handler }, now;

	must(sigemptyset(&action.sa_mask));
	must(sigaction(signal, NULL, &now));
	if (!has_handler(&now))
		must(sigaction(signal, &action, NULL));
}

void signals_send(pthread_t thread, int signal)
{
	/* It fails if the queue of a real-time signal is full. The signal is
	 * sent again anyway. */
	(void)pthread_kill(thread, signal);
}

static void change_mask(int how, int signal)
{
	sigset_t set;

	must(sigemptyset(&set));
	must(sigaddset(&set, signal));
	must(pthread_sigmask(how, &set, NULL));
}

void signals_unblock(int signal)
{
	change_mask(SIG_UNBLOCK, signal);
}

void signals_block(int signal)
{
	change_mask(SIG_BLOCK, signal);
}
