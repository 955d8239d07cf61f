#!/bin/sh
# SPDX-License-Identifier: MIT
# Ctrl-Z, bg and fg of each example that reads a terminal, draws on one, or waits for
# what is not a terminal: of what it reads and prints nothing is lost and nothing comes
# twice. That the terminal stays as it was job_control sees to. The examples that need
# a server are in test-job-control-servers.sh.
#     test-job-control.sh JOB_CONTROL FOLDER-OF-THE-EXAMPLES
set -eu
control=$(realpath "$1") bin=$(realpath "$2")
here=$(cd "$(dirname "$0")" && pwd)
# Not where TMPDIR is: the path of a socket is short.
work=$(mktemp -d /tmp/par.XXXXXX)
server=
trap 'stop_server; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
cd "$work"
# What is fetched here is on loopback, whatever proxy is set.
export no_proxy='*' NO_PROXY='*'

# One that is stopped does not end before it goes on.
stop_server() {
	[ -z "$server" ] || kill -INT "$server" || :
	[ -z "$server" ] || kill -CONT "$server" || :
	[ -z "$server" ] || wait "$server" || :
	server=
}

fail() {
	echo "FAILED: $what"
	cat -v raw err
	[ -z "$server" ] || tail -n 20 log
	exit 1
}

left_out() {
	echo "left out: $1"
}

# has EXAMPLE
has() {
	[ -x "$bin/$1" ] || {
		left_out "$1 was not built"
		return 1
	}
}

# job WHAT STEP... -- COMMAND...: of what its terminal has shown out gets what the
# command has printed: no line that was wiped, and no progress that stood there when it
# was stopped. What is another one at each run is for $clean, a script of sed.
clean=
job() {
	what=$1
	shift
	"$control" "$@" >raw 2>err || fail
	sed -e "s/.*$(printf '\r\033')\[K//" -e "s/$(printf '\r')//g" raw |
		sed -e '/^$/d' -e '/^\[[a-z-]*\]$/d' -e '/ under way, /d' \
			-e '/ to go, /d' -e "$clean" >out
}

# prints FILE: these lines, in any order.
prints() {
	sort "$1" >sorted
	sort out | diff -u sorted - || fail
	echo "ok: $what"
}

# While the job is in the background the line is the shell's: nothing wipes it out.
is_plain_in_background() {
	awk '/^\[fg\]/ { behind = 0 } behind && /\033/ { bad = 1 }
		/^\[(start-)?bg\]/ { behind = 1 } END { exit bad }' raw || fail
}

