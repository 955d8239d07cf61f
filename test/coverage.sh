#!/bin/sh
# SPDX-License-Identifier: MIT
# How much of lib/ the tests reach: its lines, its branches, and its conditions
# (MC/DC: those that were seen to decide alone). Prints the figures, and what is not
# reached, and fails where that is a line or a branch. The library is built as for
# a release: an assertion is no branch.
#     coverage.sh [arguments of meson test]
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d "$root/build-coverage.XXXXXX")
trap 'rm -rf "$work"' EXIT

quietly() {
	"$@" >"$work/log" 2>&1 || {
		cat "$work/log"
		exit 1
	}
}

# Counted is the library alone: clang knows a static function by the last part of
# its file's name, and would take one in test/open.c for its namesake in lib/open.c.
cat >"$work/counted" <<END
[clang]
source:../lib/*=allow
source:$work/../lib/*=allow
default:skip
END
count="-fprofile-instr-generate -fcoverage-mapping -fcoverage-mcdc"
count="$count -fprofile-update=atomic -fprofile-list=$work/counted"
# A file for each process, and for each library in it; a fork adds to its parent's.
export LLVM_PROFILE_FILE="$work/%p-%m.profraw"

export CC=clang-19
quietly meson setup "$work" "$root" --buildtype=release -Ddefault_library=both \
	-Dtests=enabled -Dexamples=disabled \
	-Dc_args="$count" -Dc_link_args=-fprofile-instr-generate
quietly ninja -C "$work"
grep '^\.\./lib/.*unsupported MC/DC' "$work/log" || true # not among the conditions
quietly meson test -C "$work" --timeout-multiplier 4 --print-errorlogs "$@"
quietly llvm-profdata-19 merge -o "$work/profile" "$work"/*.profraw

# Of the library, and of the explorer's copy, in which the calls have other names.
for program in lib/libpar.so test/explore/explore; do
	llvm-cov-19 show "$work/$program" -instr-profile="$work/profile" \
		-show-branches=count -show-mcdc -show-instantiations=0 "$root/lib"
done >"$work/shown"

# Both have a line, and each file that includes the header it is in: it is one here.
awk -v root="$root/" '
function missed(where, what) {
	print where ": " what | sort
}
function figure(name, count, total) {
	printf "%s: %d of %d\n", name, total - count, total
}
BEGIN { sort = "sort -t: -k1,1 -k2n" }
/^\// { file = substr($0, length(root) + 1) }
/^ *[0-9]+\| *[0-9]/ {
	split($0, field, "|")
	reached[file field[1] + 0] += field[2]
}
/^  \|  Branch .*True: / {
	split($0, field, /[(): ,\]]+/)
	branch = file field[4] ":" field[5]
	branches[branch]
	true[branch] += field[7]
	false[branch] += field[9]
}
/^  \| +Condition C[0-9]+ --> / {
	split($0, field, /[(): ]+/)
	condition[field[4] "-Pair:"] = file field[6] ":" field[7]
}
/^  \|  C[0-9]+-Pair: / { decides[condition[$2]] += !/not covered/ }
END {
	for (line in reached) {
		lines++
		if (reached[line] == 0) {
			unreached++
			missed(line, "not reached")
		}
	}
	for (branch in branches) {
		sides += 2
		if (true[branch] == 0) {
			untaken++
			missed(branch, "never true")
		}
		if (false[branch] == 0) {
			untaken++
			missed(branch, "never false")
		}
	}
	for (place in decides) {
		conditions++
		if (!decides[place]) {
			undecided++
			missed(place, "never decides alone")
		}
	}
	close(sort)
	figure("lines", unreached, lines)
	figure("branches", untaken, sides)
	figure("conditions that decide alone (MC/DC)", undecided, conditions)
	exit !lines || unreached || untaken
}' "$work/shown"
