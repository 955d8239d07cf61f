/* SPDX-License-Identifier: MIT */
/*
 * The hand-overs without the lock, the watches, and the critical sections whose end
 * wakes the sleepers. README.md says what is shown, and which part stands for which
 * function.
 *
 * A statement is one step of a thread, and touches one of the three words at most, not
 * counting a word that cannot change. What only the lock's holder touches needs no step
 * of its own.
 */
#ifndef SLOTS
#define SLOTS 2
#endif
#ifndef ITEMS
#define ITEMS 3 /* at most 4 */
#endif
#ifndef WORKERS
#define WORKERS 2
#endif
#ifndef VACANT
#define VACANT 0 /* how many of the workers are not started yet */
#endif
#ifndef OPENS
#define OPENS 0 /* 1: there is a worker_open */
#endif
#ifndef YIELDS
#define YIELDS 0 /* how often a worker may yield before it sleeps */
#endif
#ifndef TIMEOUTS
#define TIMEOUTS 0 /* how many waits of the consumer may end by the time */
#endif
/* How results are taken: 1 by par_next(), 2 by par_next() when the descriptor is
 * readable, 0 not at all. */
#ifndef TAKES
#define TAKES 1
#endif
/* The watch that is never set: 1 tail, 2 head, 3 tray. */
#ifndef LOST_WATCH
#define LOST_WATCH 0
#endif
#define PRODUCER WORKERS
#define CONSUMER (WORKERS + 1)
#define SUPERVISOR (WORKERS + 2)

/* The words. The two lowest bits are the watch. Above it, tail and head count, and the
 * tray is a set of items. */
#define OFF 0
#define ON 1
#define HELD 2
#define WATCH(word) ((word) & 3)
#define COUNT(word) ((word) >> 2)
#define SET(word) ((word) >> 2)
#define ONE 4
#define BIT(item) (1 << ((item) - 1))
#define FIRST_TAIL (VACANT && LOST_WATCH != 1 -> ON : OFF)
byte tail = FIRST_TAIL, head, tray;

byte slots[SLOTS];

/* The lock, and what it guards. */
bool locked;
byte tail_watch = FIRST_TAIL, head_watch, tray_watch; /* as they were set last */
bool asleep[WORKERS + 3];
byte idle[WORKERS], sleepers; /* the idle workers that sleep; the last is the newest */
byte rank[WORKERS];	      /* of the woken workers that are on their way, from 1 */
byte coming;		      /* how many those are: the highest rank */
byte yielding;		      /* how many workers yield */
byte outbox;		      /* a set of items */
byte delivered;		      /* how many */
bool ended;		      /* the source */
bool end_reported;
bool pipe_open, readable;
byte vacant = VACANT; /* seats */
byte starting;	      /* seats whose worker does not work yet */
byte asked;	      /* items that must not wait for a worker_open */

/* What the checks need. */
byte came_out; /* a set of items */
byte stuck;    /* how many actions do not return */
byte opening;  /* how many worker_opens do not return */
byte timeouts;
bool stopped = TAKES == 0; /* no results are taken any more */

/* The ledger. Where nothing can be out of date, what follows from the containers is not
 * stored. */
#define AT_END (ended && delivered == COUNT(tail))
#define ROOM (COUNT(tail) - COUNT(head) < SLOTS)
#define EXPECTED (coming + yielding)

#ifdef HOLDS_FOR_NOBODY
#define IDLE_WATCH HELD
#else
#define IDLE_WATCH (EXPECTED > 0 -> HELD : ON)
#endif
#define TAIL_WATCH                                              \
	(LOST_WATCH == 1 -> OFF :                               \
	 (vacant > 0 -> ON : (sleepers > 0 -> IDLE_WATCH : OFF)))
#define HEAD_WATCH (LOST_WATCH != 2 && asleep[PRODUCER] -> ON : OFF)
#define TRAY_WATCH                                                   \
	(LOST_WATCH != 3 &&                                          \
	 (asleep[CONSUMER] || (pipe_open && outbox == 0)) -> ON : OFF)

/* A queued item and a worker that could take it; a result that is not delivered; a
 * producer that sleeps although there is room; an end that is not reported. If the
 * program polls: a result or the end, and the descriptor is not readable. */
#define QUEUED_OWED (COUNT(head) != COUNT(tail) && stuck + opening < WORKERS)
#define RESULT_OWED (!stopped && COUNT(head) != delivered + stuck)
#define ROOM_OWED (asleep[PRODUCER] && ROOM)
#define END_OWED (!stopped && AT_END && !end_reported)
#define POLL_OWED (pipe_open && !readable && (SET(tray) != 0 || outbox != 0 || AT_END))
#define OWED (QUEUED_OWED || RESULT_OWED || ROOM_OWED || END_OWED || POLL_OWED)