# reads STATUS FIRST SHOWN HALF REST COMMAND... <LINES: what it prints if it is typed
# FIRST, and HALF and REST as one line or more; it shows SHOWN when it has FIRST.
reads() {
	cat >lines
	name=${6##*/} ends=$1 first=$2 shown=$3 half=$4 rest=$5
	shift 5
	job "$name: Ctrl-Z, bg, fg" start line "$first" shows "$shown" part "$half" \
		taken ctrl-z bg ttin bg ttin fg line "$rest" end exits "$ends" -- "$@"
	prints lines
	is_plain_in_background
	job "$name: Ctrl-Z, fg" start line "$first" shows "$shown" ctrl-z fg \
		part "$half" taken ctrl-z line "$rest" fg end exits "$ends" -- "$@"
	prints lines
	job "$name: in the background, fg" start-bg ttin line "$first" fg \
		shows "$shown" line "$half$rest" end exits "$ends" -- "$@"
	prints lines
	job "$name: as soon as it is started" start ctrl-z fg line "$first" \
		line "$half$rest" end exits "$ends" -- "$@"
	prints lines
}

what="a terminal" status=0
"$control" start exits 0 -- true >raw 2>err || status=$?
if [ $status = 77 ]; then
	cat err
	exit 77
fi
[ $status = 0 ] || fail

for i in 1 2 3; do seq $((i * 37)) >file$i; done
more='le2
file3'

# Lines of the terminal, by a serial loop and by the generator.
for name in first-loop first; do
	reads 0 127.0.0.1 '127.0.0.1: found' 127.0. '0.2
::1' "$bin/$name" <<END
127.0.0.1: found
127.0.0.2: found
::1: found
END
done
reads 0 127.0.0.1 '127.0.0.1: 127.0.0.1' 127.0. '0.2
::1' "$bin/resolve" <<END
127.0.0.1: 127.0.0.1
127.0.0.2: 127.0.0.2
::1: ::1
3 found, 0 do not exist, 0 without an answer, 0 other
END
for name in 6-window 7-stop; do
	reads 0 file1 'file1: 37' fi "$more" "$bin/guide/$name" <<END
file1: 37
file2: 74
file3: 111
END
done
if has uv; then
	clean='/^[0-9]* done$/d'
	reads 1 file1 'file1: readable' fi "$more
missing" "$bin/uv" <<END
file1: readable
file2: readable
file3: readable
missing: No such file or directory
END
fi
if has fetch; then
	clean='s/^000  *//; s/B  *[0-9]* ms/B/; s/, [0-9.]* s$//; s/: Could.*//'
	reads 1 "file://$work/file1" "file://$work/file1" "file://$work/fi" "le2
# none
file://$work/missing" "$bin/fetch" -p file -f - <<END
$(wc -c <file1) B  file://$work/file1
$(wc -c <file2) B  file://$work/file2
---          0 B  file://$work/missing
3 requests, 1 failed
END
fi
clean=

# The terminal as one file among others. The loop reads it on the thread of main().
tty='one
two
three'
printf '%s\n' 'file1: 37' '/dev/tty: 3' >wanted
job "1-loop: Ctrl-Z, bg, fg" start shows 'file1: 37' line one part tw \
	taken ctrl-z bg ttin fg line "o
three" end exits 0 -- "$bin/guide/1-loop" file1 /dev/tty
prints wanted
job "1-loop: in the background, fg" start-bg shows 'file1: 37' ttin line "$tty" fg \
	end exits 0 -- "$bin/guide/1-loop" file1 /dev/tty
prints wanted

# Actions read it. A worker blocks SIGTTIN (par.h, Signals): what it reads in the
# background fails, which an example that looks at errors says (musl in other words).
clean='s|: I/O error|: Input/output error|'
for name in 2-pool 3-errors 4-state; do
	job "$name: Ctrl-Z, fg" start shows 'file1: 37' line one part tw taken \
		ctrl-z fg line "o
three" end exits 0 -- "$bin/guide/$name" file1 /dev/tty
	prints wanted
done
# A large fread() of glibc asks once more after the first end.
printf '%s\n' file1 /dev/tty >names
job "7-stop: Ctrl-Z, fg, in an action" start shows 'file1: 37' line one part tw \
	taken ctrl-z fg line "o
three" end end exits 0 -- sh -c "exec '$bin/guide/7-stop' <names"
prints wanted
job "5-order: Ctrl-Z, fg" start shows 'file1 begins' line one part tw taken \
	ctrl-z fg line "o
three" end exits 0 -- "$bin/guide/5-order" file1 /dev/tty file2
printf '%s begins at line %s\n' file1 1 /dev/tty 38 file2 41 >wanted
prints wanted
printf '%s\n' 'file1: 37' '/dev/tty: Input/output error' >wanted
for pair in '3-errors 1' '4-state 0' '7-stop 0'; do
	name=${pair% *}
	job "$name: Ctrl-Z, bg, in an action" start shows 'file1: 37' line one taken \
		ctrl-z bg exits "${pair#* }" \
		-- sh -c "exec '$bin/guide/$name' file1 /dev/tty <names"
	prints wanted
done

# Sums of the terminal, and of a pipe that has nothing until it is in the background, or
# in the foreground again.
if has sums; then
	printf '%s\n' "$tty" | sha256sum | sed 's|-$|/dev/tty|' >wanted
	job "sums: Ctrl-Z, fg" start shows '1 under way' line one part tw taken \
		ctrl-z fg line "o
three" end exits 0 -- "$bin/sums" /dev/tty
	prints wanted
	echo 'sums: /dev/tty: Input/output error' >wanted
	job "sums: Ctrl-Z, bg" start shows '1 under way' line one taken ctrl-z bg \
		exits 1 -- "$bin/sums" /dev/tty
	prints wanted
	is_plain_in_background

	mkfifo pipe
	write='timeout 60 cp file1 pipe'
	sha256sum file1 | sed 's/file1$/pipe/' >wanted
	job "sums: the progress, Ctrl-Z, bg" start shows '1 under way' ctrl-z bg \
		do "$write" exits 0 -- "$bin/sums" pipe
	prints wanted
	is_plain_in_background
	job "sums: the progress, Ctrl-Z, bg, fg" start shows '1 under way' ctrl-z bg fg \
		shows '1 under way' do "$write" exits 0 -- "$bin/sums" pipe
	prints wanted
	job "sums: the progress, tostop" start shows '1 under way' ctrl-z tostop bg \
		do "$write" ttou fg exits 0 -- "$bin/sums" pipe
	prints wanted
	job "sums: in the background" start-bg do "$write" exits 0 -- "$bin/sums" pipe
	prints wanted
	is_plain_in_background
fi
clean=

. "$here/test-job-control-servers.sh"
