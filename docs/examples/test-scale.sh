#!/bin/sh
# SPDX-License-Identifier: MIT
# What workers do, before a Redis server of their own: they are killed, stopped,
# and lose the server; jobs fail, kill, take long and vanish.
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

# waits COMMAND...: until that is true, 40 s at most. comes: it must be.
waits() {
	for _ in $(seq 800); do
		if "$@" 2>/dev/null; then return; fi
		sleep 0.05
	done
	return 1
}
comes() { waits "$@" || fail "this has not come: $*"; }

# By a socket: on the port may be another's server.
cli() { redis-cli -s "$work/socket" "$@"; }

gone() { ! kill -0 "$1"; }
answers_or_ended() { [ "$(cli ping)" = PONG ] || gone $server; }

# run_server: what is in $more is for the server, too.
more=
run_server() {
	redis-server --port $port --bind 127.0.0.1 --dir "$work" \
		--unixsocket "$work/socket" --save '' --appendonly yes \
		$more >>redis.log &
	server=$!
	comes answers_or_ended
}

# A server on a port that is free: where it is not, the server ends.
start_server() {
	for i in $(seq 20); do
		port=$((20000 + ($$ + i * 997) % 12000))
		run_server
		if ! gone $server 2>/dev/null; then return; fi
	done
	fail "no port is free"
}

# add COUNT LEAST MOST: to an empty server, as jobs 1-0, 2-0, ... of so many
# milliseconds.
add() {
	cli flushall >added
	awk -v count="$1" -v least="$2" -v most="$3" 'BEGIN {
		for (i = 1; i <= count; i++)
			print "XADD jobs", i "-0", "ms", least + i % (most - least + 1)
	}' | cli >added
	if [ "$(grep -c -- '-0$' added)" != "$1" ]; then fail "XADD"; fi
}

# put ID FIELD VALUE: one more job.
put() {
	cli xadd jobs "$@" >added
}

# start NAME OPTIONS: a process; its pid is in $started.
start() {
	name=$1
	shift
	"$scale" "$@" 127.0.0.1 $port "$name" >"$name.out" 2>"$name.err" &
	started=$!
	processes="$processes $started"
}

# stops PID...: each must end by the signal that it gets.
stops() {
	kill -TERM "$@"
	for pid; do
		comes gone "$pid"
		status=0
		wait "$pid" || status=$?
		[ $status = 143 ] || fail "a process ended with $status"
	done
}

# kills PID...
kills() {
	for pid; do
		{ kill -9 "$pid" && wait "$pid"; } 2>/dev/null || :
	done
}

quiet() {
	if grep . "$@"; then fail "something was said"; fi
}

# exits STATUS COMMAND...
exits() {
	wanted=$1 status=0
	shift
	"$@" || status=$?
	[ $status -eq "$wanted" ] || fail "status $status, not $wanted: $*"
}

# says FILE PATTERN
says() {
	grep -qE "$2" "$1" || fail "no '$2' in $1"
}

# Whether a worker has taken job ID so often.
taken() {
	[ "$(cli xpending jobs workers "$1" "$1" 1 | tail -n 1)" = "$2" ]
}

dead() { [ "$(cli xlen jobs:dead)" = "$1" ]; }
failed() { [ "$(cli hget jobs:failed "$1")" = "$2" ]; }
has_result() { [ -n "$(cli hget jobs:results "$1")" ]; }

# The leases of a server that has just been started do not end yet.
is_old() {
	[ "$(cli info server | tr -d '\r' | sed -n 's/^uptime_in_seconds://p')" -gt 11 ]
}

stored() { cli hlen jobs:results; }
stored_some() { [ "$(stored)" -ge "$1" ]; }
stored_all() { stored_some "$1" && [ "$(pending)" = 0 ]; }
pending() { cli xpending jobs workers | head -n 1; }

# kill_at COUNT NAME PID: kills it when so many jobs have a result. What it held
# is added to $held: the window.
kill_at() {
	comes stored_some "$1"
	kills "$3"
	cli xpending jobs workers - + 10000 "$2" >left
	has=$(grep -c "^$2\$" left) || fail "$2 held nothing when it was killed"
	if [ "$has" -gt 33 ]; then fail "$2 held $has when it was killed"; fi
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
	if [ "$(cli xlen jobs)" != 0 ]; then fail "the stream does not shrink"; fi
}

start_server

# Killed: what they held is done by the others.
add $jobs 20 60
start a -l 2 && a=$started
start b -l 2 && b=$started
start c -l 2 && c=$started
start d -l 2 && d=$started
held=0
kill_at 200 a $a
kill_at 600 b $b
complete $jobs
stops $c $d
quiet ./*.err
cat ./?.out >done
again=$(($(wc -l <done) - $(sort -u done | wc -l)))
calls=$(cli info commandstats | sed -n 's/^cmdstat_hset:calls=\([0-9]*\),.*/\1/p')
twice=$((calls - jobs))
echo "ok: $jobs jobs, none lost; the killed held $held," \
	"$again were done again, $twice stored again"
