#!/bin/sh
# SPDX-License-Identifier: MIT
# What the library does for an item, counted and not timed: its own instructions,
# and its calls into other libraries (mutex, condition variable, malloc ...), of
# pools whose action does nothing, under valgrind's callgrind. What it takes to
# open and close is in neither: a run with twice the items is compared to one.
#     test/instructions.sh             compares with test/instructions.kept
#     test/instructions.sh --update    writes it
# Medians of five runs; they vary by 10 %, on a busy machine more: how often a thread
# sleeps, and a record can be used again, depends on the schedule. Of instructions
# 15 % more than were kept, of calls 20 %, fail; so do 15 % and 20 % less, which
# belong into the file. Another compiler has counts of its own.
set -eu
export LC_ALL=C
cd "$(dirname "$0")/.."
kept=test/instructions.kept items=10000 mode=${1-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

meson setup "$work/build" --buildtype=release -Dtests=disabled \
	-Dexamples=disabled -Ddefault_library=shared >"$work/log" &&
	ninja -C "$work/build" >>"$work/log" || {
	cat "$work/log"
	exit 1
}
${CC:-cc} -O2 -Iinclude test/instructions.c -o "$work/run" \
	-L"$work/build/lib" -lpar -Wl,-rpath,"$work/build/lib"

# count OF WORKERS ITEMS KIND: "instructions calls" of libpar in such a run.
count() {
	valgrind --tool=callgrind --fair-sched=yes --compress-strings=no \
		--callgrind-out-file="$work/out" \
		"$work/run" "$@" >"$work/log" 2>&1 || {
		cat "$work/log" >&2
		exit 1
	}
	# ob= and cob= are the objects of the caller and the called. The line
	# after calls= has the cost of the called.
	awk '/^ob=/ { ours = /libpar\.so/; theirs = 0 }
		/^cob=/ { theirs = !/libpar\.so/ }
		/^calls=/ {
			split($1, called, "=")
			calls += ours && theirs ? called[2] : 0
			theirs = 0
			getline
			next
		}
		/^[-+*0-9]/ { own += ours ? $2 : 0 }
		END { printf "%d %d ", own, calls }' "$work/out"
}

# each WORKERS KIND: "instructions calls" for an item of those.
each() {
	workers=$1
	shift
	# Not into a pipe: a failure in one is none of the script's.
	count "$workers" $items "$@" >"$work/pair"
	count "$workers" $((2 * items)) "$@" >>"$work/pair"
	awk -v items=$items '{ print ($3 - $1) / items, ($4 - $2) / items }' "$work/pair"
}

# median COLUMN: of the five runs.
median() {
	cut -d' ' -f"$1" "$work/runs" | sort -n | sed -n 3p
}

while read -r name case; do
	for run in 1 2 3 4 5; do
		each $case
	done >"$work/runs"
	printf '%s %.0f %.1f\n' "$name" "$(median 1)" "$(median 2)"
done >"$work/counts" <<END
one-worker 1
four-workers 4
ordered 4 ordered
pushed 4 pushed
END

if [ "$mode" = --update ]; then
	{
		echo "# An item: instructions of the library, its calls into others"
		echo "# $(${CC:-cc} --version | head -n 1)"
		cat "$work/counts"
	} >"$kept"
fi
grep -v '^#' "$kept" | awk '
	function differs(now, before, more, less) {
		return now > more * before || now < less * before
	}
	NR == FNR { own[$1] = $2; calls[$1] = $3; n++; next }
	{
		seen++
		bad = differs($2, own[$1], 1.15, 0.85) ||
			differs($3, calls[$1], 1.2, 0.8)
		failed += bad
		printf "%-13s %4d instructions (kept: %d), %4.1f calls (kept: %.1f)%s\n",
			$1, $2, own[$1], $3, calls[$1], bad ? "  DIFFERS" : ""
	}
	END { exit failed || !n || seen != n }' - "$work/counts"
