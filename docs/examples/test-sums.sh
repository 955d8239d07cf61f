#!/bin/sh
# SPDX-License-Identifier: MIT
# The sums of a tree are what sha256sum says, in order and not; what cannot be read is
# named, and takes nothing else with it.
#     test-sums.sh SUMS
set -eu
sums=$(realpath "$1")
. "$(dirname "$0")/terminal.sh"
work=$(mktemp -d)
trap 'chmod -R u+rwx "$work"; rm -rf "$work"' EXIT
cd "$work"

mkdir -p tree/a/b/c tree/empty
i=1
while [ $i -le 300 ]; do
	seq $((i * 53)) >"tree/a/b/file $i"
	i=$((i + 1))
done
: >tree/a/nothing
head -c 3000000 /dev/zero >tree/a/b/c/large
ln -s large tree/a/b/c/link
mkfifo tree/a/pipe
echo new >"$(printf 'tree/a/new\nline')"
echo back >'tree/a/back\slash'
find tree -type f -exec sha256sum {} + | sort >wanted

"$sums" tree >ordered
sort ordered | diff wanted -
"$sums" -n 3 tree >again
diff ordered again
"$sums" -u -n 40 tree >unordered
sort unordered | diff wanted -
sha256sum --quiet -c unordered
[ "$(wc -l <wanted)" -eq 304 ]

# A terminal shows the progress, and nothing of it in the end.
if has_terminal; then
	on_terminal "'$sums' tree"
	grep -q '[0-9] done, [0-9]* under way, [0-9]* queued' terminal
	shown | diff ordered -
	on_terminal "'$sums' tree >out"
	diff ordered out
	grep -q 'under way' terminal
	[ -z "$(shown)" ]
	on_terminal "'$sums' missing tree/empty 2>&1 >out" || :
	[ "$(shown)" = 'sums: missing: No such file or directory' ]
	on_terminal "'$sums' tree 2>errors"
	[ ! -s errors ]
else
	echo "script of util-linux is not installed: no test of the progress line"
fi

status=0
"$sums" tree >/dev/full 2>errors || status=$?
[ $status -eq 2 ]
grep -q '^sums: not all of the output could be written' errors

# What is named itself is summed, whatever it is, and a link to a directory followed.
ln -s tree/a here
"$sums" here | sed 's|  here|  tree/a|' >out
"$sums" tree/a | diff - out
[ -s out ]
sha256sum tree/a/b/c/link /dev/null >wanted-too
"$sums" tree/a/b/c/link /dev/null >out
diff wanted-too out

# A name that is not there, beside a tree that is.
if "$sums" missing tree/empty tree/a/b/c >out 2>errors; then
	echo "a file is missing, and nobody minds"
	exit 1
fi
grep -q '^sums: missing: No such file' errors
[ "$(wc -l <out)" -eq 1 ]
if [ "$(id -u)" != 0 ]; then
	chmod 0 "tree/a/b/file 7"
	if "$sums" tree >out 2>errors; then exit 1; fi
	[ "$(wc -l <out)" -eq 303 ]
	grep -q '^sums: tree/a/b/file 7: Permission denied' errors
fi

# A file of /proc that tells no size and has terabytes.
if [ -r /proc/self/pagemap ]; then
	status=0
	"$sums" /proc/self/pagemap tree/empty >out 2>errors || status=$?
	[ $status -eq 1 ]
	grep -q '^sums: /proc/self/pagemap: it tells no size, and has no end$' errors
fi

# What blocks ends with its time, and at a stop.
mkfifo blocks
status=0
timeout 60 "$sums" -m 1 blocks tree/a/b/c/large >out 2>errors || status=$?
[ $status -eq 1 ]
grep -q '^sums: blocks: it took longer than -m allows$' errors
[ "$(wc -l <out)" -eq 1 ]
"$sums" -u blocks tree/a/b/c/large >out 2>errors &
running=$!
until [ -s out ]; do
	kill -0 $running
	sleep 0.1
done
kill -TERM $running
status=0
wait $running || status=$?
[ $status -eq 143 ]
echo "$(wc -l <wanted) files"
