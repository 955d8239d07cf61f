#!/bin/sh
# SPDX-License-Identifier: MIT
# Only lib/system.c goes beyond POSIX.1-2008 (with XSI): the other files compile
# without what systems add to that.
#     posix.sh NAMES.H COMPILER...
set -eu
names=$(dirname "$1")
shift
here=$(cd "$(dirname "$0")/.." && pwd)
for file in "$here"/lib/*.c; do
	[ "${file##*/}" = system.c ] ||
		"$@" -std=c11 -D_XOPEN_SOURCE=700 -Wall -Wextra -Werror \
			-fsyntax-only -I"$names" -I"$here/include" "$file"
done
