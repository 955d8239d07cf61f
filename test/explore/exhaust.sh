#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs every schedule there is of the scenarios in `exhausted`, with as many
# preemptions as stand there, one wake-up for nothing and one time-out, and holds
# their number against the one kept: a change of the library's that makes more of
# them, or fewer, is seen. They are the same with every compiler.
#     exhaust.sh EXPLORE [MOST]    those of at most so many schedules
#     exhaust.sh EXPLORE --update  counts anew
# A scenario that is new gets a line without a count, then --update; one that has
# too many schedules stands there with '-', and is only sampled.
set -u
here=$(cd "$(dirname "$0")" && pwd)
kept=$here/exhausted
explore=${1?which explorer?} most=${2-}
case $most in
'' | --update) most=1000000000 ;;
*[!0-9]*)
	echo "exhaust.sh: $most is no number of schedules" >&2
	exit 2
	;;
esac
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

"$explore" list >"$work/list" || exit 1
if ! awk 'NR == FNR { kept[$1]; next } !($1 in kept) { print; bad = 1 }
	END { exit bad }' "$kept" "$work/list" >"$work/new"; then
	echo "not in $kept:" $(cat "$work/new") >&2
	exit 1
fi

# What is no count is counted, and differs.
awk -v most="$most" '/^#/ || ($2 != "-" && $3 + 0 <= most)' "$kept" \
	>"$work/before"
awk '!/^#/ { print $1, $2 }' "$work/before" |
	xargs -r -n 2 -P "$(nproc)" sh -c '
		"$0" exhaust "$2" "$3" 1000000000 >"$1/$2.$3" 2>&1 ||
			echo "$2: exit status $?" >>"$1/$2.$3"
		cat "$1/$2.$3"' "$explore" "$work"
awk -v work="$work" '/^#/ { print; next }
	{
		count = "NOT-EXHAUSTED"
		while ((getline line <(work "/" $1 "." $2)) > 0)
			if (split(line, word) > 2 && word[2] == "EXHAUSTED")
				count = word[3]
		print $1, $2, count
	}' "$work/before" >"$work/after"
if [ "${2-}" != --update ]; then
	diff -u "$work/before" "$work/after" || exit 1
elif grep -q NOT-EXHAUSTED "$work/after"; then
	echo "not all are exhausted: the counts stay as they were" >&2
	exit 1
else
	awk '$2 == "-"' "$kept" >>"$work/after"
	cp "$work/after" "$kept"
fi
awk '!/^#/ && $2 != "-" { scenarios++; schedules += $3 }
	END {
		print "EXHAUSTED " scenarios + 0 " scenarios, " schedules + 0 " schedules"
		exit !scenarios
	}' "$work/after"
