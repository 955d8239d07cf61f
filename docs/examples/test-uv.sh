#!/bin/sh
# SPDX-License-Identifier: MIT
# Each file comes once, and what is missing with its reason; the timer runs while nothing
# comes; Ctrl-C ends it, though its input has not ended.
#     test-uv.sh UV
set -eu
uv=$(realpath "$1")
work=$(mktemp -d)
running=
trap '[ -z "$running" ] || kill -9 $running; rm -rf "$work"' EXIT
cd "$work"

seq -f 'file%.0f' 200 >names
xargs touch <names
sed 's/$/: readable/' names | sort >wanted
timeout 60 "$uv" <names >out
sort out | diff wanted -

status=0
echo missing | cat names - | timeout 60 "$uv" >out || status=$?
[ $status -eq 1 ]
echo 'missing: No such file or directory' | sort - wanted >more
sort out | diff more -
status=0
timeout 60 "$uv" <names >/dev/full || status=$?
[ $status -eq 2 ]

# An input that brings one name and does not end: a signal ends the program.
# ends SIGNAL STATUS LINE
ends() {
	: >progress
	"$uv" <input >out 2>progress &
	running=$!
	exec 3>input
	printf "$3" >&3
	until grep -q '^1 done$' progress; do
		kill -0 $running
		sleep 0.1
	done
	kill -"$1" $running
	status=0
	wait $running || status=$?
	running=
	[ $status -eq "$2" ]
	[ "$(cat out)" = 'file7: readable' ]
	exec 3>&-
}
mkfifo input
ends INT 130 'file7\n'
ends TERM 143 'file7\r\n'
echo "201 names"
