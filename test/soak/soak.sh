#!/bin/sh
# SPDX-License-Identifier: MIT
# The soak test, as released and under the sanitizers, all at the same time: each is
# the busy machine of the others. They are stopped and continued at random. root runs
# them as another user, so that a limit of threads holds, and where it can be had, with
# a quota of the processor.
#     test/soak/soak.sh [--wall-clock] SECONDS [SEED]
# --wall-clock changes the wall clock of the whole machine many times a second, and
# puts it right at the end: it is for root in a virtual machine of one's own.
set -eu
wall_clock=no
[ "${1-}" != --wall-clock ] || {
	wall_clock=yes
	shift
}
root=$(cd "$(dirname "$0")/../.." && pwd)
seconds=${1:?SECONDS} seed=${2:-$(date +%s)}
work=$(mktemp -d)
chmod 755 "$work"
pids='' quota='' stopper='' clock=''

clean() {
	kill $pids $stopper $clock 2>/dev/null || true
	kill -CONT $pids 2>/dev/null || true
	wait
	rm -rf "$work"
	[ ! "$quota" ] || rmdir "$quota" || true
}
trap clean EXIT
trap 'exit 1' HUP INT TERM

# may_run MICROSECONDS: of each period, all processors together.
PERIOD_US=20000
may_run() {
	if [ -e $quota/cpu.max ]; then
		echo $1 $PERIOD_US >$quota/cpu.max
	else
		echo $PERIOD_US >$quota/cpu.cfs_period_us &&
			echo $1 >$quota/cpu.cfs_quota_us
	fi
}

build() { # NAME FLAG...
	name=$1
	shift
	cc -std=c11 -D_GNU_SOURCE -g -O2 -pthread "$@" -I"$root/include" \
		-I"$work" -o "$work/$name" "$root/test/soak/soak.c" \
		"$root/test/soak/items.c" "$root/test/soak/trouble.c" "$root"/lib/*.c
}
[ $wall_clock = no ] || {
	cc -std=c11 -D_GNU_SOURCE -O2 -o "$work/wall_clock" \
		"$root/test/soak/wall_clock.c"
	"$work/wall_clock" 0 0 >"$work/wall_clock.out" # may it?
}
sh "$root/lib/names.sh" "$root"/lib/*.h >"$work/names.h"
build plain -DNDEBUG
build asserts
build asan -fsanitize=address,undefined
build tsan -fsanitize=thread

# The processes that are stopped, and the limit of the processor, change as long as
# the test runs.
as_other=
[ "$(id -u)" -ne 0 ] || as_other='setpriv --reuid=65534 --clear-groups'
for groups in /sys/fs/cgroup /sys/fs/cgroup/cpu; do # of version 2, and 1
	[ ! "$quota" ] && [ -e $groups/cgroup.procs ] &&
		mkdir $groups/soak.$$ 2>/dev/null || continue
	quota=$groups/soak.$$
	may_run $((50 * PERIOD_US)) 2>/dev/null || {
		rmdir $quota
		quota=
	}
done
for name in plain asserts asan tsan; do
	$as_other "$work/$name" "$seconds" "$seed" >"$work/$name.out" 2>&1 &
	pids="$pids $!"
	[ ! "$quota" ] || echo $! >$quota/cgroup.procs
	seed=$((seed + 1000000))
done
echo "quota of the processor: ${quota:-not to be had}"
[ $wall_clock = no ] || {
	"$work/wall_clock" "$seconds" "$seed" >"$work/wall_clock.out" &
	clock=$!
}
(
	while :; do
		for pid in $pids; do
			kill -STOP $pid 2>/dev/null
			sleep 0.0$(($(od -An -N1 -tu1 /dev/urandom) % 10))
			kill -CONT $pid 2>/dev/null
			sleep 0.$(($(od -An -N1 -tu1 /dev/urandom) % 10))
		done
		[ ! "$quota" ] || {
			may_run $((PERIOD_US / 4))
			sleep 1
			may_run $((50 * PERIOD_US))
		}
	done
) &
stopper=$!
failed=0
for pid in $pids; do
	wait $pid || failed=1
done
kill $stopper $clock 2>/dev/null || true
[ $wall_clock = no ] || wait $clock || failed=1
pids='' stopper='' clock=''
cd "$work"
[ $wall_clock = no ] || echo "wall clock: $(cat wall_clock.out)"
for name in plain asserts asan tsan; do
	echo "$name: $(tr '\n' ' ' <$name.out)"
done
exit $failed
