#!/bin/sh
# SPDX-License-Identifier: MIT
# Every piece of C, or Python, in a page is cut from a file that is built and run:
#     <!-- from docs/examples/first.c -->         from its first #include on
#     <!-- from docs/examples/recipes.c [rate] --> from that mark to [end]
# stands before each block of C, and the block must be what the file says. In a manual
# page the same stands in a comment before each literal display.
#     snippets.sh SOURCE PAGE...
set -eu
cd "$1"
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
count=0

# The marks of a page, its number of blocks, and block PAGE N, the N-th; in a Markdown
# page they are not indented, in a manual page a backslash is written \e.
marks() {
	case $1 in
	*.[37]) grep -A1 '^\.\\" from ' "$1" |
		sed -n 'N; s/^.*" from \(.*\)\n\.Bd -literal$/\1/p; D' ;;
	*) grep -B1 '^```[cp]' "$1" | sed -n 's/^<!-- from \(.*\) -->$/\1/p' ;;
	esac
}
count_blocks() {
	grep -c -e '^```[cp]' -e '^\.Bd -literal$' "$1" || :
}
block() {
	awk -v n="$2" '/^```[cp]/ || /^\.Bd -literal$/ { if (++i == n) { on = 1; next } }
		/^```$/ || /^\.Ed$/ { on = 0 } on' "$1" |
		case $1 in
		*.[37]) sed 's/^\\&//; s/\\e/\\/g' ;;
		*) cat ;;
		esac
}

# cut FILE [TAG]: with the indent of the mark taken off.
cut_from() {
	if [ -z "${2-}" ]; then
		sed -n '/^#include/,$p' "$1"
		return
	fi
	awk -v tag="$2" '
		index($0, "[end]") { on = 0 }
		on { sub("^" indent, ""); print }
		index($0, tag) { on = 1; indent = $0; sub(/[^\t ].*/, "", indent) }' "$1"
}

for page; do
	marks "$page" >"$work/marks"
	blocks=$(count_blocks "$page")
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
