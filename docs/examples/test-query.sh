#!/bin/sh
# SPDX-License-Identifier: MIT
# What query says and returns, before a PostgreSQL server of its own that takes
# seven connections.
#     test-query.sh QUERY
set -eu
query=$(realpath "$1")
for bin in /usr/lib/postgresql/*/bin; do :; done
if ! [ -x "$bin/initdb" ] || ! [ -x "$bin/postgres" ]; then
	echo "postgresql is not installed: left out"
	exit 77
fi

# Not where TMPDIR is: the path of a socket is short.
work=$(mktemp -d /tmp/par.XXXXXX)
server=
trap 'exec 3>&-; [ -z "$server" ] || stop_server; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT PIPE TERM
cd "$work"
# The server refuses to run as root.
as=
if [ "$(id -u)" = 0 ]; then
	as='setpriv --reuid=postgres --regid=postgres --clear-groups'
	chown postgres "$work"
fi

# fail WHY: with all that there is to see, wherever the output goes just now.
exec 4>&1
fail() {
	{
		echo "FAILED: $*"
		tail -n 50 out err log || :
	} >&4 2>&1
	exit 1
}

# await COMMAND...: until it succeeds, 30 s at most.
await() {
	for i in $(seq 300); do
		if "$@" >await.log 2>&1; then return; fi
		sleep 0.1
	done
	cat await.log >&4
	fail "waited in vain for: $*"
}

# A program that hangs is killed: its status is 137.
limited='timeout --foreground -s KILL 60'

start_server() {
	$as "$bin/postgres" -D data -k "$work" -p 5432 -c listen_addresses= \
		-c max_connections=8 -c superuser_reserved_connections=1 \
		-c max_wal_senders=0 -c fsync=off >>log 2>&1 3>&- 4>&- &
	server=$!
	await "$bin/pg_isready" -q -h "$work" -p 5432
}

stop_server() {
	kill -INT "$server" || :
	kill -CONT "$server" || : # if it was stopped
	wait "$server" || :
	server=
}

# sql STATEMENT: as the superuser, for whom there is always a connection.
sql() {
	"$bin/psql" -X -A -t -q -v ON_ERROR_STOP=1 -c "$1" \
		"host=$work port=5432 user=postgres dbname=postgres"
}

# Our connections as the server sees them: has COUNT CONDITION.
ours="FROM pg_stat_activity WHERE usename = 'visitor'"
has() {
	[ "$(sql "SELECT count(*) $ours AND $2")" = "$1" ]
}

printed() {
	[ "$(wc -l <out)" -eq "$1" ]
}

# exits STATUS COMMAND...
exits() {
	wanted=$1 status=0
	shift
	"$@" || status=$?
	[ "$status" -eq "$wanted" ] || fail "status $status, not $wanted: $*"
}

# Whether the program that this timeout runs has had its first signal: it does not
# catch SIGINT any more.
is_stopping() {
	read -r program <"/proc/$1/task/$1/children"
	caught=$(sed -n 's/^SigCgt:[^0-9a-f]*//p' "/proc/$program/status")
	[ $((0x$caught & 2)) -eq 0 ]
}

# says FILE PATTERN
says() {
	grep -qE -- "$2" "$1" || fail "no '$2' in $1"
}

# prints <LINES: these and no others, in any order.
prints() {
	sort >wanted
	sort out | diff -u wanted - || fail "other results than wanted: $1"
	echo "ok: $1"
}

$as "$bin/initdb" -D data -A trust -U postgres -E UTF8 --no-locale \
	--no-sync >log 2>&1 || fail "initdb"
start_server
sql 'CREATE ROLE visitor LOGIN; GRANT ALL ON SCHEMA public TO visitor'
# passed(n) returns n as soon as the gate is open.
sql "CREATE TABLE gate (); GRANT SELECT ON gate TO visitor;
	CREATE FUNCTION passed(n int) RETURNS int LANGUAGE plpgsql AS \$\$ BEGIN
		WHILE NOT EXISTS (SELECT FROM gate) LOOP
			PERFORM pg_sleep(0.01);
		END LOOP;
		RETURN n;
	END \$\$"
us="host=$work port=5432 user=visitor dbname=postgres"
mkfifo input

# More workers than connections: nobody is done before one was refused.
refusal='^query: .*(connection slots are reserved|too many clients)'
seq 200 | sed 's/.*/SELECT passed(&)/' >statements
$limited "$query" 20 "$us" statements >out 2>err &
client=$!
await grep -qE "$refusal" err
await sql 'INSERT INTO gate DEFAULT VALUES'
exits 0 wait "$client"
[ "$(grep -c '^query: ' err)" -eq 1 ] || fail "a refusal is told more than once"
seq 200 | sed 's/.*/&: &/' | prints "200 statements, 20 workers, 7 connections"
# A connection is free again when the server's process has ended.
await has 0 true

