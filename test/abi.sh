#!/bin/sh
# SPDX-License-Identifier: MIT
# A program built with the last release, the newest tag behind this commit, runs with
# this library: the same soname, symbols and versions of symbols; and in the header the
# same types of the calls, and the same structures, each member with its offset and its
# type. What is new is no break, nor is growth at the end of a structure whose size
# par_open_sized() is told; all else needs a new major version, and so a new soname. (Of
# constants nothing is seen: the header has none but its version.)
#     test/abi.sh
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
	echo "$*" >&2
	exit 1
}

[ "$(git rev-parse --is-shallow-repository)" = false ] ||
	fail "a shallow clone, without the last release: git fetch --unshallow --tags"
version=$(sed -n 's/^#define PAR_VERSION "\(.*\)"$/\1/p' include/par.h)
# The release of PAR_VERSION itself may be to come.
for release in $(sed -n 's/^## \([0-9.]*\), .*/\1/p' docs/changes.md); do
	[ "$release" = "$version" ] ||
		git merge-base --is-ancestor "v$release" HEAD 2>/dev/null ||
		fail "docs/changes.md has $release, but no tag v$release is" \
			"behind this commit: git fetch --tags"
done
# Of a release itself: the one before.
if ! tag=$(git describe --tags --abbrev=0 --match 'v[0-9]*' HEAD^ 2>/dev/null) &&
	! tag=$(git describe --tags --abbrev=0 --match 'v[0-9]*' 2>/dev/null); then
	echo "no release yet: nothing to be compatible with"
	exit 0
fi
if [ "${tag%%.*}" != "v${version%%.*}" ]; then
	echo "a new major version: nothing to be compatible with (the last one is $tag)"
	exit 0
fi

# library SOURCE NAME
library() {
	meson setup "$work/$2" "$1" -Dtests=disabled -Dexamples=disabled \
		-Ddefault_library=shared >"$work/log" &&
		ninja -C "$work/$2" >>"$work/log" || {
		cat "$work/log"
		exit 1
	}
}

# facts SOURCE NAME: what a program may count on, into NAME.facts. A line is one fact;
# its first two words say about what.
facts() {
	shared=$work/$2/lib/libpar.so
	soname=$(objdump -p "$shared" | awk '$1 == "SONAME" { print $2 }')
	nm -D --defined-only "$shared" | awk -v soname="$soname" '
		$2 != "A" { sub(/@@/, "@", $3); print soname, $3 }' >"$work/$2.facts"
	# clang says how structures are laid out, and for that looks through every
	# typedef. So each call becomes the member of one.
	sed 's/@.*//; s/.* \(.*\)/struct call_\1 { __typeof__(\1) *call; };/' \
		"$work/$2.facts" >"$work/$2.c"
	# size_t and uint64_t are one type on the first and two on the second.
	for target in x86_64-linux-gnu arm-linux-gnueabihf; do
		clang --target=$target -ffreestanding -fsyntax-only -I "$1/include" \
			-include par.h -Xclang -fdump-record-layouts-complete \
			-Xclang -fdump-record-layouts-canonical \
			"$work/$2.c" >"$work/layouts"
		awk -v target=$target '
			/\| [a-z]/ { about = target " " $4; next }
			about !~ / (call_)?par_/ { next }
			/\|   / { $1 = about " " $1; print }
			/sizeof/ {
				gsub(/[^0-9]+/, " ")
				print about, $1, "| end"
				print about, "align", $2
			}' "$work/layouts" >>"$work/$2.facts"
		# If clang comes to write them in another way they are no facts any more.
		for fact in '0 | int (\*)(struct par \*) call' '[48] | end' 'align [48]'
		do
			grep -q "^$target call_par_close $fact\$" "$work/$2.facts" ||
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

git -c advice.detachedHead=false clone -q --branch "$tag" . "$work/$tag"
library "$work/$tag" old
library . new
facts "$work/$tag" old
facts . new
known old
known new
diff "$work/old.known" "$work/new.known" ||
	fail "a break: of what a program built with $tag counts on (<) this became (>)"
echo "compatible with $tag"
