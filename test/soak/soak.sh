#!/bin/sh
# SPDX-License-Identifier: MIT
# The soak test, as released and under the sanitizers, all at the same time: each is
# the busy machine of the others. They are stopped and continued at random. root runs
# them as another user, so that a limit of threads holds, and where it can be had, with
# a quota of the processor.
#     test/soak/soak.sh SECONDS [SEED]
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
seconds=${1:?SECONDS} seed=${2:-$(date +%s)}
work=$(mktemp -d)
chmod 755 "$work"
quota=/sys/fs/cgroup/soak.$$

clean() {
	kill -CONT $(jobs -p) 2>/dev/null || true
	rm -rf "$work"
	rmdir $quota 2>/dev/null || true
}
trap clean EXIT

build() { # NAME FLAG...
	name=$1
	shift
	cc -std=c11 -D_GNU_SOURCE -g -O2 -pthread "$@" -I"$root/include" \
		-I"$work" -o "$work/$name" "$root"/test/soak/*.c "$root"/lib/*.c
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
if mkdir $quota 2>/dev/null && echo 'max 20000' >$quota/cpu.max 2>/dev/null; then
	quota_is=had
else
	quota_is='not to be had'
fi
pids=
for name in plain asserts asan tsan; do
	$as_other "$work/$name" "$seconds" "$seed" >"$work/$name.out" 2>&1 &
	pids="$pids $!"
	[ "$quota_is" != had ] || echo $! >$quota/cgroup.procs
	seed=$((seed + 1000000))
done
echo "quota of the processor: $quota_is"
(
	while :; do
		for pid in $pids; do
			kill -STOP $pid 2>/dev/null
			sleep 0.0$(($(od -An -N1 -tu1 /dev/urandom) % 10))
			kill -CONT $pid 2>/dev/null
			sleep 0.$(($(od -An -N1 -tu1 /dev/urandom) % 10))
		done
		[ "$quota_is" != had ] || {
			echo '5000 20000' >$quota/cpu.max
			sleep 1
			echo 'max 20000' >$quota/cpu.max
		}
	done
) &
stopper=$!
failed=0
for pid in $pids; do
	wait $pid || failed=1
done
kill $stopper 2>/dev/null || true
cd "$work"
for name in plain asserts asan tsan; do
	echo "$name: $(tr '\n' ' ' <$name.out)"
done
exit $failed
