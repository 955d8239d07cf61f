#!/bin/sh
# SPDX-License-Identifier: MIT
# The first program says what the loop says, and it is C and C++ of each year.
#     test-first.sh FIRST FIRST-LOOP INCLUDE
set -eu
first=$1 loop=$2 include=$3
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

printf 'localhost\n127.0.0.1\n::1\n' >"$work/names"
"$loop" <"$work/names" | sort >"$work/wanted"
"$first" <"$work/names" | sort | diff "$work/wanted" -
grep -q '^127.0.0.1: found$' "$work/wanted"

# compiles COMPILER ARGUMENT...
compiles() {
	"$@" -Wall -Wextra -Werror -D_POSIX_C_SOURCE=200809L -I"$include" \
		-fsyntax-only "$here/first.c"
	echo "$*"
}
compiles "${CC:-cc}" -std=c99
compiles "${CC:-cc}" -std=c11
if command -v "${CXX:-c++}" >/dev/null; then
	for year in 11 14 17 20; do
		compiles "${CXX:-c++}" "-std=c++$year" -x c++
	done
fi
