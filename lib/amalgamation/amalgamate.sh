#!/bin/sh
# SPDX-License-Identifier: MIT
# Writes par.c: the whole library as one file, for programs that take it into their
# own tree. What is ours alone is static there, and no macro and no tag of ours is
# left to a file that includes it.
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
 * Compile it as C11 or later, with par.h beside it, and link with -pthread. If it
 * becomes part of a module that is unloaded with dlclose(), link that with
 * -Wl,-z,nodelete: the handler of par_options.interrupt stays installed.
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

# The structures and enumerations of our own.
tags=$(sed -nE 's/^(struct|enum) ([a-z_]+) \{$/\2/p' "$@" | grep -vx par | sort -u | tr '\n' '|')
tags="(${tags%|})"

for file; do
	printf '\n/* %s */\n' "${file##*/}"
	case $file in
	*.h) header=1 ;;
	*) header=0 ;;
	esac
	# Without the licence, the guard of the header (its last #endif, too), and
	# the includes of other files.
	awk -v header=$header '
		NR == FNR { if (/^#endif/) last = FNR; next }
		FNR == 1 && /SPDX/ { next }
		header && (/^#(ifndef|define) PAR_[A-Z_]*_H$/ || FNR == last) { next }
		/^#include "/ || /^#include <par.h>/ { next }
		header && /^[a-z][a-z0-9_ ]*[ *][a-z_]*\(/ && !/^static/ {
			$0 = "PAR_PRIVATE " $0
		}
		{ print }' "$file" "$file" |
		sed -E "s/\b(struct|enum) $tags\b/\1 libpar_\2/g
			s/(GUARD\(capability\(\"lock\"\)\)) guard the_lock/\1 libpar_guard the_lock/"
done | cat -s

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