ltl nothing_stays_owed { [] <> !OWED }

/* To count idle workers. Finished are the items that have left their workers. */
#define SIZE(set) (((set) & 1) + ((set) >> 1 & 1) + ((set) >> 2 & 1) + ((set) >> 3 & 1))
#define FINISHED (delivered + SIZE(outbox))
#define FINISHED_NOW (delivered + SIZE(outbox | SET(tray)))
#define WORKING (WORKERS - vacant - starting)

/* `at` items were taken. */
#ifdef IDLE_WRAPS
#define IDLE (WORKING - (at - FINISHED))
#define IS_SHORT(others) (IDLE + others >= 0 && COUNT(tail) - at > IDLE + others)
#else
#define IS_SHORT(others) (COUNT(tail) - FINISHED > WORKING + others)
#endif
/* No worker is left for an item. */
#define NEEDS_ONE(others) (COUNT(tail) - FINISHED_NOW > WORKING + others)
#define DUE (IS_SHORT(starting) || (asked > 0 && IS_SHORT(0)))

/* It holds whenever the lock is free. No thread sleeps that has a reason to run. The
 * descriptor is readable exactly if a result may leave or the end has come. */
#define INVARIANT                                                            \
	(!(sleepers > 0 && EXPECTED == 0 && COUNT(head) != COUNT(tail)) &&   \
	 !(asleep[CONSUMER] && (SET(tray) != 0 || outbox != 0 || AT_END)) && \
	 (!pipe_open || readable == (outbox != 0 || AT_END)) &&              \
	 !(asleep[SUPERVISOR] && vacant > 0 && NEEDS_ONE(starting)) &&       \
	 !ROOM_OWED && !POLL_OWED)

inline lock()
{
	atomic { !locked -> locked = true }
}

inline drop()
{
#ifdef CHECK_INVARIANT
	d_step { assert(INVARIANT); locked = false }
#else
	locked = false
#endif
}

/* Only the lock's owner changes the watch. */
#define WATCH_SET(word, watch, wanted) \
	d_step { word = word ^ watch ^ wanted; watch = wanted }

inline set_watches()
{
	if
	:: tail_watch == TAIL_WATCH && head_watch == HEAD_WATCH &&
		tray_watch == TRAY_WATCH
	:: else ->
		WATCH_SET(tail, tail_watch, TAIL_WATCH);
		WATCH_SET(head, head_watch, HEAD_WATCH);
		WATCH_SET(tray, tray_watch, TRAY_WATCH)
	fi
}

/* From the tray to the outbox. */
inline empty_tray()
{
	d_step { outbox = outbox | SET(tray); tray = tray_watch }
}

inline wake_newest()
{
	sleepers--;
	asleep[idle[sleepers]] = false;
	coming++;
	rank[idle[sleepers]] = coming;
	idle[sleepers] = 0;
	woke = true
}

/* If one is expected, another is woken only if that takes too long. */
inline wake_workers()
{
	if
	:: d_step { sleepers > 0 -> at = COUNT(head) };
		if
		:: d_step { COUNT(tail) != at -> wake_newest(); at = 0 }
		:: d_step { COUNT(tail) != at && EXPECTED > 0 -> at = 0 }
		:: d_step { COUNT(tail) == at -> at = 0 }
		fi
	:: sleepers == 0
	fi
}

inline wake_consumer()
{
	d_step {
		if
		:: asleep[CONSUMER] || (pipe_open && outbox == 0) ->
			outbox = outbox | SET(tray);
			tray = tray_watch
		:: else
		fi;
		if
		:: asleep[CONSUMER] && (outbox != 0 || AT_END) ->
			asleep[CONSUMER] = false;
			woke = true
		:: else
		fi;
		readable = pipe_open && (outbox != 0 || AT_END)
	}
}

inline wake_producer()
{
	d_step {
		if
		:: asleep[PRODUCER] && ROOM -> asleep[PRODUCER] = false; woke = true
		:: else
		fi
	}
}

/* The tray is looked at first: what a worker hands in after that, and takes after that,
 * is counted as two running items. */
inline count_items()
{
	empty_tray();
	at = COUNT(head)
}

inline wake_supervisor()
{
	if
	:: asleep[SUPERVISOR] && vacant > 0 ->
		count_items();
		d_step {
			if
			:: DUE -> asleep[SUPERVISOR] = false
			:: else
			fi;
			at = 0
		}
	:: else
	fi
}

