#!/bin/sh
# SPDX-License-Identifier: MIT
# A program built with an earlier release of this major version runs with this library:
# the same soname, symbols and versions of symbols; and in the header the same types of
# the calls, and the same structures, each member with its offset and its type. What is
# new is no break, nor is growth at the end of a structure whose size par_open_sized() is
# told; all else needs a new major version, and so a new soname. (Of constants nothing is
# seen: the header has none but its version.)
#     test/abi.sh               compares with each release in test/old
#     test/abi.sh --release     puts this version there: its header and its symbols
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
	echo "$*" >&2
	exit 1
}

version=$(sed -n 's/^#define PAR_VERSION "\(.*\)"$/\1/p' include/par.h)
# The release of PAR_VERSION itself may be to come.
for release in $(sed -n "s/^## \(${version%%.*}\.[0-9.]*\), .*/\1/p" docs/changes.md); do
	[ "$release" = "$version" ] || [ -d "test/old/$release" ] ||
		fail "docs/changes.md has $release, and test/old has not"
done

# What the library exports: its soname, and a symbol with its version.
symbols() {
	meson setup "$work/build" -Dtests=disabled -Dexamples=disabled \
		-Ddefault_library=shared >"$work/log" &&
		ninja -C "$work/build" >>"$work/log" || {
		cat "$work/log" >&2
		exit 1
	}
	shared=$work/build/lib/libpar.so
	soname=$(objdump -p "$shared" | awk '$1 == "SONAME" { print $2 }')
	nm -D --defined-only "$shared" | awk -v soname="$soname" '
		$2 != "A" { sub(/@@/, "@", $3); print soname, $3 }'
}

# facts INCLUDE SYMBOLS NAME: what a program may count on, into NAME.facts. A line is
# one fact; its first two words say about what.
facts() {
	cp "$2" "$work/$3.facts"
	# clang says how structures are laid out, and for that looks through every
	# typedef. So each call becomes the member of one.
	sed 's/@.*//; s/.* \(.*\)/struct call_\1 { __typeof__(\1) *call; };/' \
		"$work/$3.facts" >"$work/$3.c"
	# size_t and uint64_t are one type on the first and two on the second.
	for target in x86_64-linux-gnu arm-linux-gnueabihf; do
		clang --target=$target -ffreestanding -fsyntax-only -I "$1" \
			-include par.h -Xclang -fdump-record-layouts-complete \
			-Xclang -fdump-record-layouts-canonical \
			"$work/$3.c" >"$work/layouts"
		awk -v target=$target '
			/\| [a-z]/ { about = target " " $4; next }
			about !~ / (call_)?par_/ { next }
			/\|   / { $1 = about " " $1; print }
			/sizeof/ {
				gsub(/[^0-9]+/, " ")
				print about, $1, "| end"
				print about, "align", $2
			}' "$work/layouts" >>"$work/$3.facts"
		# If clang comes to write them in another way they are no facts any more.
		for fact in '0 | int (\*)(struct par \*) call' '[48] | end' 'align [48]'
		do
			grep -q "^$target call_par_close $fact\$" "$work/$3.facts" ||
				fail "what clang says is not understood"
		done
	done
}

# known NAME: those of its facts that are about what the old library has too. Of a
# structure that may grow, those up to where the old one ended, padding included: a field
# that began in there would not show in the size that par_open_sized() is told.
known() {
	awk '
		{ about = $1 " " $2 }
		NR == FNR && $5 == "end" { end[about] = $3 }
		NR == FNR { old[about]; next }
		!(about in old) { next }
		$2 !~ /^par_(options|result|stats)$/ || $3 + 0 < end[about]
	' "$work/old.facts" "$work/$1.facts" | sort -k 1,2 -k 3n >"$work/$1.known"
}

symbols >"$work/symbols"
if [ "${1-}" = --release ]; then
	mkdir "test/old/$version"
	cp include/par.h "$work/symbols" "test/old/$version"
	exit 0
fi
facts include "$work/symbols" new
compatible=
for release in "test/old/${version%%.*}".*; do
	[ -d "$release" ] || break
	facts "$release" "$release/symbols" old
	known old
	known new
	diff "$work/old.known" "$work/new.known" ||
		fail "a break: of what a program built with ${release##*/} counts on (<)" \
			"this became (>)"
	compatible="$compatible ${release##*/}"
done
echo "compatible with${compatible:- nothing: a new major version}"
