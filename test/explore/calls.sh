#!/bin/sh
# SPDX-License-Identifier: MIT
# Every call that the library makes is one that the explorer models (calls.modelled)
# or one that can neither block nor fail (calls.allowed).
#     calls.sh LIBPAR.A
set -eu
here=$(dirname "$0")
unknown=$(
	{
		nm -A --defined-only "$1" | awk '{ print "known", $NF }'
		awk '{ print "known", $1 }' "$here/calls.modelled"
		awk '!/^#/ && NF { print "known", $1 }' "$here/calls.allowed"
		# what a sanitizer or a coverage build puts in is not the library's
		# nor are a compiler's own functions for a processor; with 64 bits of
		# time on 32, or with checks of sizes, a call has another name
		nm -A -u "$1" | awk '{ print "called", $NF }' |
			grep -vE ' __(asan|tsan|ubsan|llvm|gcov|sancov|aarch64|aeabi|m68k|sync)_' |
			sed -E 's/ __(clock_gettime|pthread_cond_timedwait|fcntl)(_time)?64$/ \1/; s/ __([a-z]+)_chk$/ \1/'
	} | awk '$1 == "known" { known[$2]; next }
		!($2 in known) && !seen[$2]++ { print $2 }'
)
[ -z "$unknown" ] || {
	echo "the explorer does not know:" $unknown
	exit 1
}
