#!/bin/sh
# SPDX-License-Identifier: MIT
# Searches the schedules of the scenarios in `exhausted` that use at most the number
# of preemptions given there, one spurious wake-up and one time-out, and compares how
# many it has to run (access.c) with the count kept there. A change of the library
# that makes more of them, or fewer, is seen this way. The counts do not depend on
# the compiler. (With -DPAR_PLAIN_PIPES some are others.)
#     exhaust.sh EXPLORE [MOST]              scenarios with a count of at most MOST
#     exhaust.sh EXPLORE --update [NAME...]  counts all again, or those named
# A line is `scenario preemptions count`. A new scenario gets a line without a
# count, then --update. A scenario with too many schedules gets `-` for both
# numbers, and is only sampled.
set -u
here=$(cd "$(dirname "$0")" && pwd)
kept=$here/exhausted
explore=${1?which explorer?}
shift
update=no most=1000000000
case ${1-} in
'') ;;
--update) update=yes && shift ;;
*[!0-9]*)
	echo "exhaust.sh: $1 is not a number of schedules" >&2
	exit 2
	;;
*) most=$1 && shift ;;
esac
if [ $update = no ] && [ $# -gt 0 ]; then
	echo "exhaust.sh: names without --update" >&2
	exit 2
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# Words: an emulator and its options, if meson says that one is needed.
export MESON_EXE_WRAPPER="${MESON_EXE_WRAPPER-}"
$MESON_EXE_WRAPPER "$explore" list >"$work/list" || exit 1
if ! awk 'NR == FNR { if (NF > 1) kept[$1]; next }
	!($1 in kept) { print; bad = 1 }
	END { exit bad }' "$kept" "$work/list" >"$work/new"; then
	echo "not in $kept:" $(cat "$work/new") >&2
	exit 1
fi

# A line without a count is counted too, and differs.
awk -v most="$most" -v names="$*" '
	BEGIN { all = split(names, name) == 0; for (i in name) wanted[name[i]] }
	!/^#/ && $2 ~ /^[0-9]/ && $3 + 0 <= most && (all || $1 in wanted) {
		print
		found[$1]
	}
	END {
		for (one in wanted)
			if (!(one in found)) {
				print "has no line to count: " one | "cat 1>&2"
				bad = 1
			}
		exit bad
	}' "$kept" >"$work/before" || exit 1
awk '{ print $1, $2 }' "$work/before" |
	xargs -r -n 2 -P "$(nproc)" sh -c '
		$MESON_EXE_WRAPPER "$0" exhaust "$2" "$3" 1000000000 >"$1/$2.$3" 2>&1 ||
			echo "$2: exit status $?" >>"$1/$2.$3"
		cat "$1/$2.$3"' "$explore" "$work"
awk -v work="$work" '{
		count = "NOT-EXHAUSTED"
		while ((getline line <(work "/" $1 "." $2)) > 0)
			if (split(line, word) > 2 && word[2] == "EXHAUSTED")
				count = word[3]
		print $1, $2, count
	}' "$work/before" >"$work/after"
if [ $update = no ]; then
	diff -u "$work/before" "$work/after" || exit 1
elif grep -q NOT-EXHAUSTED "$work/after"; then
	echo "not all are exhausted: $kept stays as it was" >&2
	exit 1
else
	awk 'NR == FNR { count[$1, $2] = $3; next }
		($1, $2) in count { $0 = $1 " " $2 " " count[$1, $2] }
		{ print }' "$work/after" "$kept" >"$work/kept" &&
		cp "$work/kept" "$kept" || exit 1
fi
awk '{ scenarios++; schedules += $3 }
	END {
		print "EXHAUSTED " scenarios + 0 " scenarios, " schedules + 0 " schedules"
		exit !scenarios
	}' "$work/after"
