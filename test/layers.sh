#!/bin/sh
# SPDX-License-Identifier: MIT
# The files of lib/ are layers: each includes and calls only files that stand
# earlier in the list of lib/meson.build. Draws who includes and calls whom, in that
# order; fails if a file uses a later one, or has no place in the list. So there is
# no circle either.
# Also: no file is longer than 350 lines, no function than 40.
#     layers.sh NM LIB LIBPAR.A NAME...
set -eu
nm=$1 lib=$2 archive=$3
shift 3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# FILE includes FILE, without the endings.
for file in "$lib"/*.[ch]; do
	name=$(basename "$file")
	sed -n "s/^[ \t]*#[ \t]*include[ \t]*[\"<]\([a-z_]*\)\.h[\">].*/\1/p" "$file" |
		while read -r included; do
			[ ! -f "$lib/$included.h" ] ||
				echo "${name%.*} includes $included"
		done
done | awk '$1 != $3' | sort -u >"$work/arrows"
# FILE calls FILE: an undefined symbol of one object that another defines.
"$nm" -A "$archive" | awk '
	{
		object = $1
		sub(/\.c\.o:.*/, "", object)
		sub(/.*[\/:]/, "", object)
		sub(/^(\.\._)*lib_/, "", object)
	}
	$(NF - 1) == "T" { file[$NF] = object }
	$(NF - 1) == "U" { calls[object " " $NF] }
	END {
		for (call in calls) {
			split(call, part, " ")
			if (part[2] in file)
				print part[1], "calls", file[part[2]]
		}
	}' | sort -u >"$work/calls"
test -s "$work/calls" || {
	echo "no calls found in $archive" >&2
	exit 1
}

awk 'FNR == 351 { print FILENAME " is longer than 350 lines"; bad = 1 }
	/^{/ { begin = FNR }
	/^}/ && begin && FNR - begin > 41 {
		print FILENAME ":" begin ": a function is longer than 40 lines"
		bad = 1
	}
	/^}/ { begin = 0 }
	END { exit bad }' "$lib"/*.[ch]

cat "$work/arrows" "$work/calls" | awk -v layers="$*" -v lib="$lib" '
	BEGIN {
		count = split(layers, layer, " ")
		for (i = 1; i <= count; i++)
			height[layer[i]] = i
	}
	{
		if (!($1 in height)) {
			print "has no place in lib/meson.build: " $1
			bad = 1
		} else if (!($3 in height) || height[$3] >= height[$1]) {
			print "uses a later one: " $0
			bad = 1
		}
		list[$1, $2] = list[$1, $2] " " $3
		arrows++
	}
	END {
		for (i = 1; i <= count; i++)
			printf "%-12s includes%s%s%s\n", layer[i],
				list[layer[i], "includes"],
				list[layer[i], "calls"] ? "; calls" : "",
				list[layer[i], "calls"]
		printf "%d files, %d arrows to earlier ones\n", count, arrows
		exit bad
	}'