if [ "$again" -gt $held ] || [ "$twice" -gt $held ]; then
	fail "more than the killed held"
fi

# Stopped: what ran has been stored. What did not is left to others, who do not
# have to wait for the end of a lease.
add 200 20 40
start e -l 3600
comes stored_some 10
stops $started
echo "ok: stopped after $(stored), $(pending) given back"
[ "$(wc -l <e.out)" = "$(stored)" ] || fail "$(wc -l <e.out) done"
[ $(($(stored) + $(cli xlen jobs))) = 200 ] || fail "some are lost"
cli xpending jobs workers - + 100 >left
if [ "$(awk 'NR % 4 == 0 && $1 > 0' left)" ]; then fail "a stop is a delivery"; fi
start f -l 3600
complete 200
stops $started
[ "$(cli hget jobs:results 1-0)" = 21 ] || fail "a wrong result"
quiet e.err f.err

# Nobody has to create the group, also if everything is deleted under a worker.
# A worker that is idle asks twice a second.
start g
cli flushall >added
cli config resetstat >added
sleep 3
calls=$(cli info commandstats | sed -n 's/^cmdstat_eval:calls=\([0-9]*\),.*/\1/p')
[ "${calls:-0}" -lt 15 ] || fail "$calls calls in three seconds"
put 1-0 ms 1
comes has_result 1-0
stops $started
quiet g.err
echo "ok: $calls calls in three idle seconds"

# Fails: it is tried again, then it is dead.
add 0 0 0
put 1-0 ms nonsense
put 2-0 ms 1
start h -d 3
comes failed 1-0 'Invalid argument'
comes dead 1
"$scale" 127.0.0.1 $port --status >status
stops $started
[ "$(cli xrange jobs:dead - + | tail -n +2 | tr '\n' ' ')" = \
	"id 1-0 reason Invalid argument deliveries 3 ms nonsense " ] ||
	fail "not the job, and why"
[ "$(cli hkeys jobs:results)" = 2-0 ] || fail "a failure is a result"
[ "$(tr '\n' ' ' <status)" = "waiting 0 running 0 failed 0 dead 1 done 1 " ] ||
	fail "status: $(cat status)"
[ "$(cli hlen jobs:failed)" = 0 ] || fail "it is still to be tried again"
[ "$(grep -c 'job 1-0 has failed: Invalid argument' h.err)" = 2 ] || fail "not said"
says h.err 'job 1-0 has failed and is dead: Invalid argument'
echo "ok: a job that fails is tried again, and then given up"

# Kills those who take it.
comes is_old
add 0 0 0
put 1-0 ms 1000000
for name in i j; do
	start $name -l 1 -d 2
	case $name in
	i) comes taken 1-0 1 ;;
	j) comes taken 1-0 2 ;;
	esac
	kills $started
done
start k -l 1 -d 2
comes dead 1
put 2-0 ms 1
comes has_result 2-0
stops $started
says k.err 'job 1-0 is dead: no worker has finished it'
[ "$(cli xrange jobs:dead - + | tail -n 2 | tr '\n' ' ')" = "ms 1000000 " ] ||
	fail "the job's fields are lost"
echo "ok: a job that kills its workers is given up"

# Vanishes while a worker holds it.
add 1 1000000 1000000
start l -l 1
comes taken 1-0 1
kills $started
cli xdel jobs 1-0 >added
start m -l 1
comes dead 1
stops $started
says m.err 'job 1-0 is dead: deleted, never done'
echo "ok: a job that was deleted is reported"

# Takes longer than a lease.
add 1 7000 7000
start n -l 3 && n=$started
start o -l 3
comes has_result 1-0
stops $n $started
[ "$(cat n.out o.out)" = 1-0 ] || fail "it ran more than once"
quiet n.err o.err
echo "ok: a lease is renewed"

# Is late with a renewal: its lease has ended, but it does not take its own job.
comes is_old
add 1 4000 4000
start y -l 4
comes taken 1-0 1
for _ in 1 2 3 4 5; do
	cli xclaim jobs workers y 0 1-0 idle 4000 justid >added
	sleep 0.6
done
comes has_result 1-0
stops $started
[ "$(cat y.out)" = 1-0 ] || fail "it took its own job"
echo "ok: a worker does not take its own job"

