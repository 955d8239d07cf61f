#!/bin/sh
# SPDX-License-Identifier: MIT
# Writes par.c: the whole library as one file, for programs that take it into their
# own tree. What is ours alone is static there. No macro and no tag of ours is left to
# a file that includes it, but the names of functions and of constants are.
#     amalgamate.sh VERSION FILE... > par.c      the files in the order of the layers
set -eu
export LC_ALL=C
version=$1
shift

cat <<END
/* SPDX-License-Identifier: MIT */
/*
 * par $version: runs many blocking jobs at once, and hands back the results as they
 * come. This is the whole library in one file, written by amalgamate.sh from the
 * files that are named below.
 *
 * Compile it as C11 or later, with par.h beside it, and link with -pthread. (A file
 * that includes it does so before any other header.) If it becomes part of a module
 * that is unloaded with dlclose(), link that with -Wl,-z,nodelete: the handler of
 * par_options.interrupt stays installed. In a shared library, -DPAR_API= and
 * -fvisibility=hidden keep its calls to that library.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#define PAR_GNU_SOURCE
#endif
#ifndef PAR_PRIVATE
#define PAR_PRIVATE static
#endif

#include "par.h"
END

# The files without the licence, the guard of a header (its last #endif, too), the
# includes of other files, and empty lines in a row. The structures and enumerations of
# our own get a prefix.
awk '
	function prefixed(line,    done, word, n) {
		while (match(line, /(struct|enum) [a-z_]+/)) {
			n = split(substr(line, RSTART, RLENGTH), word, " ")
			done = done substr(line, 1, RSTART - 1) word[1] " " \
				(word[n] in ours ? "libpar_" : "") word[n]
			line = substr(line, RSTART + RLENGTH)
		}
		return done line
	}
	FNR == 1 { pass = FILENAME in seen ? 2 : 1; seen[FILENAME] }
	pass == 1 {
		if (/^(struct|enum) [a-z_]+ \{$/ && $2 != "par")
			ours[$2]
		if (/^#endif/)
			last[FILENAME] = FNR
		next
	}
	FNR == 1 {
		header = FILENAME ~ /\.h$/
		name = FILENAME
		sub(/.*\//, "", name)
		printf "\n/* %s */\n", name
		empty = 0
	}
	FNR == 1 && /SPDX/ { next }
	header && (/^#(ifndef|define) PAR_[A-Z_]*_H$/ || FNR == last[FILENAME]) { next }
	/^#include "/ || /^#include <par.h>/ { next }
	/^$/ { empty = 1; next }
	empty { print ""; empty = 0 }
	header && /^[a-z][a-z0-9_ ]*[ *][a-z_]*\(/ && !/^static/ {
		$0 = "PAR_PRIVATE " $0
	}
	/GUARD\(capability/ { sub(/guard the_lock/, "libpar_guard the_lock") }
	{ print prefixed($0) }' "$@" "$@"

printf '\n'
sed -nE 's/^#define ([A-Z_]+).*/\1/p' "$@" | grep -v '^PAR_[A-Z_]*_H$' | sort -u |
	sed 's/^/#undef /'
cat <<'END'
#undef PAR_PRIVATE
#ifdef PAR_GNU_SOURCE
#undef _GNU_SOURCE
#undef PAR_GNU_SOURCE
#endif
END
