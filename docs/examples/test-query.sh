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
	chown postgres "$work" 2>chown.log || {
		echo "root has no user postgres here: left out: $(cat chown.log)"
		exit 77
	}
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

reaches() {
	[ "$(wc -l <out)" -ge "$1" ]
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

# passes <NUMBERS: what lines with passed(NUMBER) print.
passes() {
	sed "s/.*/&$tab&\n&: SELECT 1/"
}
tab=$(printf '\t')

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
seq 200 | sed 's/.*/SELECT passed(&);/' >statements
$limited "$query" 20 "$us" statements >out 2>err &
client=$!
await grep -qE "$refusal" err
await sql 'INSERT INTO gate DEFAULT VALUES'
exits 0 wait "$client"
[ "$(grep -c '^query: ' err)" -eq 1 ] || fail "a refusal is told more than once"
seq 200 | passes | prints "200 statements, 20 workers, 7 connections"
# A connection is free again when the server's process has ended.
await has 0 true

# One worker: the statements run in their order.
exits 1 $limited "$query" 1 "$us" >out 2>err <<END
CREATE TABLE number (n int);
INSERT INTO number SELECT generate_series(7, 11);
SELECT n, 'more' FROM number ORDER BY n DESC LIMIT 2;
SELECT n FROM number WHERE n = 0;
SELECT n / 0 FROM number;
SELEC n FROM number;
DO 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); END';
COPY number TO STDOUT;
BEGIN; SELECT 'a chain'; COMMIT AND CHAIN;

BEGIN;
INSERT INTO number VALUES (12);
ROLLBACK;
SELECT count(*) FROM number;
BEGIN; INSERT INTO number VALUES (14); COMMIT;
BEGIN; DELETE FROM number; SELECT n / 0 FROM number; SELECT 1 / 0; COMMIT;
SELECT count(*) FROM number;
 -- a comment