# Redis is started anew. What ends in the meantime is stored later, and nobody
# takes what still runs, although its lease could not be renewed.
add 0 0 0
put 1-0 ms 1000
put 2-0 ms 100000000
start p -l 2 && p=$started
comes taken 2-0 1
cli shutdown nosave
comes grep -q 1-0 p.out
comes grep -q 'waiting for Redis' p.err
kill -STOP $p
sleep 2
run_server
start p2 -l 2
put 3-0 ms 1
comes has_result 3-0
taken 2-0 1 || fail "a job was taken that runs"
kill -CONT $p
comes has_result 1-0
comes grep -q 'Redis is back' p.err
[ "$(grep -c Redis p.err)" = 2 ] || fail "an outage is two lines"
stops $started
kills $p
echo "ok: Redis may be started anew"

# A password, and a user.
add 1 1 1
cli config set requirepass secret >added
exits 2 "$scale" 127.0.0.1 $port q 2>q.err
says q.err '^scale: 127.0.0.1:.*NOAUTH'
export REDISCLI_AUTH=secret
start r
comes has_result 1-0
stops $started
cli acl setuser visitor on '>other' '~jobs*' +@all >added
cli config set requirepass '' >added
unset REDISCLI_AUTH
put 2-0 ms 1
export REDISCLI_AUTH=other REDIS_USER=visitor
start s
unset REDISCLI_AUTH REDIS_USER
comes has_result 2-0
stops $started
quiet r.err s.err
echo "ok: a password, and a user"

# TLS, or a word that there is none.
exits 2 env REDIS_CACERT=ca "$scale" 127.0.0.1 $port --status 2>t.err
if grep -q 'built without hiredis_ssl' t.err; then
	echo "ok: built without TLS"
elif ! command -v openssl >/dev/null; then
	echo "openssl is not installed: TLS is left out"
else
	openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out ca -days 2 \
		-subj /CN=redis -addext subjectAltName=IP:127.0.0.1,DNS:redis.test 2>added
	openssl req -x509 -newkey rsa:2048 -nodes -keyout other-key -out other -days 2 \
		-subj /CN=redis 2>added
	cli shutdown nosave
	comes gone $server
	more="--port 0 --tls-port $port --tls-cert-file ca --tls-key-file key
		--tls-ca-cert-file ca"
	run_server
	put 3-0 ms 1
	exits 2 "$scale" 127.0.0.1 $port --status 2>t.err
	exits 2 env REDIS_CACERT=ca "$scale" 127.0.0.1 $port --status 2>t.err
	export REDIS_CACERT=ca REDIS_CERT=ca REDIS_KEY=key
	start u
	comes has_result 3-0
	stops $started
	quiet u.err
	# The certificate is another's, or for other names.
	exits 2 env REDIS_CACERT=other "$scale" 127.0.0.1 $port --status 2>t.err
	says t.err '^scale: 127.0.0.1:.*: self.signed certificate'
	exits 2 "$scale" localhost $port --status 2>t.err
	says t.err '^scale: localhost:.*: [Hh]ostname mismatch'
	exits 2 env REDIS_TLS_NAME=127.0.0.2 "$scale" 127.0.0.1 $port --status 2>t.err
	says t.err '^scale: 127.0.0.1:.*: IP address mismatch'
	exits 0 env REDIS_TLS_NAME=redis.test "$scale" localhost $port --status >status 2>t.err
	exits 2 env REDIS_KEY=other-key "$scale" 127.0.0.1 $port --status 2>t.err
	says t.err 'there is no key for REDIS_CERT in REDIS_KEY'
	exits 2 env REDIS_CACERT=nowhere "$scale" 127.0.0.1 $port --status 2>t.err
	says t.err 'there are no certificates in REDIS_CACERT'
	unset REDIS_CACERT REDIS_CERT REDIS_KEY
	cli shutdown nosave
	comes gone $server
	more=
	run_server
	echo "ok: TLS"
fi

# Without standard output, and without a server.
exits 2 "$scale" 127.0.0.1 $port v >&- 2>v.err
says v.err '^scale: descriptor 1: Bad file descriptor'
add 1 1 1
exits 2 "$scale" 127.0.0.1 $port v >/dev/full 2>v.err
says v.err '^scale: not all of the output could be written'
taken 1-0 0 || fail "a job without its output is not given back"
exits 2 "$scale" 2>v.err
says v.err '^usage: scale'
# A job that still runs when the server has gone: it ends when its line is read.
mkfifo w.out
exec 5<>w.out
dd if=/dev/zero of=w.out bs=4096 oflag=nonblock 2>added || : # the pipe is full
start w
put 2-0 ms 1
comes taken 2-0 1
cli shutdown nosave
comes gone $server
cat <&5 >w.read &
processes="$processes $!"
comes grep -q 2-0 w.read
stops $started # it must not wait for ever
says w.err 'waiting for Redis'
says w.err 'job 2-0 is done, but that could not be stored'
exits 2 "$scale" 127.0.0.1 $port x 2>x.err
says x.err "^scale: 127.0.0.1:$port: Connection refused"
echo "ok: what cannot begin says why"