# One worker: the statements run in their order.
exits 1 $limited "$query" 1 "$us" >out 2>err <<END
CREATE TABLE number (n int)
INSERT INTO number SELECT generate_series(7, 11)
SELECT n, 'more' FROM number ORDER BY n
SELECT n FROM number WHERE n = 0
SELECT n / 0 FROM number
SELEC n FROM number
SELECT pg_terminate_backend(pg_backend_pid())
COPY number TO STDOUT

BEGIN
INSERT INTO number VALUES (12)
BEGIN; INSERT INTO number VALUES (13)
SELECT count(*) FROM number
BEGIN; INSERT INTO number VALUES (14); COMMIT
BEGIN; DELETE FROM number; SELECT n / 0 FROM number; SELECT 1 / 0; COMMIT
SELECT count(*) FROM number
END
# libpq's words differ by its version.
sed -i 's/^7: .*closed the connection.*/7: lost/; s/^7: FATAL: .*/7: lost/' out
prints "an error is its own statement's" <<END
1: CREATE TABLE
2: INSERT 0 5
3: 7
4: SELECT 0
5: ERROR:  division by zero
6: ERROR:  syntax error at or near "SELEC"
7: lost
8: COPY has nobody to talk to: who knows what it did
9: PGRES_EMPTY_QUERY
10: no COMMIT on the line: the open transaction is undone
11: INSERT 0 1
12: no COMMIT on the line: the open transaction is undone
13: 6
14: COMMIT
15: ERROR:  division by zero
16: 7
END

# lose COUNT: ends all our connections; those statements are begun anew.
lose() {
	await has "$1" "state = 'active'"
	pids=$(sql "SELECT string_agg(pid::text, ',') $ours")
	sql "SELECT pg_terminate_backend(pid) $ours" >killed
	await has "$1" "state = 'active' AND pid NOT IN ($pids)"
}

# Connections that are lost while statements run, while they wait for one, and
# because the server was started anew.
await has 0 true
sql 'DELETE FROM gate'
$limited "$query" 5 "$us" input >out 2>err &
client=$!
exec 3>input
seq 5 | sed 's/.*/SELECT passed(&)/' >&3
lose 5
sql 'INSERT INTO gate DEFAULT VALUES'
await printed 5
sql "SELECT pg_terminate_backend(pid) $ours" >killed
await has 0 true
seq 6 40 | sed 's/.*/SELECT passed(&)/' >&3
await printed 40
stop_server
start_server
seq 41 80 | sed 's/.*/SELECT passed(&)/' >&3
exec 3>&-
exits 0 wait "$client"
seq 80 | sed 's/.*/&: &/' | prints "lost connections are made again"

# Ctrl-C, of statements on connections that were made again.
await has 0 true
$limited "$query" 5 "$us" input >out 2>err &
client=$!
exec 3>input
for i in $(seq 5); do echo 'SELECT pg_sleep(600)'; done >&3
lose 5
# More than a pipe holds: when it is written, most of it was read.
printf 'SELECT pg_sleep(600) -- %09999d\n' $(seq 40) >&3
kill -INT "$client"
exits 130 wait "$client"
exec 3>&-
has 0 "state = 'active'" || fail "statements are still active"
all=$(wc -l <out)
[ "$all" -ge 30 ] || fail "only $all results"
{
	for i in 1 2 3 4 5; do
		echo "$i: ERROR:  canceling statement due to user request"
	done
	seq 6 "$all" | sed 's/$/: Operation canceled/'
} | prints "Ctrl-C cancels what runs, and the rest"

# A server that does not answer holds up the cancel: the second signal, of either
# kind, ends the program.
await has 0 true
$limited "$query" 1 "$us" >out 2>err <<END &
SELECT pg_sleep(600)
END
client=$!
await has 1 "state = 'active'"
kill -STOP "$server"
kill -INT "$client"
await is_stopping "$client" # so the second signal does not overtake it
while kill -TERM "$client" 2>/dev/null; do sleep 0.1; done &
exits 143 wait "$client"
kill -CONT "$server"
sql "SELECT pg_terminate_backend(pid) $ours" >killed

# No standard output, no server, no such connection option, no such file.
exits 2 $limited "$query" 1 "$us" </dev/null 2>err >&-
says err '^standard output: Bad file descriptor'
: >out
exits 2 $limited "$query" 1 "host=$work/nowhere" </dev/null 2>err
says err '^query: .*nowhere.*No such file'
exits 2 $limited "$query" 1 "nonsense=1" </dev/null 2>err
says err '^query: .*nonsense'
exits 2 $limited "$query" 1 "$us" nowhere </dev/null 2>err
says err '^query: nowhere: No such file'
exits 2 $limited "$query" 1 "$us" . </dev/null 2>err
says err '^query: .*Is a directory'
exits 2 $limited "$query" 2>err
says err '^usage: query'
echo "ok: what cannot begin says why"
