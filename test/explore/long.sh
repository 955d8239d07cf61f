#!/bin/sh
# SPDX-License-Identifier: MIT
# For a release: runs two explorers at the same time, one built with
# AddressSanitizer and one with ThreadSanitizer, on all scenarios in all sizes
# with the strategies random and pct. The seeds are others each time. Prints how
# many schedules were run.
#     long.sh [RUNS [MINUTES]]    at most so many; RUNS is 100,000,000 by default
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
runs=${1-100000000} minutes=${2-100000}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'kill 0' INT TERM
over=$(($(date +%s) + 60 * minutes))

build() {
	meson setup "$work/$1" "$root" --buildtype=release -Dtests=enabled \
		-Dexamples=disabled -Db_lundef=false -Db_sanitize="$2" \
		>"$work/log" 2>&1 &&
		ninja -C "$work/$1" test/explore/explore >>"$work/log" 2>&1 || {
		cat "$work/log"
		exit 1
	}
}

# rounds NAME SEED: rounds of a hundred schedules per scenario and strategy, until
# half of RUNS are made: the other build makes the other half.
rounds() {
	explore=$work/$1/test/explore/explore seed=$2 done=0
	while [ "$done" -lt $((runs / 2)) ] && [ "$(date +%s)" -lt "$over" ]; do
		for strategy in random pct; do
			if ! "$explore" "$strategy" all 100 "$seed" >"$work/$1.out"; then
				grep -v ' passed ' "$work/$1.out"
				echo "$1: FAILED after $done schedules"
				return 1
			fi
			done=$((done + $(awk '{ n += $3 } END { print n }' "$work/$1.out")))
		done
		seed=$((seed + 100))
	done
	echo "$1: $done schedules, 0 failed"
}

build ASan address,undefined
build TSan thread
seed=$(date +%s)
rounds ASan "$seed" &
rounds TSan "$((seed + 1000000000))"
bad=$?
wait $! || bad=1
exit "$bad"
