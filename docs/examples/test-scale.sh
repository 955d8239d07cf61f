#!/bin/sh
# SPDX-License-Identifier: MIT
# Four processes share 2,000 jobs, two of them are killed in the middle of it,
# and nothing is lost. Then one is asked to stop, and one loses its server.
#     test-scale.sh SCALE
set -eu
scale=$(realpath "$1")
for program in redis-server redis-cli; do
	command -v $program >/dev/null || {
		echo "$program is not installed: left out"
		exit 77
	}
done
jobs=2000
# Not where TMPDIR is: the path of a socket is short.
work=$(mktemp -d /tmp/par.XXXXXX)
server= processes=
trap 'kill -9 $processes $server 2>/dev/null || :; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
cd "$work"

# fail WORDS: says what is wrong, what the processes said, and ends.
fail() {
	echo "failed: $*"
	tail -n 5 ./*.err redis.log 2>/dev/null || :
	exit 1
}

# waits COMMAND...: until that is true, 20 s at most. comes: it must be.
waits() {
	for _ in $(seq 2000); do
		if "$@" 2>/dev/null; then return; fi
		sleep 0.01
	done
	return 1
}
comes() { waits "$@" || fail "this has not come: $*"; }

# By a socket: on the port may be another's server.
cli() { redis-cli -s "$work/socket" "$@"; }

gone() { ! kill -0 "$1"; }
answers_or_ended() { [ "$(cli ping)" = PONG ] || gone $server; }

# A server on a port that is free: where it is not, the server ends.
start_server() {
	for i in $(seq 20); do
		port=$((20000 + ($$ + i * 997) % 12000))
		redis-server --port $port --bind 127.0.0.1 --dir "$work" \
			--unixsocket "$work/socket" --save '' --appendonly no >redis.log &
		server=$!
		comes answers_or_ended
		if ! gone $server 2>/dev/null; then return; fi
	done
	fail "no port is free"
}

# add COUNT LEAST MOST: to an empty server, as jobs 1-0, 2-0, ... of so many
# milliseconds.
add() {
	cli flushall >added
	cli xgroup create jobs workers 0 mkstream >added
	awk -v count="$1" -v least="$2" -v most="$3" 'BEGIN {
		for (i = 1; i <= count; i++)
			print "XADD jobs", i "-0", "ms", least + i % (most - least + 1)
	}' | cli >added
	if [ "$(grep -c -- '-0$' added)" != "$1" ]; then fail "XADD"; fi
}

# start NAME: a process; its pid is in $started.
start() {
	"$scale" 127.0.0.1 $port "$1" >"$1.out" 2>"$1.err" &
	started=$!
	processes="$processes $started"
}

# stops PID...: waits for them; each must have gone well.
stops() {
	kill -TERM "$@"
	for pid; do
		comes gone "$pid"
		wait "$pid" || fail "a process ended with $?"
	done
	processes=
	if grep . ./*.err; then fail "it went well, and something was said"; fi
}

stored() { cli hlen jobs:results; }
stored_some() { [ "$(stored)" -ge "$1" ]; }
stored_all() { stored_some "$1" && [ "$(pending)" = 0 ]; }
pending() { cli xpending jobs workers | head -n 1; }

# kill_at COUNT NAME PID: kills it when so many jobs have a result. What it held
# is added to $held: three entries a worker at the most.
kill_at() {
	comes stored_some "$1"
	{ kill -9 "$3" && wait "$3"; } 2>/dev/null || :
	cli xpending jobs workers - + 10000 "$2" >left
	has=$(grep -c "^$2\$" left) || fail "$2 held nothing when it was killed"
	if [ "$has" -gt 48 ]; then fail "$2 held $has when it was killed"; fi
	held=$((held + has))
}

# complete COUNT: each job has a result, in the end, and nothing is pending.
complete() {
	waits stored_all "$1" || :
	seq -f %.0f-0 "$1" | sort >wanted
	cli hkeys jobs:results | sort >found
	if ! cmp -s wanted found; then
		fail "$(comm -23 wanted found | wc -l) jobs are lost"
	fi
	if [ "$(pending)" != 0 ]; then fail "some are still pending"; fi
}

start_server

# Killed: what they held is done by the others.
add $jobs 20 60
start a && a=$started
start b && b=$started
start c && c=$started
start d && d=$started
held=0
kill_at 200 a $a
kill_at 600 b $b
complete $jobs
stops $c $d
cat ./?.out >done
again=$(($(wc -l <done) - $(sort -u done | wc -l)))
calls=$(cli info commandstats | sed -n 's/^cmdstat_hset:calls=\([0-9]*\),.*/\1/p')
twice=$((calls - jobs))
echo "$jobs jobs, none lost; the killed held $held," \
	"$again were done again, $twice stored again"
if [ "$again" -gt $held ] || [ "$twice" -gt $held ]; then
	fail "more than the killed held"
fi

# Stopped: what ran has been stored, what did not is left.
add 200 20 40
cli xadd jobs 201-0 ms 30000 >added
cli xadd jobs 202-0 ms -1 >added
start e
comes stored_some 10
stops $started
read=$(cli xinfo groups jobs | sed -n '/^entries-read$/{ n; p; }')
echo "stopped after $(stored), $(pending) left"
if [ "$(wc -l <e.out)" != "$(stored)" ] ||
	[ "$read" != $(($(stored) + $(pending))) ]; then
	fail "$(wc -l <e.out) done, $read read"
fi
start f
complete 202
stops $started
if [ "$(cli hget jobs:results 1-0)" != 21 ] ||
	[ "$(cli hget jobs:results 201-0)" != "Invalid argument" ] ||
	[ "$(cli hget jobs:results 202-0)" != "Invalid argument" ]; then
	fail "results are wrong"
fi

# Without standard output, and without a server.
if "$scale" 127.0.0.1 $port g >&- 2>g.err; then fail "no output, and no error"; fi
grep -q '^standard output: Bad file descriptor' g.err || fail "not said why"
add 1 1 1
start g
comes stored_some 1
cli shutdown nosave
comes gone "$started"
if wait "$started"; then fail "no server, and no error"; fi
lost='Server closed the connection|Connection reset by peer|Broken pipe'
grep -qE "^scale: Redis: ($lost)" g.err || fail "not said why"
if "$scale" 127.0.0.1 $port h 2>h.err; then fail "no server, and no error"; fi
grep -q "^scale: 127.0.0.1:$port: Connection refused" h.err || fail "not said why"
