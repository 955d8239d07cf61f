/* SPDX-License-Identifier: MIT */
/*
 * word_publish(): the one access of the library that is not sequentially consistent.
 * A worker publishes which record it has, and par_withdraw() reads that. README.md
 * says what is shown.
 *
 * A published value is seen by others later, at any time (`memory`); but no later
 * than the worker's next compare-and-swap that succeeds, or its next unlock: a
 * release comes before what its thread releases after it. Values may be skipped.
 *
 * Records are used again at once, and for ever: a record that was handed in may be
 * queued again before anybody looks.
 */
#ifndef WORKERS
#define WORKERS 2
#endif
#ifndef RECORDS
#define RECORDS 3 /* counted from 1 */
#endif

bool queued[RECORDS + 1];
byte owner[RECORDS + 1];		 /* 1 + the worker that has it; 0: none */
byte seen[WORKERS];			 /* what others read */
byte stored[WORKERS];			 /* what the worker has published */
bool pending[WORKERS];			 /* and nobody sees yet */
byte told[WORKERS];			 /* the record whose action was told to stop */
bool mutex, watched;			 /* head and tray */

inline lock()
{
	atomic { !mutex -> mutex = true }
}

/* As long as an action was told, the tray stays watched. */
inline unlock()
{
	d_step {
		watched = told[0] != 0;
#if WORKERS > 1
		watched = watched || told[1] != 0;
#endif
		mutex = false
	}
}

inline publish(value)
{
	d_step { stored[w] = value; pending[w] = true }
}

inline become_seen()
{
	if
	:: pending[w] -> seen[w] = stored[w]; pending[w] = false
	:: else
	fi
}

/* The worker releases: what it has published is seen by whoever sees this. */
inline release()
{
#ifndef RELAXED
	become_seen()
#else
	skip
#endif
}

/* Any queued record. */
inline take()
{
	if
	:: queued[1] -> mine = 1
	:: queued[2] -> mine = 2
#if RECORDS > 2
	:: queued[3] -> mine = 3
#endif
	fi;
	queued[mine] = false;
	owner[mine] = 1 + w
}

/* It may be queued again from here on. */
inline hand_in()
{
	owner[mine] = 0;
	mine = 0
}

#define SOME_QUEUED (queued[1] || queued[2] || queued[RECORDS])

proctype worker(byte w)
{
	byte mine;

	do
	:: if
		:: atomic { !watched && SOME_QUEUED -> take(); release() };
			publish(mine)
		:: watched ->
			lock();
			atomic { SOME_QUEUED -> take() };
			publish(mine);
			d_step { release() };
			unlock()
		fi;
		/* The action. */
#ifndef HANDS_IN_FIRST
		publish(0);
#endif
		if
		:: atomic {
			!watched ->
				assert(told[w] == 0);
				hand_in();
				release()
		}
#ifdef HANDS_IN_FIRST
			publish(0)
#endif
		:: watched ->
			publish(mine);
			lock();
			assert(told[w] == 0 || told[w] == mine);
			publish(0);
			d_step { told[w] = 0; hand_in(); release() };
			unlock()
		fi
	od
}

proctype memory(byte w)
{
	do
	:: d_step { pending[w] -> become_seen() }
	od
}

/* Delivers what was handed in, and queues the record again. */
proctype program(byte record)
{
	do
	:: atomic { !queued[record] && owner[record] == 0 -> queued[record] = true }
	od
}

/* Looks at one worker. If that has the record, its action is told to stop. */
proctype withdraw()
{
	byte w, record;

	do
	:: lock();
#ifndef LOOKS_BEFORE_WATCH
		watched = true;
#endif
		if
		:: w = 0
#if WORKERS > 1
		:: w = 1
#endif
		fi;
		record = seen[w];
#ifdef LOOKS_BEFORE_WATCH
		watched = true;
#endif
		if
		:: record != 0 ->
			/* It does not go while the lock is held. */
			assert(owner[record] == 1 + w);
			told[w] = record
		:: else
		fi;
		unlock()
	od
}

init {
	byte i;

	atomic {
		for (i : 0 .. WORKERS - 1) {
			run worker(i);
			run memory(i)
		}
		for (i : 1 .. RECORDS) {
			run program(i)
		}
		run withdraw()
	}
}
