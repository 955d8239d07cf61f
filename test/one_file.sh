#!/bin/sh
# SPDX-License-Identifier: MIT
# par.c and par.h in a program's own tree: they compile without a flag and without a
# warning, export what the header declares and nothing else, and leave no macro and no
# tag to a file that includes par.c.
#     one_file.sh run|build PAR.C PAR.H HEADER.C COMPILER...
# build: what the compiler makes does not run here.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mode=$1
cp "$2" "$3" "$work"
cp "$4" "$work/program.c"
shift 4
cd "$work"

"$@" -c par.c -o plain.o 2>warnings
for standard in c11 gnu17; do
	for level in -O0 -O2 '-O2 -DNDEBUG'; do
		# shellcheck disable=SC2086 # words
		"$@" -std=$standard $level -Wall -Wextra -Wpedantic -Wshadow \
			-Wstrict-prototypes -Wmissing-prototypes -Wvla -Wconversion \
			-Wundef -Wwrite-strings -Werror -c par.c -o par.o
	done
done
test ! -s warnings

sed -n 's/^PAR_API .*[ *]\(par_[a-z_]*\)(.*/\1/p' par.h | sort >declared
# A compiler puts in some of its own, which begin with __.
nm -g --defined-only plain.o | awk '$3 !~ /^__/ { print $3 }' | sort >exported
test -s declared
diff declared exported

"$@" -I. program.c plain.o -pthread -o program
[ "$mode" = build ] || ./program
# A compiler whose objects c++ can link.
if [ "$mode" = run ] && command -v c++ >/dev/null && case $* in
	*cc | *clang) [ "${1##*/}" != musl-gcc ] ;;
	*) false ;;
	esac; then
	c++ -x c++ -std=c++11 -I. -c program.c -o program.o
	c++ program.o plain.o -pthread -o program
	./program
fi

# Names that the library has inside.
cat >includer.c <<'END'
#include "par.c"

struct ring { int of_mine; };
struct item { struct ring ring; };
enum watch { MINE = 7 };

#if defined(GUARDED) || defined(NEEDS_LOCK) || defined(CLOCK_NEVER) || defined(PAR_PRIVATE)
#error "a macro was left"
#endif

int main(void)
{
	const struct item item = { .ring = { MINE } };
	struct par *pool;
	struct par_options none = { .workers = 0 };

	return item.ring.of_mine != 7 || par_open(&pool, &none) != -EINVAL;
}
END
"$@" -I. includer.c -pthread -o includer
[ "$mode" = build ] || ./includer
echo "$(wc -l <par.c) lines, $(wc -l <exported) symbols"
