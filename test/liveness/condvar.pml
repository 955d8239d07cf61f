/* SPDX-License-Identifier: MIT */
/*
 * The condition variable of glibc 2.25 to 2.40, and why one waiter is safe on it and
 * two are not (sourceware bug 25847). README.md says what is shown.
 *
 * A waiter joins the group G2. Signals go to the group G1, until it has got as many
 * as it had waiters. Then G2 becomes G1. The two use the slots 0 and 1 in turn.
 *
 * A statement is one step of a thread. The signaler holds the mutex, as in the
 * library, so what only the mutex's holder touches needs no step of its own. Not
 * modelled: broadcast, destroy, cancellation.
 */
#ifndef WAITERS
#define WAITERS 2
#endif
#ifndef CONDS
#define CONDS 1 /* waiter w waits on w % CONDS */
#endif
#ifndef SIGNALS
#define SIGNALS 6
#endif
#ifndef TIMEOUTS
#define TIMEOUTS 0 /* how many waits may end by the time */
#endif

typedef cond {
	byte tickets;	 /* what its waiters wait for */
	byte waiting;	 /* how many are in a wait */
	byte wseq;	 /* 2 * the position of the next waiter + the slot of G2 */
	byte g1_start;	 /* 2 * the first position of G1 + the slot of G2 */
	byte orig_size;	 /* how many waiters G1 had */
	short size[2];	 /* how many of them got no signal yet */
	byte signals[2]; /* 2 * those that nobody has taken + whether closed */
	byte refs[2];	 /* how many are about to sleep, or sleep */
	bool busy	 /* the lock inside */
}
cond conds[CONDS];
bool mutex;
byte asleep[WAITERS]; /* 0: no; 1 or 2: on the futex signals[0] or signals[1] */
byte timeouts;
bool gone; /* the signaler */

#define C conds[c]
#define SLOT(word) ((word) & 1)
#define POSITION(word) ((word) >> 1)
#define CLOSED(signals) ((signals) & 1)

inline lock(flag)
{
	atomic { !flag -> flag = true }
}

/* The kernel wakes any one that sleeps there. */
inline futex_wake(slot)
{
	if
	:: d_step { asleep[0] == 1 + slot && 0 % CONDS == c -> asleep[0] = 0 }
#if WAITERS > 1
	:: d_step { asleep[1] == 1 + slot && 1 % CONDS == c -> asleep[1] = 0 }
#endif
	:: else
	fi
}

/* G1 is closed, and G2 becomes G1, unless it is empty. */
inline switch_groups()
{
	if
	:: POSITION(C.wseq) - POSITION(C.g1_start) - C.orig_size +
	   C.size[1 - g1] != 0 ->
		C.signals[g1] = C.signals[g1] | 1;
		C.refs[g1] == 0; /* waits until all have left */
		d_step {
			end = POSITION(C.g1_start) + C.orig_size;
			C.g1_start = 2 * end + 1 - SLOT(C.g1_start)
		}
		C.signals[g1] = 0;
		d_step {
			C.wseq = C.wseq ^ 1;
			g1 = 1 - g1;
			C.orig_size = POSITION(C.wseq) - end;
			C.size[g1] = C.size[g1] + C.orig_size;
			end = 0
		}
	:: else
	fi
}

inline cond_signal()
{
	if
	:: C.waiting > 0 ->
		lock(C.busy);
		g1 = 1 - SLOT(C.wseq);
		if
		:: C.size[g1] == 0 -> switch_groups()
		:: else
		fi;
		if
		:: C.size[g1] != 0 ->
			d_step {
				C.signals[g1] = C.signals[g1] + 2;
				C.size[g1]--
			}
			C.busy = false;
			futex_wake(g1)
		:: else -> C.busy = false
		fi;
		g1 = 0
	:: else
	fi
}

/* The time is over. If there was a signal for this waiter, it is sent again. */
inline cancel_waiting()
{
	lock(C.busy);
	if
	:: d_step {
		seq >= POSITION(C.g1_start) + C.orig_size ||
		(seq >= POSITION(C.g1_start) && C.size[g] != 0) ->
		C.size[g]--
	   }
	   C.busy = false
	:: else ->
		C.busy = false;
		cond_signal()
	fi
}

/* The signal that was taken may have been for a later group in the same slot. Then
 * one is given back. */
inline give_back()
{
	start = C.g1_start;
	if
	:: seq < POSITION(start) && 1 - SLOT(start) == g ->
		signals = C.signals[g];
		do
		:: C.g1_start == start ->
			if
			:: CLOSED(signals) -> futex_wake(g); break
			:: else ->
				if
				:: atomic {
					C.signals[g] == signals ->
					C.signals[g] = signals + 2
				   }
				   futex_wake(g);
				   break
				:: else -> signals = C.signals[g]
				fi
			fi
		:: else -> break
		od
	:: else
	fi;
	start = 0
}

inline cond_wait()
{
	d_step {
		seq = POSITION(C.wseq);
		g = SLOT(C.wseq);
		C.wseq = C.wseq + 2;
		C.waiting++;
		mutex = false
	}
	signals = C.signals[g];
	do
	:: CLOSED(signals) -> break
	:: !CLOSED(signals) && signals != 0 ->
		if
		:: atomic {
			C.signals[g] == signals ->
			C.signals[g] = signals - 2
		   }
		   give_back();
		   break
		:: else -> signals = C.signals[g]
		fi
	:: signals == 0 ->
		C.refs[g]++;
		if
		:: CLOSED(C.signals[g]) -> C.refs[g]--; break
		:: else
		fi;
		if
		:: seq < POSITION(C.g1_start) -> C.refs[g]--; break
		:: else
		fi;
		/* futex_wait() */
		if
		:: atomic { C.signals[g] == 0 -> asleep[me] = 1 + g }
end_asleep:	   if
		   :: asleep[me] == 0
		   :: atomic {
			asleep[me] != 0 && timeouts < TIMEOUTS ->
			asleep[me] = 0;
			timeouts++;
			C.refs[g]--
		      }
		      cancel_waiting();
		      break
		   fi
		:: else
		fi;
		C.refs[g]--;
		signals = C.signals[g]
	od;
	atomic {
		seq = 0;
		g = 0;
		signals = 0;
		C.waiting--
	}
	lock(mutex)
}

proctype waiter(byte me; byte c)
{
	byte seq, g, signals, start, g1, end;

	do
	:: lock(mutex);
		do
		:: C.tickets == 0 -> cond_wait()
		:: else -> break
		od;
		atomic { C.tickets--; mutex = false }
	od
}

proctype signaler()
{
	byte c, sent, g1, end;

	do
	:: sent < SIGNALS ->
		lock(mutex);
		if
		:: c = 0
#if CONDS > 1
		:: c = 1
#endif
		fi;
		C.tickets++;
		cond_signal();
		mutex = false;
		c = 0;
		sent++
	:: break
	od;
	gone = true
}

/* When nothing can happen any more. A ticket that is left is a lost wake-up. */
proctype judge()
{
	timeout;
	assert(gone && conds[0].tickets == 0 && conds[CONDS - 1].tickets == 0)
}

init {
	byte w;

	atomic {
		do
		:: w < WAITERS -> run waiter(w, w % CONDS); w++
		:: else -> break
		od;
		w = 0;
		run signaler();
		run judge()
	}
}
