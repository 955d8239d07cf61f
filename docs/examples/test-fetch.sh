#!/bin/sh
# SPDX-License-Identifier: MIT
# What fetch and serve say and return, in the Test Anything Protocol. What needs
# more than serve is in test-fetch-nginx.sh.
#     test-fetch.sh FETCH SERVE
set -u
fetch=$(realpath "$1") serve=$2
work=$(mktemp -d)
server=
# What is fetched here is on loopback, whatever proxy is set.
export no_proxy='*' NO_PROXY='*'
trap 'kill $server 2>/dev/null; rm -rf "$work"' EXIT
n=0
. "$(dirname "$0")/terminal.sh"

# is NAME COMMAND...: one test; what the command printed is shown if it fails.
is() {
	name=$1
	n=$((n + 1))
	shift
	if "$@" >"$work/log" 2>&1; then
		echo "ok $n - $name"
	else
		awk '{ print "# " $0 }' "$work/log" "$work/out" "$work/err"
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

# waits COMMAND...: until it succeeds, 20 s at most.
waits() {
	for i in $(seq 2000); do
		"$@" 2>/dev/null && return
		sleep 0.01
	done
	return 1
}

# comes PATTERN FILE: waits for a line. A file that an earlier program wrote is removed
# first: what starts behind an & empties it later.
comes() { waits grep -qE -- "$1" "$2"; }

# draws COMMAND: runs it on a terminal, with two URLs in the list $work/urls. The second
# one comes when the progress of the first has been seen: what is done faster than the
# progress is drawn, or between two times, is never seen.
draws() {
	rm -f "$work/terminal"
	on_terminal "$1" &
	terminal=$!
	exec 3<>"$work/urls"
	echo "${url}a" >&3
	comes '1 done, 0 failed, 0 under way, 0 or more to go' "$work/terminal"
	drawn=$?
	echo "${url}b" >&3
	exec 3>&-
	wait $terminal
	[ $drawn = 0 ] || cat -v "$work/terminal"
	return $drawn
}

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
is "a missing file cannot be read" exits 2

run "$fetch" -f "$work" </dev/null
is "a directory is no list, and named" says err "^fetch: $work: Is a directory"
run "$fetch" <"$work"
is "nor as standard input" says err '^fetch: standard input: Is a directory'
is "what cannot be read: 2" exits 2
run "$fetch" </dev/null
is "nothing from nothing" says err '^0 requests, 0 failed, [0-9.]+ s$'
is "nothing is not wrong" exits 0
if has_terminal; then
	run on_terminal "'$fetch'"
	is "on a terminal, without a URL: how it is used" says terminal '^usage: fetch'
	is "which is a mistake on the command line" exits 2
fi
run "$fetch" -f "$work/nowhere" -s 5 </dev/null
is "two sources are a mistake on the command line" exits 2

"$serve" -d 1 >"$work/serve" 2>&1 &
server=$!
is "serve tells its URL" comes '^http://127\.0\.0\.1:[0-9]+/$' "$work/serve"
url=$(head -n 1 "$work/serve")

run "$fetch" "${url}a" "${url}b" "${url}c" </dev/null
is "URLs as arguments: a line each" lines out 3
is "a line has status, bytes, milliseconds, URL" says out "^200 +14 B +[0-9]+ ms  ${url}a\$"
is "all well: 0" exits 0
if has_terminal; then
	mkfifo "$work/urls"
	is "a terminal shows the progress" draws "'$fetch' -f '$work/urls'"
	is "and nothing of it in the end" test "$(shown | sed 's/^200 .*/200/; s/[0-9.]* s$//')" = \
		"$(printf '%s\n' 200 200 '2 requests, 0 failed, ')"
	is "so if the results go elsewhere" draws \
		"'$fetch' -f '$work/urls' >'$work/printed'"
	is "what is left is one line" test "$(shown | sed 's/[0-9.]* s$//')" = \
		'2 requests, 0 failed, '
	run on_terminal "'$fetch' '${url}a' '${url}b' 2>'$work/err'"
	is "no progress without a terminal" test "$(sed 's/[0-9.]* s$//' "$work/err")" = \
		'2 requests, 0 failed, '
else
	echo "# script of util-linux is not installed: no test of the progress line"
fi
seq 50 | sed "s|^|$url|" >"$work/list"
run "$fetch" -n 7 <"$work/list"
is "URLs on standard input: a line each" lines out 50
is "the sum is told" says err '^50 requests, 0 failed, [0-9.]+ s$'
run "$fetch" -f "$work/list" </dev/null
is "URLs from a file: a line each" lines out 50
run "$fetch" -f - <<END
$(printf '%sa\r\n%sb\r' "$url" "$url")
END
is "lines may end as DOS ends them" exits 0
run "$fetch" -f - <<END
# a comment

$(printf '  %sa \t\r\n   \n\t#%sb' "$url" "$url")
END
is "blanks are trimmed, comments and empty lines are left out" says err '^1 requests, 0 failed,'
run "$fetch" "$url$(printf '\033[31mred')" </dev/null
is "no escape code of a URL reaches the terminal" says out '/\?\[31mred'
seq 50 | sed "s|^|${url}last|" >"$work/list"
run "$fetch" -n 1 -f "$work/list"
is "a kept connection that is closed is no reset: all are alive" says err '^50 requests, 0 failed,'
run "$fetch" "$url$(printf %09000d 0)" </dev/null
is "serve refuses a head without an end" says out '^431 '
run "$fetch" "${url}missing" "$url" </dev/null
is "a missing page is told by its status" says out '^404 .*missing$'
is "a missing page is a failure" exits 1
run "$fetch" 'no scheme at all' </dev/null
is "a URL that is none gets libcurl's words" says out '^--- .*no scheme at all: .*(URL|resolve|host)'
run "$fetch" '' 'foo://x/' </dev/null
is "so does an empty one" says out '^--- .*  : .*URL'
is "so does a scheme that is not fetched" says out '^--- .*foo://x/: .*rotocol'
run "$fetch" file:///dev/null </dev/null
is "a protocol that was not asked for is refused" says out '^--- .*file:///dev/null: Protocol'
run "$fetch" -p http,nothing "$url" </dev/null
is "a protocol that libcurl does not know is a mistake" exits 2
run "$fetch" -p file file:///dev/null </dev/null
is "and fetched if it was" exits 0

folder=$work/bodies
run "$fetch" -o "$folder" "${url}a/../b?c&d" "${url}$(printf %0600d 1)" "${url}$(printf %0600d 2)" \
	"${url}missing" "${url}..%2f..%2fup" </dev/null
# files: the names of the bodies, without the server's.
files() {
	(cd "$folder" && for file in * .[!.]*; do
		[ ! -e "$file" ] || echo "${file#http@127.0.0.1*+}" | cut -c 1-20
	done)
}
is "bodies are kept under safe names, and no error page" test "$(files | LC_ALL=C sort)" = "..%252f..%252fup
00000000000000000000
00000000000000000000
a+..+b%3Fc%26d"
is "a body is complete" sh -c 'cat "$1"/*a+* | grep -qx "Here you are."' sh "$folder"
run "$fetch" -o "$work/list" "$url" </dev/null
is "a folder that is none: 2" exits 2

if [ -w /dev/full ]; then
	"$fetch" "$url" </dev/null >/dev/full 2>"$work/err"
	status=$?
	is "results that cannot be written are an error" exits 2
	is "which is told" says err '^fetch: not all of the output could be written'
	run "$fetch" -o /dev/full "$url" </dev/null
	is "nor is /dev/full a folder" exits 2
fi

kill -INT $server
wait $server
status=$?
is "serve ends at Ctrl-C" exits 130
is "serve tells what it answered" comes '^[1-9][0-9]+ requests answered$' "$work/serve"
run "$fetch" "$url" </dev/null
is "a refused connection gets libcurl's words" says out "^--- .*: .*onnect"
is "a refused connection is a failure" exits 1

# A request of a minute, and a list that does not end: only a stop ends either.
rm "$work/serve" "$work/out" "$work/err"
"$serve" -d 60000 >"$work/serve" 2>&1 &
server=$!
comes '^http:' "$work/serve"
url=$(head -n 1 "$work/serve")
run "$fetch" -m 1 "$url" </dev/null
is "a transfer has its time" says out '^--- .*: it took more than 1 s$'
is "and has failed then" exits 1
mkfifo "$work/fifo"
exec 3<>"$work/fifo"
"$fetch" -p http,file -f "$work/fifo" >"$work/out" 2>"$work/err" &
fetching=$!
printf '%s\nfile:///dev/null\n' "$url" >&3
is "a result is printed as it comes" comes 'file:///dev/null$' "$work/out"
kill -INT $fetching
wait $fetching
status=$?
is "it ends by the signal" exits 130
is "the first Ctrl-C tells what was done" says err '^1 requests, 0 failed, 1 not done, stopped after '
is "what was canceled is not printed" lines out 1

# Nothing under way, and a list that does not go on.
rm "$work/out" "$work/err"
"$fetch" -p file -f "$work/fifo" >"$work/out" 2>"$work/err" &
fetching=$!
echo file:///dev/null >&3
comes 'file:///dev/null$' "$work/out"
kill -TERM $fetching
wait $fetching
status=$?
is "SIGTERM ends the wait for a line" says err '^1 requests, 0 failed, stopped after '
is "and it ends by that signal" exits 143

# What is left: under way, in the pool, and in the list. Then in place of the list.
{
	echo file:///dev/null
	seq 20000 | sed "s|^|$url|"
} >"$work/list"
rm "$work/out" "$work/err"
"$fetch" -p http,file -f "$work/list" --rest "$work/list" >"$work/out" 2>"$work/err" &
fetching=$!
comes 'file:///dev/null$' "$work/out"
kill -INT $fetching
wait $fetching
is "what was not done is told" says err '^1 requests, 0 failed, 20000 not done, stopped after '
seq 20000 | sed "s|^|$url|" | sort >"$work/wanted"
is "and is the rest" sh -c 'sort "$1/list" | cmp - "$1/wanted"' sh "$work"
kill -INT $server
wait $server
echo file:///dev/null >"$work/list"
run "$fetch" -p file -f "$work/list" -r "$work/list"
is "of what was all done nothing is left" test ! -s "$work/list"

# A line longer than a pipe takes holds the loop up, until somebody reads.
printf 'file:///dev/null#%0200000d\n' 0 >"$work/list"
mkfifo "$work/pipe"
exec 4<>"$work/pipe"
"$fetch" -p file -f "$work/list" >&4 2>"$work/err" &
fetching=$!
dd bs=1 count=1 <&4 >"$work/out" 2>"$work/log"
# Two that come before the first is taken are one: more, until it has ended.
ended() { ! kill -INT $fetching; }
waits ended || kill -KILL $fetching
wait $fetching
status=$?
is "the second Ctrl-C ends at once" exits 130

measured='s; one after another \(20 timed\) they would have taken [0-9.]+ s: [0-9]+ times faster$'
run "$fetch" -s 1000
is "its own server, a thousand times" says out "^1,000 requests, 0 failed, [0-9.]+ $measured"
is "its own server: one line" lines out 1
is "its own server: 0" exits 0
http_proxy=http://127.0.0.1:1 no_proxy= NO_PROXY= run "$fetch" -n 20 -s 100
is "its own server: that many, and no proxy" says out "^100 requests, 0 failed, [0-9.]+ $measured"
run sh -c 'ulimit -n 128 && exec "$@"' sh "$fetch" -n 500 -s 300
is "more at once than there are descriptors: fewer at once" says err '^fetch: 16 at a time, not 500: no more than 128 descriptors'
is "and none fails" says out '^300 requests, 0 failed'

. "$(dirname "$0")/test-fetch-nginx.sh"
echo "1..$n"
