#!/bin/sh
# SPDX-License-Identifier: MIT
# Every piece of C in a page is cut from a file that is built and run:
#     <!-- from docs/examples/first.c -->         from its first #include on
#     <!-- from docs/examples/recipes.c [rate] --> from that mark to [end]
# stands before each block of C, and the block must be what the file says.
#     snippets.sh SOURCE PAGE...
set -eu
cd "$1"
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
count=0

# block PAGE N: the N-th block of C; a page's blocks are not indented.
block() {
	awk -v n="$2" '/^```c$/ { if (++i == n) { on = 1; next } }
		/^```$/ { on = 0 } on' "$1"
}

# cut FILE [TAG]: with the indent of the mark taken off.
cut_from() {
	if [ -z "${2-}" ]; then
		sed -n '/^#include/,$p' "$1"
		return
	fi
	awk -v tag="/* $2 */" '
		/\/\* \[end\] \*\// { on = 0 }
		on { sub("^" indent, ""); print }
		index($0, tag) { on = 1; indent = $0; sub(/[^\t ].*/, "", indent) }' "$1"
}

for page; do
	grep -n -B1 '^```c$' "$page" | sed -n 's/^[0-9]*-<!-- from \(.*\) -->$/\1/p' >"$work/marks"
	blocks=$(grep -c '^```c$' "$page" || :)
	marks=$(wc -l <"$work/marks")
	[ "$blocks" -eq "$marks" ] || {
		echo "$page: $blocks blocks of C, $marks with their file" >&2
		exit 1
	}
	n=0
	while read -r file tag; do
		n=$((n + 1))
		block "$page" "$n" >"$work/block"
		cut_from "$file" "$tag" >"$work/file"
		test -s "$work/file" || { echo "$page: nothing in $file $tag" >&2; exit 1; }
		diff -u --label "$page" --label "$file $tag" "$work/block" "$work/file"
		count=$((count + 1))
	done <"$work/marks"
done
echo "$count snippets"