#define NOBODY_WAITS                                                      \
	(sleepers == 0 && !asleep[CONSUMER] && !asleep[PRODUCER] &&       \
	 !pipe_open && !(asleep[SUPERVISOR] && vacant > 0))

inline wake_waiters()
{
#ifndef LOOKS_BEFORE_WATCH
	set_watches();
#endif
	if
	:: NOBODY_WAITS
	:: else ->
		wake_workers();
		wake_consumer();
		wake_supervisor();
		wake_producer();
		if
		:: woke || pipe_open -> woke = false; set_watches()
		:: else
		fi
	fi
#ifdef LOOKS_BEFORE_WATCH
	;
	set_watches()
#endif
}

inline unlock()
{
	wake_waiters();
	drop()
}

/* The thread has marked itself as asleep. */
inline sleep(me)
{
#ifdef NO_LOOK_AFTER_WATCH
	set_watches();
#else
	wake_waiters();
#endif
	if
	:: asleep[me] ->
		drop();
end_asleep:	if
		:: atomic { !asleep[me] && !locked -> locked = true }
		:: atomic {
			asleep[me] && me == CONSUMER && timeouts < TIMEOUTS &&
			!locked ->
			locked = true;
			asleep[me] = false;
			timeouts++
		   }
		fi
	:: else
	fi
}

/* An item has entered. */
inline note_entry()
{
	if
	:: OPENS && asked < vacant ->
		count_items();
		d_step {
			if
			:: IS_SHORT(0) -> asked++
			:: else -> assert(!NEEDS_ONE(0))
			fi;
			at = 0
		}
	:: else
	fi
}

/* It exists while seats are vacant. */
proctype supervisor()
{
	byte at;
	bool woke;

	lock();
	do
	:: vacant == 0 -> break
	:: else ->
		count_items();
		if
		:: d_step {
			DUE ->
			vacant--;
			starting++;
			at = 0;
			asked = (asked > 0 -> asked - 1 : 0)
		   }
			unlock();
			run worker(WORKERS - vacant - 1);
			lock()
		:: d_step {
			!DUE ->
			at = 0;
			asked = 0;
			asleep[SUPERVISOR] = true
		   }
			sleep(SUPERVISOR)
		fi
	od;
	unlock()
}

/* generate brings an item, ends, or does not return. */
proctype producer()
{
	byte made, seen, at;
	bool woke;

	do
	:: made < ITEMS ->
		made++;
		if
		:: d_step { WATCH(seen) != OFF -> seen = tail }
		:: WATCH(seen) == OFF
		fi;
try_put:	if
		:: WATCH(seen) == ON -> goto put
		:: WATCH(seen) == HELD -> goto put /* the clock has ticked */
		:: d_step { WATCH(seen) != ON -> slots[COUNT(seen) % SLOTS] = made }
		fi;
#ifdef PUTS_BY_STORE
		d_step { seen = seen + ONE; tail = seen };
#else
		if
		:: d_step { tail == seen -> seen = seen + ONE; tail = seen }
		:: d_step { tail != seen -> seen = tail }; goto try_put
		fi;
#endif
		if
		:: COUNT(seen) - COUNT(head) < SLOTS
		:: else -> lock(); goto update
		fi;
		goto generate;
put:		lock();
		empty_tray();
		slots[COUNT(tail) % SLOTS] = made;
		d_step { seen = tail + ONE; tail = seen };
		note_entry();
update:		empty_tray();
		do
		:: ROOM -> break
		:: else -> asleep[PRODUCER] = true; sleep(PRODUCER)
		od;
		unlock();
generate:	skip
	:: break
	:: goto end_generate
	od;
	lock();
	ended = true;
	empty_tray();
	unlock();
	goto gone;
end_generate:
	false;
gone:
	skip
}

/* Out of the ring. The item is 0 if there is none, or if the head is watched and the
 * lock is not held. */
inline take(has_lock)
{
	at = head;
	do
	:: (!has_lock && WATCH(at) != OFF) || COUNT(tail) == COUNT(at) -> break
	:: else ->
#ifdef READS_LATE
		if
		:: d_step { head == at -> head = head + ONE }
			item = slots[COUNT(at) % SLOTS];
			break
		:: d_step { head != at -> at = head }
		fi
#else
		item = slots[COUNT(at) % SLOTS];
		if
		:: atomic { head == at -> head = head + ONE; break }
		:: d_step { head != at -> at = head; item = 0 }
		fi
#endif
	od;
	at = 0
}

