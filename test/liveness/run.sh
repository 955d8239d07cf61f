#!/bin/sh
# SPDX-License-Identifier: MIT
# Lets spin try every schedule of the models here. Each must hold as it is, and fail
# with each fault that a macro puts into it: so a fault would be seen. Prints one line
# per check, and fails if an outcome is not the expected one. Without spin it is
# skipped. README.md says how to look at a schedule that fails.
#     run.sh
set -u
here=$(cd "$(dirname "$0")" && pwd)
cc=${CC:-cc}
command -v spin >/dev/null || {
	echo "skipped: there is no spin"
	exit 77
}

# explore MODEL safety|liveness [MACRO...]: every schedule, or the first that fails.
explore() {
	model=$1 kind=$2
	shift 2
	case $kind in
	safety)
		compile='-DSAFETY -DNOCLAIM' run=
		set -- "$@" -DCHECK_INVARIANT
		;;
	liveness) compile='-DNOFAIR' run=-a ;;
	esac
	mkdir "$work/pan" && cd "$work/pan" &&
		spin -a "$@" "$here/$model.pml" &&
		$cc $optimise -DCOLLAPSE $compile -o pan pan.c &&
		./pan $run -m100000
}

# judge WHAT EXPECTED MODEL KIND [MACRO...]: see check.
judge() {
	what=$1 expected=$2 before=$(date +%s) optimise=-O1
	shift 2
	# To compile would take longer than to find a fault.
	[ "$expected" = holds ] || optimise=-O0
	(explore "$@") >"$work/log" 2>&1
	states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' "$work/log")
	found=$(sed -n 's/^pan:1: \(acceptance cycle\|assertion violated\|invalid end state\).*/\1/p' \
		"$work/log")
	if grep -q 'errors: 0$' "$work/log" &&
		! grep -qE 'not completed|too small|out of memory|error:' "$work/log"; then
		found=holds
	fi
	if [ -n "$states" ] && [ "$found" = "$expected" ]; then
		echo "ok     $what: $found, $states states, $(($(date +%s) - before)) s"
	else
		tail -n 60 "$work/log"
		echo "FAILED $what: ${found:-no result}, expected: $expected"
	fi
}

# run.sh --one WORK NUMBER: one check, whose arguments are in a file.
if [ "${1-}" = --one ]; then
	set -- "$2/$3"
	work=$1.work arguments=$1
	shift
	mkdir "$work"
	while IFS= read -r argument; do
		set -- "$@" "$argument"
	done <"$arguments"
	judge "$@" >"$arguments.said"
	rm -r "$work"
	exit 0
fi

all=$(mktemp -d) || exit 1
trap 'rm -rf "$all"' EXIT
checks=0

# check WHAT EXPECTED MODEL KIND [MACRO...]: EXPECTED is "holds", or what pan says of
# the schedule that fails. Only noted here: below, all are tried at the same time.
check() {
	checks=$((checks + 1))
	printf '%s\n' "$@" >"$all/$checks"
}

# With worker_open, three seats and nobody who takes results.
seats='-DWORKERS=3 -DVACANT=2 -DOPENS=1 -DTAKES=0'

check "ring of 2, 3 items, safety" holds handover safety
check "ring of 2, 3 items" holds handover liveness
check "ring of 1, 3 items" holds handover liveness -DSLOTS=1
check "ring of 1, 2 items, a time-out" holds \
	handover liveness -DSLOTS=1 -DITEMS=2 -DTIMEOUTS=1
check "yields, 2 items" holds handover liveness -DYIELDS=1 -DITEMS=2
check "descriptor, 2 items, safety" holds handover safety -DTAKES=2 -DITEMS=2
check "descriptor, 2 items" holds handover liveness -DTAKES=2 -DITEMS=2
check "a vacant seat" holds handover liveness -DVACANT=1
check "two vacant seats, safety" holds handover safety $seats
for fault in LOOKS_BEFORE_WATCH NO_LOOK_AFTER_WATCH \
	LOST_WATCH=1 LOST_WATCH=3 \
	WOKEN_WAKES_NOBODY PUTS_BY_STORE HOLDS_FOR_NOBODY; do
	check "fault $fault" "acceptance cycle" handover liveness "-D$fault"
done
check "ring of 1, 2 items, fault LOST_WATCH=2" "acceptance cycle" \
	handover liveness -DSLOTS=1 -DITEMS=2 -DLOST_WATCH=2
check "fault READS_LATE" "assertion violated" handover safety -DREADS_LATE
check "descriptor, fault LOST_WATCH=3" "acceptance cycle" \
	handover liveness -DTAKES=2 -DLOST_WATCH=3
check "a vacant seat, fault LOST_WATCH=1" "acceptance cycle" \
	handover liveness -DVACANT=1 -DLOST_WATCH=1
check "two vacant seats, fault IDLE_WRAPS" "assertion violated" \
	handover safety $seats -DIDLE_WRAPS

check "publish" holds publish safety
for fault in RELAXED HANDS_IN_FIRST LOOKS_BEFORE_WATCH; do
	check "publish, fault $fault" "assertion violated" publish safety "-D$fault"
done

check "two condition variables, one waiter each, 6 signals" holds \
	condvar safety -DCONDS=2
check "one waiter, 12 signals, 4 time-outs" holds \
	condvar safety -DWAITERS=1 -DSIGNALS=12 -DTIMEOUTS=4
check "two waiters on one condition variable, 5 signals" holds \
	condvar safety -DSIGNALS=5
check "two waiters on one condition variable, 6 signals" "assertion violated" \
	condvar safety

# Four of them take some 2 GiB.
jobs=$(nproc)
[ "$jobs" -le 4 ] || jobs=4
seq 1 "$checks" | xargs -n 1 -P "$jobs" "$0" --one "$all"
for number in $(seq 1 "$checks"); do
	cat "$all/$number.said"
done >"$all/said"
cat "$all/said"
[ "$(grep -c '^ok' "$all/said")" -eq "$checks" ]