SELECT NULL, '', e'two\nlines\tand \\\\ and \x1b[0m'; SELECT 'another';
DROP TABLE IF EXISTS nothing;
SELECT 'the end of DOS';$(printf '\r')
/* empty */;
$(printf '\r')
SELECT 'after an empty line of DOS';
END
# libpq's words differ by its version.
sed -i '/^7: CONTEXT:/d; /^7: PL/d; s/^7: .*/7: terminated/' out
prints "rows, tags and errors are their own statement's" <<END
1: CREATE TABLE
2: INSERT 0 5
3${tab}11${tab}more
3${tab}10${tab}more
3: SELECT 2
4: SELECT 0
5: ERROR:  division by zero
6: ERROR:  syntax error at or near "SELEC"
6: LINE 1: SELEC n FROM number;
6:         ^
7: terminated
8${tab}7
8${tab}8
8${tab}9
8${tab}10
8${tab}11
8: COPY 5
9${tab}a chain
9: no COMMIT: the open transaction is undone
11: ROLLBACK
14${tab}5
14: SELECT 1
15: COMMIT
16: ERROR:  division by zero
17${tab}6
17: SELECT 1
19${tab}\\N${tab}${tab}two\\nlines\\tand \\\\ and \\x1b[0m
19${tab}another
19: SELECT 1
20: NOTICE:  table "nothing" does not exist, skipping
20: DROP TABLE
21${tab}the end of DOS
21: SELECT 1
22: PGRES_EMPTY_QUERY
24${tab}after an empty line of DOS
24: SELECT 1
END

# Statements of several lines: what looks like an end, and what is one.
exits 0 $limited "$query" 1 "$us" >out 2>err <<'END'
SELECT 'a;
b', "n;
" FROM (SELECT 1 AS "n;
") x; -- the end of it
SELECT E'it''s \';
', E'\\', '\', $$;
$$, $a$;
$$;
$a$, 1::int;
CREATE FUNCTION twice(n int) RETURNS int LANGUAGE plpgsql AS $body$
BEGIN
	RETURN 2 * n; -- not the end;
END;
$body$;
CREATE FUNCTION thrice(n int) RETURNS int
BEGIN ATOMIC
	SELECT CASE WHEN n = 0 THEN 0 ELSE 3 * n END;
END;
/* a comment; /* another one;
*/ and more;
*/
SELECT twice(2), thrice(2); SELECT
	'two';
CREATE RULE twice AS ON UPDATE TO number DO ALSO (
	SELECT 1;
	SELECT 2;
);
DROP RULE twice ON number;
BEGIN;
INSERT INTO number VALUES (15);
SAVEPOINT here;
INSERT INTO number VALUES (16);
ROLLBACK TO here;
INSERT INTO number VALUES (17);
COMMIT;
START TRANSACTION;
SELECT count(*) FROM number WHERE n > 14;

-- an end
END;
SELECT 'last';
END
prints "a statement may have lines, and a transaction statements" <<END
1${tab}a;\\nb${tab}1
1: SELECT 1
5${tab}it's ';\\n${tab}\\\\${tab}\\\\${tab};\\n${tab};\\n\$\$;\\n${tab}1
5: SELECT 1
10: CREATE FUNCTION
15: CREATE FUNCTION
22${tab}4${tab}6
22${tab}two
22: SELECT 1
24: CREATE RULE
28: DROP RULE
29: COMMIT
36${tab}2
36: COMMIT
41${tab}last
41: SELECT 1
END

# refused LINE LAST WHY <INPUT: why the input is not run to its end. What comes
# before is run.
refused() {
	exits 2 $limited "$query" 1 "$us" >out 2>err
	says err "^query: line $1: $3; nothing after line $2 was run\$"
	[ "$(cat out)" = "1${tab}1
1: SELECT 1" ] || fail "it has run more than line 1"
}
printf '%s\n' 'SELECT 1;' 'SELECT 2' 'SELECT 3' |
	refused 2 1 'this statement does not end with a semicolon'
printf '%s\n' 'SELECT 1;' '' "SELECT 2, ';" |
	refused 3 1 'this statement does not end with a semicolon'
printf '%s\n' 'SELECT 1;' 'BEGIN;' 'DELETE FROM number;' |
	refused 2 1 'this transaction has no end'
printf '%s\n' 'SELECT 1;' 'COPY number FROM stdin;' 'DELETE FROM number;' '\.' |
	refused 2 1 'the data of COPY FROM STDIN are not read here'
printf '%s\n' 'SELECT 1;' '\connect other' 'DELETE FROM number;' |
	refused 2 1 'commands of psql are not known here'
printf '%s\n' 'BEGIN;' "PREPARE TRANSACTION 'x';" 'SELECT 3;' >statements
exits 1 $limited "$query" 1 "$us" statements >out 2>err # the server allows none
says out "^3${tab}3"
exits 1 $limited "$query" 1 "$us" >out 2>err <<END
COPY number FROM STDOUT;
SELECT 'next';
END
says out '^1: ERROR:  COPY from stdin failed: there are no data here'
says out "^2${tab}next"
echo "ok: what is not understood is not run in pieces"

# What pg_dump writes.
if [ -x "$bin/pg_dump" ]; then
	sql "CREATE TABLE texts (n int PRIMARY KEY, t text);
		INSERT INTO texts VALUES (1, e'a;\\nb''\\\\;\\n'), (2, NULL), (3, '--'),
		(4, e'\\\\.\\n/*;\\n\$\$;')"
	"$bin/pg_dump" --inserts --no-owner -t texts \
		"host=$work port=5432 user=postgres dbname=postgres" >dump
	sql 'ALTER TABLE texts RENAME TO dumped'
	sql 'ALTER TABLE dumped RENAME CONSTRAINT texts_pkey TO dumped_pkey'
	exits 0 $limited "$query" 1 "$us" dump >out 2>err
	[ "$(sql 'SELECT count(*) FROM dumped NATURAL FULL JOIN texts')" = 5 ] ||
		fail "the dump is not what was dumped"
	echo "ok: a dump as INSERTs is run"
fi

# CSV, as psql writes it; but "" is no NULL.
columns="1, NULL, 'a,b', 'say \"x\"', e'two\\nlines', '\\.', e'\\r', 'it''s; plain'"
exits 1 $limited "$query" --csv 1 "$us" >out 2>err <<END
SELECT $columns;
SELECT 1 / 0;
SELECT '', NULL WHERE true;
COPY (SELECT 3, 'a,b') TO STDOUT CSV;
SELECT n, repeat('x', 1000) FROM generate_series(1, 100) n;
END
{
	"$bin/psql" -X --csv -t -c "SELECT $columns" \
		"host=$work port=5432 user=postgres dbname=postgres" | sed '1s/^/1,/'
	printf '%s\n' '3,"",' '4,3,"a,b"'
	seq 100 | sed "s/.*/5,&,$(printf %01000d 0 | tr 0 x)/"
} | diff - out >diff.log || fail "CSV: $(cat diff.log)"
printf '%s\n' '1: SELECT 1' '2: ERROR:  division by zero' '3: SELECT 1' '4: COPY 1' \
	'5: SELECT 100' | diff - err >diff.log || fail "CSV: $(cat diff.log)"
echo "ok: CSV"

# Results of any size, in little memory: each has 60 MB.
for i in 1 2 3 4; do
	echo "SELECT n, repeat('x', 1000) FROM generate_series(1, 60000) n;"
done >statements
(
	# A sanitizer needs all addresses that there are.
	grep -q '__[at]san_init' "$query" || ulimit -v 300000
	exits 0 $limited "$query" 2 "$us" statements >out 2>err
)
cut -f 1 out | uniq -c | sed 's/^ *//' >runs
[ "$(grep -c '^60000 [1-4]$' runs)" = 4 ] || fail "rows are mixed"
echo "ok: large results stay together and need little memory"

# Lines that the server has undone are run again. A sequence counts the tries.
sql "CREATE SEQUENCE tries; GRANT ALL ON tries TO visitor;
	CREATE FUNCTION fails(times int, state text) RETURNS int
	LANGUAGE plpgsql AS \$\$ BEGIN
		IF nextval('tries') <= times THEN
			RAISE EXCEPTION 'too soon' USING ERRCODE = state;
		END IF;
		PERFORM setval('tries', 1, false);
		RETURN times;
	END \$\$"
exits 1 $limited "$query" 1 "$us" >out 2>err <<END
SELECT 'a row'; SELECT fails(3, '40P01');
BEGIN; INSERT INTO number VALUES (1000); SELECT fails(3, '40001'); COMMIT;
SELECT n FROM number WHERE n = 1000;
BEGIN; SELECT 1; COMMIT; SELECT fails(1, '40P01');
SELECT fails(1000, '40001');
SELECT last_value FROM tries;
END
sed -i '/: CONTEXT: /d' out
prints "deadlocks and serialization failures are tried again" <<END
1${tab}a row
1${tab}3
1: SELECT 1
2${tab}3
2: COMMIT
3${tab}1000
3: SELECT 1
4${tab}1
4: ERROR:  too soon
5: ERROR:  too soon
6${tab}11
6: SELECT 1
END

# A time limit for each line.
exits 1 $limited "$query" -m 1 1 "$us" >out 2>err <<END
SELECT pg_sleep(600);
SELECT 'in time';
END
prints "a line has a time limit" <<END
1: ERROR:  canceling statement due to user request
1: canceled after 1 s
2${tab}in time
2: SELECT 1
END

# lose COUNT: ends all our connections; those statements are begun again.
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
seq 5 | sed 's/.*/SELECT passed(&);/' >&3
lose 5
sql 'INSERT INTO gate DEFAULT VALUES'
await printed 10
sql "SELECT pg_terminate_backend(pid) $ours" >killed
await has 0 true
seq 6 40 | sed 's/.*/SELECT passed(&);/' >&3
await printed 80
stop_server
start_server
seq 41 80 | sed 's/.*/SELECT passed(&);/' >&3
exec 3>&-
exits 0 wait "$client"
seq 80 | passes | prints "lost connections are made again"

# The server ends a connection that is idle, or crashes.
await has 0 true
sql "ALTER ROLE visitor SET idle_session_timeout = 200"
$limited "$query" 1 "$us" input >out 2>err &
client=$!
exec 3>input
for n in 1 2 3; do
	echo "SELECT $n;" >&3
	await printed $((2 * n))
	await has 0 true
done
sql "ALTER ROLE visitor RESET idle_session_timeout"
echo "SELECT 4;" >&3
await printed 8
kill -9 "$(sql "SELECT pid FROM pg_stat_activity
	WHERE backend_type = 'checkpointer'")"
await has 0 true
echo "SELECT 5;" >&3
exec 3>&-
exits 0 wait "$client"
seq 5 | passes | prints "an idle connection may end"

# The server is started anew while lines run: the last of them at the latest, which
# wait for the gate. Each is done once, and what is the matter is said once.
await has 0 true
sql 'CREATE TABLE done (n int PRIMARY KEY); GRANT ALL ON done TO visitor'
sql 'DELETE FROM gate'
seq 2995 | sed 's/.*/INSERT INTO done SELECT & FROM pg_sleep(0.001);/' >statements
seq 2996 3000 | sed 's/.*/INSERT INTO done SELECT passed(&);/' >>statements
$limited "$query" 5 "$us" statements >out 2>err &
client=$!
await reaches 500
stop_server
await grep -q 'waiting for the server: ' err
start_server
sql 'INSERT INTO gate DEFAULT VALUES'
exits 0 wait "$client"
seq 3000 | sed 's/$/: INSERT 0 1/' | prints "a restart costs no line"
[ "$(sql 'SELECT count(*) FROM done')" = 3000 ] || fail "not all are done"
[ "$(grep -c '^query: ' err)" = 2 ] || fail "an outage is two lines"
says err '^query: the server is back'

# The wait for the server does not count for the time limit.
await has 0 true
$limited "$query" -m 2 1 "$us" input >out 2>err &
client=$!
exec 3>input
await has 1 true
stop_server
echo "SELECT 'late';" >&3
exec 3>&-
await grep -q 'waiting for the server: ' err
sleep 3
start_server
exits 0 wait "$client"
prints "a wait for the server is not the line's" <<END
1${tab}late
1: SELECT 1
END

# A server that does not come back.
seq 3000 | sed 's/.*/INSERT INTO done VALUES (3000 + &);/' >statements
await has 0 true
$limited "$query" -w 1 5 "$us" input >out 2>err &
client=$!
exec 3>input
head -n 10 statements >&3
await printed 10
stop_server
tail -n +11 statements >&3 & # not all of them are read
exits 2 wait "$client"
exec 3>&-
wait $! || :
read=$(sed -n 's/^query: stopped: nothing after line \([0-9]*\) was run$/\1/p' err)
[ "$(cut -d : -f 1 out | sort -u | wc -l)" = "$read" ] || fail "lines are unsaid"
[ "$read" -lt 200 ] || fail "it took more lines when there was no server"
says out '^1[1-9]: connection to server .* failed'
says out '^[1-9][0-9]*: not run$'
start_server
[ "$(sql 'SELECT count(*) FROM done')" = 3010 ] || fail "wrong lines are done"
echo "ok: a server that does not come back ends the program"

# A connection whose server's process is killed says nothing.
await has 0 true
sql 'DELETE FROM gate'
# The server then ends all others and begins anew. The second line comes after that: it
# could be lost, too.
begun_anew() { grep -c 'all server processes terminated; reinitializing' log; }
is_anew() { [ "$(begun_anew)" -gt "$before" ] && sql 'SELECT 1'; }
before=$(begun_anew) || :
{
	echo 'INSERT INTO done VALUES (passed(10000));'
	await is_anew
	echo "SELECT 'after it';"
} | $limited "$query" 1 "$us" >out 2>err &
client=$!
await has 1 "state = 'active'"
kill -9 "$(sql "SELECT pid $ours")"
exits 1 wait "$client"
says out '^1: unknown: the connection was lost while this ran'
says out "^2${tab}after it"
echo "ok: a line that may be done is not repeated"
await sql 'INSERT INTO gate DEFAULT VALUES'

# Ctrl-C, of statements on connections that were made again.
await has 0 true
$limited "$query" 5 "$us" input >out 2>err &
client=$!
exec 3>input
for i in $(seq 5); do echo 'SELECT pg_sleep(600);'; done >&3
lose 5
# More than a pipe holds: when it is written, most of it was read.
printf 'SELECT pg_sleep(600); -- %09999d\n' $(seq 40) >&3
kill -INT "$client"
exits 130 wait "$client"
exec 3>&-
has 0 "state = 'active'" || fail "statements are still active"
all=$(wc -l <out)
says err "^query: stopped: nothing after line $all was run"
[ "$all" -ge 30 ] || fail "only $all results"
{
	for i in 1 2 3 4 5; do
		echo "$i: ERROR:  canceling statement due to user request"
	done
	seq 6 "$all" | sed 's/$/: not run/'
} | prints "Ctrl-C cancels what runs, and the rest"

# A server that does not answer holds up the cancel: the second signal, of either
# kind, ends the program.
await has 0 true
$limited "$query" 1 "$us" >out 2>err <<END &
SELECT pg_sleep(600);
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
says err '^query: descriptor 1: Bad file descriptor'
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
exits 2 $limited "$query" 0 "$us" </dev/null 2>err
says err '^query: WORKERS wants a number'
seq 20001 23000 | sed 's/.*/INSERT INTO done VALUES (&);/' >statements
exits 2 $limited "$query" 1 "$us" statements >/dev/full 2>err
says err '^query: not all of the output could be written'
[ "$(sql 'SELECT count(*) FROM done WHERE n > 20000')" -lt 3000 ] ||
	fail "it goes on without an output"
echo "ok: what cannot begin says why"