proctype worker(byte me)
{
	byte item, at, yields;
	bool woke;

	if
	:: me >= WORKERS - VACANT ->
		if
		:: true
		:: OPENS -> opening++; goto end_action /* worker_open does not return */
		fi;
		lock();
		starting--;
		unlock()
	:: else
	fi;

exchange:
	if
	:: d_step {
		item != 0 && WATCH(tray) == OFF ->
		assert(!((SET(tray) | outbox) & BIT(item)));
		tray = tray | (BIT(item) << 2);
		item = 0
	   }
	:: item != 0 && WATCH(tray) != OFF -> goto visit
	:: item == 0
	fi;
	take(false);
	if
	:: item != 0 -> goto act
	:: else
	fi;

visit:
	lock();
	if
	:: d_step {
		item != 0 ->
		assert(!((SET(tray) | outbox) & BIT(item)));
		outbox = outbox | SET(tray) | BIT(item);
		tray = tray_watch;
		item = 0
	   }
	:: item == 0
	fi;
look:
	take(true);
	if
	:: item == 0 && yields < YIELDS ->
		d_step {
			outbox = outbox | SET(tray);
			tray = tray_watch;
			yields++;
			yielding++
		}
		wake_waiters();
		drop();
		lock();
		d_step {
			outbox = outbox | SET(tray);
			tray = tray_watch;
			yielding--
		}
		goto look
	:: item == 0 ->
		d_step {
			yields = 0;
			idle[sleepers] = me;
			sleepers++;
			asleep[me] = true
		}
		sleep(me);
		d_step {
			for (at : 0 .. WORKERS - 1) {
				if
				:: at != me && rank[at] > rank[me] ->
					rank[at] = rank[at] - rank[me]
				:: at != me && rank[at] <= rank[me] -> rank[at] = 0
				:: else
				fi
			}
			coming = coming - rank[me];
			rank[me] = 0;
			at = 0
		}
		goto look
	:: else
	fi;
	yields = 0;
#ifdef WOKEN_WAKES_NOBODY
	set_watches();
	wake_consumer();
	wake_producer();
	woke = false;
	set_watches();
	drop();
#else
	unlock();
#endif

act:	/* The action returns, or does not. */
	if
	:: goto exchange
	:: stuck++
	fi;
end_action:
	false
}

/* The least item leaves the outbox. */
inline deliver_one()
{
	d_step {
		do
		:: outbox & BIT(item) -> break
		:: else -> item++
		od;
		outbox = outbox & ~BIT(item);
		assert(!(came_out & BIT(item)));
		came_out = came_out | BIT(item);
		delivered++;
		item = 1
	}
}

/* The end of a section that has delivered a result. */
inline unlock_delivered()
{
	if
	:: outbox == 0 -> wake_waiters()
	:: else
	fi;
	drop()
}

/* Looks at an empty tray again after a time-out, and then begins anew. */
proctype consumer()
{
	byte at, item = 1, seen;
	bool woke, slept;

	do
	:: lock();
look:		if
		:: outbox == 0 -> empty_tray()
		:: else
		fi;
		if
		:: outbox != 0 ->
			deliver_one();
			if
			:: slept -> slept = false; unlock()
			:: else -> unlock_delivered()
			fi
		:: outbox == 0 && AT_END ->
			end_reported = true;
			unlock();
			break
		:: outbox == 0 && !AT_END && seen < timeouts ->
			seen = timeouts;
			slept = false;
			unlock()
		:: else ->
			slept = true;
			asleep[CONSUMER] = true;
			sleep(CONSUMER);
			goto look
		fi
	od
}

/* Asks for the descriptor at any time. Takes one result whenever the descriptor is
 * readable, and may stop to do so. */
proctype poller()
{
	byte at, item = 1;
	bool woke;

	lock();
	pipe_open = true;
	unlock();
end_poll:
	do
	:: readable ->
		lock();
		if
		:: outbox == 0 -> empty_tray()
		:: else
		fi;
		if
		:: outbox != 0 -> deliver_one(); unlock_delivered()
		:: else ->
			assert(AT_END); /* it was readable for a reason */
			end_reported = true;
			unlock();
			break
		fi
	:: stopped = true; break
	od
}

init {
	byte w;

	atomic {
		run producer();
		if
		:: VACANT -> run supervisor()
		:: else
		fi;
		if
		:: TAKES == 1 -> run consumer()
		:: TAKES == 2 -> run poller()
		:: else
		fi;
		do
		:: w < WORKERS - VACANT -> run worker(w); w++
		:: else -> break
		od;
		w = 0
	}
}
