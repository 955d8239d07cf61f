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
		exit 0
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

# comes COMMAND...: waits until that is true, 20 s at most.
comes() {
	for _ in $(seq 2000); do
		if "$@" 2>/dev/null; then return; fi
		sleep 0.01
	done
	fail "this has not come: $*"
}

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

# add STREAM COUNT LEAST MOST: jobs 1-0, 2-0, ... of so many milliseconds.
add() {
	awk -v stream="$1" -v count="$2" -v least="$3" -v most="$4" 'BEGIN {
		for (i = 1; i <= count; i++)
			print "XADD", stream, i "-0", "ms", least + i % (most - least + 1)
	}' | cli >added
	if [ "$(grep -c -- '-0$' added)" != "$2" ]; then fail "XADD"; fi
}

# start STREAM NAME OPTION...: a process; its pid is in $started.
start() {
	stream=$1 name=$2
	shift 2
	"$scale" -p $port -s "$stream" -c "$name" "$@" >"$name.out" 2>"$name.err" &
	started=$!
	processes="$processes $started"
}

# ends PID...: waits for them; each must have gone well.
ends() {
	for pid; do
		comes gone "$pid"
		wait "$pid" || fail "a process ended with $?"
	done
	processes=
	if grep . ./*.err; then fail "it went well, and something was said"; fi
}

stored() { cli hlen "$1:results"; }
stored_some() { [ "$(stored "$1")" -ge "$2" ]; }
joined() { cli xinfo groups "$1" | grep -q '^workers$'; }
pending() { cli xpending "$1" workers | head -n 1; }

# kill_at COUNT NAME PID: kills it when so many jobs have a result. What it held
# is added to $held: three entries a worker at the most.
kill_at() {
	comes stored_some jobs "$1"
	{ kill -9 "$3" && wait "$3"; } 2>/dev/null || :
	cli xpending jobs workers - + 10000 "$2" >left
	has=$(grep -c "^$2\$" left) || fail "$2 held nothing when it was killed"
	if [ "$has" -gt 6 ]; then fail "$2 held $has when it was killed"; fi
	held=$((held + has))
}

# complete STREAM COUNT: each job has a result, and nothing is pending.
complete() {
	seq -f %.0f-0 "$2" | sort >wanted
	cli hkeys "$1:results" | sort >found
	if ! cmp -s wanted found; then
		fail "$1: $(comm -23 wanted found | wc -l) jobs are lost"
	fi
	if [ "$(pending "$1")" != 0 ]; then fail "$1: some are still pending"; fi
}

start_server

# Killed: what they held is done by the others.
add jobs $jobs 1 5
start jobs a -n 2 -i 2000 -e && a=$started
start jobs b -n 2 -i 2000 -e && b=$started
start jobs c -n 2 -i 2000 -e && c=$started
start jobs d -n 2 -i 2000 -e && d=$started
held=0
kill_at 200 a $a
kill_at 600 b $b
ends $c $d
complete jobs $jobs
cat ./?.out >done
again=$(($(wc -l <done) - $(sort -u done | wc -l)))
twice=$(cli hvals jobs:times | awk '{ n += $1 - 1 } END { print n }')
echo "$jobs jobs, none lost; the killed held $held," \
	"$again were done again, $twice stored again"
if [ "$again" -gt $held ] || [ "$twice" -gt $held ]; then
	fail "more than the killed held"
fi

# Stopped: what ran has been stored, what did not is left.
add stopped 200 20 40
cli xadd stopped 201-0 ms 30000 >added
cli xadd stopped 202-0 text none >added
start stopped e -n 4 -i 60000
comes stored_some stopped 10
kill -TERM "$started"
ends "$started"
read=$(cli xinfo groups stopped | sed -n '/^entries-read$/{ n; p; }')
echo "stopped after $(stored stopped), $(pending stopped) left"
if [ "$(wc -l <e.out)" != "$(stored stopped)" ] ||
	[ "$read" != $(($(stored stopped) + $(pending stopped))) ]; then
	fail "$(wc -l <e.out) done, $read read"
fi
start stopped f -n 16 -i 400 -e
ends "$started"
complete stopped 202
if [ "$(cli hget stopped:results 1-0)" != "waited 21 ms" ] ||
	[ "$(cli hget stopped:results 201-0)" != "Connection timed out" ] ||
	[ "$(cli hget stopped:results 202-0)" != "Invalid argument" ]; then
	fail "results are wrong"
fi

# Without a server.
start none g
comes joined none
cli shutdown nosave
comes gone "$started"
if wait "$started"; then fail "no server, and no error"; fi
grep -q '^scale: Redis: Server closed the connection' g.err || fail "not said why"
if "$scale" -p $port 2>h.err; then fail "no server, and no error"; fi
grep -q "^scale: 127.0.0.1:$port: Connection refused" h.err || fail "not said why"
