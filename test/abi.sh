#!/bin/sh
# SPDX-License-Identifier: MIT
# The binary interface is compatible with the last release's, the newest tag that is
# behind this commit, by libabigail: the functions and the structures of the header. A
# structure that grows at its end is no break (par_open_sized); all else that breaks a
# program built before needs a new soname.
#     test/abi.sh
set -eu
cd "$(dirname "$0")/.."
[ "$(git rev-parse --is-shallow-repository)" = false ]
if [ -z "$(git tag --merged HEAD)" ]; then
	echo "no release yet: nothing to be compatible with"
	exit 0
fi
# Of a release itself: the one before.
tag=$(git describe --tags --abbrev=0 HEAD^ 2>/dev/null) ||
	tag=$(git describe --tags --abbrev=0)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# library SOURCE NAME
library() {
	meson setup "$work/$2" "$1" --buildtype=debug -Dtests=disabled \
		-Dexamples=disabled -Ddefault_library=shared >"$work/log" &&
		ninja -C "$work/$2" >>"$work/log" || {
		cat "$work/log"
		exit 1
	}
}
git -c advice.detachedHead=false clone -q --branch "$tag" . "$work/$tag"
library "$work/$tag" old
library . new
cat >"$work/grows" <<'END'
[suppress_type]
	type_kind = struct
	name_regexp = ^par_(options|result|stats)$
	has_data_member_inserted_at = end
END
abidiff --suppressions "$work/grows" --no-added-syms --drop-private-types --headers-dir1 "$work/$tag/include" \
	--headers-dir2 include "$work/old/lib/libpar.so" "$work/new/lib/libpar.so"
echo "compatible with $tag"
