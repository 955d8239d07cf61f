#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs every schedule there is of the scenarios in `exhausted`, with as many
# preemptions as stand there, one wake-up for nothing and one time-out, and holds
# their number against the one kept: a change of the library's that makes more of
# them, or fewer, is seen. They are the same with every compiler.
#     exhaust.sh EXPLORE [MOST]    those of at most so many schedules
#     exhaust.sh EXPLORE --update  counts anew
set -u
here=$(cd "$(dirname "$0")" && pwd)
explore=$1 most=${2-100000000}
kept=$here/exhausted
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

[ "$most" = --update ] && most=100000000
awk -v most="$most" '!/^#/ && $3 <= most { print $1, $2 }' "$kept" |
	xargs -n 2 -P "$(nproc)" sh -c '
		"$0" exhaust "$2" "$3" 100000000 >"$1/$2.log" 2>&1
		cat "$1/$2.log"' "$explore" "$work"
awk -v most="$most" '/^#/ || $3 <= most' "$kept" >"$work/before"
while read -r name bound count; do
	case $name in
	'#'*) echo "$name $bound $count" ;;
	*) awk -v name="$name" -v bound="$bound" '
		$1 == name && $2 == "EXHAUSTED" { count = $3 }
		END { print name, bound, count ? count : "NOT-EXHAUSTED" }
		' "$work/$name.log" ;;
	esac
done <"$work/before" >"$work/after"
if [ "${2-}" = --update ]; then
	cp "$work/after" "$kept"
else
	diff -u "$work/before" "$work/after" || exit 1
fi
awk '!/^#/ { scenarios++; schedules += $3 }
	END { print "EXHAUSTED " scenarios " scenarios, " schedules " schedules" }
	' "$work/after"
