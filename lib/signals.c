/* SPDX-License-Identifier: MIT */
/*
 * The mask and the handler of the interrupt, and the one handler that the
 * library may install. Which threads get the signal is decided elsewhere
 * (interrupts.c).
 */
#include "signals.h"

#include "must.h"

#include <errno.h>
#include <stddef.h>

static sigset_t asynchronous(void)
{
	static const int synchronous[] = { SIGABRT, SIGBUS,  SIGFPE, SIGILL,
					   SIGSEGV, SIGTRAP, SIGSYS };
	sigset_t others;

	must(sigfillset(&others));
	for (size_t i = 0; i < sizeof synchronous / sizeof *synchronous; i++)
		must(sigdelset(&others, synchronous[i]));
	return others;
}

/* The signal stays as the calling thread has it. */
static void leave_alone(sigset_t *blocked, const sigset_t *now, int signal)
{
	if (sigismember(now, signal) != 1)
		must(sigdelset(blocked, signal));
}

sigset_t signals_blocked(bool reads_terminal)
{
	sigset_t blocked = asynchronous(), now;

	must(pthread_sigmask(SIG_BLOCK, NULL, &now));
	leave_alone(&blocked, &now, SIGPROF);
	if (reads_terminal) {
		leave_alone(&blocked, &now, SIGTTIN);
		leave_alone(&blocked, &now, SIGTTOU);
	}
	return blocked;
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
	const sigset_t fit = asynchronous();
	struct sigaction now;

	if (signal == 0)
		return 0;
	/* When the empty handler returned, a faulty instruction would run
	 * again, and fault again, for ever. */
	if (signal == SIGKILL || signal == SIGSTOP ||
	    sigaction(signal, NULL, &now) || sigismember(&fit, signal) != 1)
		return -EINVAL;
	/* SA_RESTART would restart the call that is to be interrupted.
	 * SA_RESETHAND would let the second signal end the process. */
	if (has_handler(&now) &&
	    (now.sa_flags & (SA_RESTART | (int)SA_RESETHAND)))
		return -EINVAL;
	return 0;
}

void signals_install(int signal)
{
	/* On the alternate stack: the thread may run on a stack of its own that
	 * is too small. */
	struct sigaction action = { .sa_handler = empty_handler,
				    .sa_flags = SA_ONSTACK };
	struct sigaction now;

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
