#!/bin/sh
# SPDX-License-Identifier: MIT
# A step of the guide counts as wc does, and says what it could not count.
#     test-step.sh STEP
set -eu
step=$(realpath "$1")
work=$(mktemp -d)
trap 'exec 3>&-; rm -rf "$work"' EXIT
cd "$work"

i=1
while [ $i -le 50 ]; do
	seq $((i * 37)) >"file$i"
	echo "file$i: $((i * 37))"
	i=$((i + 1))
done >counts
names=$(sed 's/:.*//' counts)

# same FILE: the counts, in any order.
same() {
	sort counts >wanted
	sort "$1" | diff -u wanted -
}

# fails COMMAND...
fails() {
	if "$@"; then
		echo "$* has not failed"
		exit 1
	fi
}

case $step in
*1-loop | *2-pool)
	"$step" $names >out
	same out
	"$step" missing >out
	grep -q '^missing: No such file' out
	;;
*3-errors)
	mkdir directory
	fails "$step" missing $names directory >out 2>errors
	same out
	grep -q '^missing: No such file' errors
	grep -q '^directory: Is a directory' errors
	;;
*4-state)
	"$step" missing $names >out 2>errors
	same out
	grep -q '^missing: No such file' errors
	;;
*5-order)
	"$step" $names >out
	awk -F': ' '{ print $1 " begins at line " total + 1; total += $2 }' counts |
		diff -u - out
	;;
*6-window)
	printf '%s\n' $names | "$step" >out
	diff -u counts out
	;;
*7-stop)
	printf '%s\n' $names | "$step" >out
	same out
	# A pipe that nobody writes to, a file that takes minutes, where there may be
	# one, and no end of the names.
	mkfifo silent input
	truncate -s 500G huge || :
	rm out # else what is awaited below may be what stands there
	"$step" <input >out 2>errors &
	exec 3>input
	printf 'silent\nhuge\nfile1\n' >&3
	until grep -q '^file1: 37$' out 2>/dev/null; do sleep 0.1; done
	kill -INT $!
	status=0
	wait $! || status=$?
	[ $status -eq 130 ]
	grep -q '^stopped$' errors
	;;
*8-feed)
	mkdir -p a/b/c/d
	for name in $names; do mv "$name" "a/b/$name"; done
	cp -r a/b copy
	mv copy a/b/c/d
	"$step" a >out
	[ "$(cat out)" = "$(find a -type f -exec cat {} + | wc -l) lines" ]
	fails "$step" missing >out
	;;
*) exit 1 ;;
esac
