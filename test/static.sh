#!/bin/sh
# SPDX-License-Identifier: MIT
# What the compilers and other readers find in the code without running it, in
# builds of their own. Prints each check with the time it took; exits 0 if none
# found anything.
set -u
cd "$(dirname "$0")/.." || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0

# check NAME COMMAND...: one check; what it prints is shown if it fails.
check() {
	name=$1 before=$(date +%s)
	shift
	if "$@" >"$work/log" 2>&1; then
		echo "ok     $name, $(($(date +%s) - before)) s"
	else
		failed=1
		tail -n 100 "$work/log"
		echo "FAILED $name"
	fi
}

# The fields of the shared state are GUARDED (lib/guard.h), so that clang looks at
# them: those of struct par after the lock, and those of its parts. The exceptions
# are constant, or belong to one thread; their comments say which.
guarded() {
	awk 'BEGIN {
		n = split("source.item source.fresh source.next_index " \
			"source.needs_lock source.self source.thread seats.all " \
			"worker.item worker.self worker.cond_ready worker.user_state " \
			"worker.predecessor worker.has_predecessor " \
			"worker.open_error worker.close_due waiter.cancel_state " \
			"par.source par.seats par.waiters par.stopwatch", list, " ")
		while (n > 0)
			excepted[list[n--]]
	     }
	     /^}/ { inside = "" }
	     inside && /^\t[a-z].*;/ {
		fields++
		name = $0
		sub(/ GUARDED;.*|;.*/, "", name)
		sub(/\[.*/, "", name)
		sub(/.*[ *]/, "", name)
		if (!/ GUARDED;/ && !((inside "." name) in excepted)) {
			bad = 1
			print FILENAME ":" FNR ": not GUARDED: " inside "." name
		}
	     }
	     /^struct (source|seats|worker|waiter|waiters|wait_queue) {/ {
		inside = $2
	     }
	     /^\tstruct lock lock;/ { inside = "par" }
	     END { exit bad || fields < 40 }' \
		lib/source.h lib/seats.h lib/waiter.h lib/wait_queue.h lib/pool.h
}

# set_up COMPILER [meson setup options]: a build where a warning is an error.
set_up() {
	compiler=$1
	shift
	CC=$compiler meson setup "$work/$compiler" -Dwerror=true \
		-Dtests=enabled -Dexamples=enabled "$@"
}

# test/words.c is not in this build. One file for each process: the checker of va_list
# keeps something of the file before, and finds faults where there is no va_list.
tidy() {
	printf '%s\n' lib/*.c docs/examples/*.c docs/examples/*/*.c \
		test/*.c | grep -v /words.c |
		xargs -n 1 -P "$(nproc)" clang-tidy -quiet -p "$work/clang"
}

# variableScope: variables stand at the top of their function here.
cpp_check() {
	cppcheck --quiet --error-exitcode=1 --std=c11 \
		--enable=warning,style,performance,portability \
		--suppress=variableScope -D_GNU_SOURCE -D__GNUC__ \
		-D__linux__ -D__GLIBC__ -Iinclude -I"$work/clang/lib" lib docs/examples
}

# Words of mdoc and of Rust are no mistakes.
spelling() {
	git ls-files | grep -v -e '\.svg$' -e /corpus/ -e '^LICENSE' |
		xargs codespell -L crate,nd,fo
}

check "spelling" spelling
check "clang: set up" set_up clang
check "the fields of the shared state are GUARDED" guarded
check "clang -Wthread-safety: lib" ninja -C "$work/clang" lib/libpar-static.a \
	test/explore/calls.h
check "clang-tidy: lib, docs/examples, test" tidy
check "cppcheck: lib, docs/examples" cpp_check
check "gcc -fanalyzer: set up" set_up gcc -Dc_args=-fanalyzer
check "gcc -fanalyzer: everything" ninja -C "$work/gcc"
exit "$failed"
