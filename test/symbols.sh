#!/bin/sh
# SPDX-License-Identifier: MIT
# The exported symbols are the functions the header declares: no more, no less.
# What the static library's files share among themselves is hidden, so that a
# shared library that takes them in does not export them, and has a prefix, so
# that a program may have such a name itself.
#     symbols.sh NM PAR_H PAR_MAP SHARED STATIC
set -eu
nm=$1 header=$2 map=$3 shared=$4 static=$5
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A declaration starts with PAR_API and may have its name on the same line only.
sed -n 's/^PAR_API .*[ *]\(par_[a-z_]*\)(.*/\1/p' "$header" | sort >"$work/header"
sed -n 's/^\tpar_\([a-z_]*\);$/par_\1/p' "$map" | sort >"$work/map"
"$nm" -D --defined-only "$shared" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' |
	sort >"$work/shared"
# of_static VISIBILITY: the global symbols of the static library that have it. On
# some processors readelf says more about a symbol, in brackets before the section.
of_static() {
	readelf -sW "$static" | sed 's/\[[^]]*\]//' |
		awk -v visibility="$1" \
			'$5 == "GLOBAL" && $6 == visibility && $7 != "UND" { print $8 }'
}
# What the static library adds is for its own files: hidden, or the header's.
of_static DEFAULT | sort >"$work/static"
# Objects for link-time optimisation hide theirs until the link. Those of clang are
# such that readelf cannot read them.
if grep -qx __gnu_lto_slim "$work/static" || ! readelf -sW "$static" >"$work/log" 2>&1; then
	cp "$work/header" "$work/static"
fi
if of_static HIDDEN | grep -v -e '^libpar_' -e '^__'; then # compilers have their own
	echo "no prefix: lib/names.sh does not see the prototype" >&2
	exit 1
fi

# Their version is the major one of the header, as is that of the soname.
major=$(sed -n 's/^#define PAR_VERSION "\([0-9]*\)\..*/\1/p' "$header")
grep -q "^PAR_$major {\$" "$map"

test -s "$work/header"
for list in map shared static; do
	diff "$work/header" "$work/$list" || {
		echo "the header (<) and $list (>) differ" >&2
		exit 1
	}
done
echo "$(wc -l <"$work/header") symbols"
