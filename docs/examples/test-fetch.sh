#!/bin/sh
# SPDX-License-Identifier: MIT
# What fetch and serve say and return, in the Test Anything Protocol.
#     test-fetch.sh FETCH SERVE
set -u
fetch=$1 serve=$2
work=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null; rm -rf "$work"' EXIT
n=0

# is NAME COMMAND...: one test; what the command printed is shown if it fails.
is() {
	name=$1
	n=$((n + 1))
	shift
	if "$@" >"$work/log" 2>&1; then
		echo "ok $n - $name"
	else
		sed 's/^/# /' "$work/log" "$work/out" "$work/err"
		echo "not ok $n - $name"
	fi
}

# run COMMAND...: its output in out and err, its status in $status.
run() {
	"$@" >"$work/out" 2>"$work/err"
	status=$?
}

says() { grep -qE -- "$2" "$work/$1"; }
lines() { [ "$(wc -l <"$work/$1")" -eq "$2" ]; }
exits() { [ "$status" -eq "$1" ]; }

# comes PATTERN FILE: waits for a line, 20 s at most.
comes() {
	for i in $(seq 2000); do
		grep -qE -- "$1" "$2" 2>/dev/null && return
		sleep 0.01
	done
	return 1
}

echo 1..34

run "$fetch" -h </dev/null
is "-h explains" says out '^usage: fetch'
is "-h is no error" exits 0
for bad in 0 -1 1x '' 10001; do
	run "$fetch" -n "$bad" http://127.0.0.1/ </dev/null
	is "-n '$bad' gets one line" lines err 1
	is "-n '$bad' is a mistake on the command line" exits 2
done
run "$fetch" -f "$work/nowhere" </dev/null
is "a missing file gets one line that names it" says err "^fetch: .*nowhere: No such file"
is "a missing file is an error" exits 1

"$serve" -d 1 >"$work/serve" 2>&1 &
server=$!
is "serve tells its URL" comes '^http://127\.0\.0\.1:[0-9]+/$' "$work/serve"
url=$(head -n 1 "$work/serve")

run "$fetch" "${url}a" "${url}b" "${url}c" </dev/null
is "URLs as arguments: a line each" lines out 3
is "a line has status, bytes, milliseconds, URL" says out "^200 +14 B +[0-9]+ ms  ${url}a\$"
is "all well: 0" exits 0
seq 50 | sed "s|^|$url|" >"$work/list"
run "$fetch" -n 7 <"$work/list"
is "URLs on standard input: a line each" lines out 50
is "the sum is told" says err '^50 requests, 0 failed, [0-9.]+ s$'
run "$fetch" -f "$work/list" </dev/null
is "URLs from a file: a line each" lines out 50
run "$fetch" "${url}missing" "$url" </dev/null
is "a missing page is told by its status" says out '^404 .*missing$'
is "a missing page is a failure" exits 1
run "$fetch" 'no scheme at all' </dev/null
is "a URL that is none gets libcurl's words" says out '^--- .*no scheme at all: .*(URL|resolve|host)'

kill -INT $server
wait $server
status=$?
is "serve ends at Ctrl-C" exits 0
is "serve tells what it answered" comes '^105 requests answered$' "$work/serve"
run "$fetch" "$url" </dev/null
is "a refused connection gets libcurl's words" says out "^--- .*: .*onnect"
is "a refused connection is a failure" exits 1

# A request of a minute, and a list that does not end: only a cancel ends either.
"$serve" -d 60000 >"$work/serve" 2>&1 &
server=$!
comes '^http:' "$work/serve"
url=$(head -n 1 "$work/serve")
mkfifo "$work/fifo"
exec 3<>"$work/fifo"
"$fetch" -f "$work/fifo" >"$work/out" 2>"$work/err" &
fetching=$!
printf '%s\nfile:///dev/null\n' "$url" >&3
is "a result is printed as it comes" comes 'file:///dev/null$' "$work/out"
kill -INT $fetching
wait $fetching
status=$?
is "what was canceled is a failure" exits 1
is "the first Ctrl-C tells what was done" says err '^1 requests, 0 failed, 1 canceled, '
is "what was canceled is not printed" lines out 1
kill -INT $server
wait $server

run "$fetch" -n 20 -s 100 </dev/null
is "its own server: one line of measurement" says out \
	'^100 requests, 0 failed, [0-9.]+ s; one after another \(20 timed\) they would have taken [0-9.]+ s: [0-9]+ times faster$'
is "its own server: 0" exits 0
