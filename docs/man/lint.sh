#!/bin/sh
# SPDX-License-Identifier: MIT
# What mandoc finds wrong in the pages, but for names of pages of other packages,
# which may not be installed here. A reference to a page of ours has to be there.
#     lint.sh MANDOC PAGE...
set -u
mandoc=$1
shift
failed=0
for page; do
	# 0 to 4 are its opinions of the page; others, of itself.
	found=$("$mandoc" -Tlint "$page" 2>/dev/null)
	case $? in
	[0-4]) ;;
	*) failed=1 ;;
	esac
	found=$(echo "$found" | grep -v 'referenced manual not found')
	[ -z "$found" ] || {
		echo "$found"
		failed=1
	}
	for name in $(sed -n 's/^\.It Xr \(par[a-z_]*\) \([37]\).*/\1.\2/p; s/^\.Xr \(par[a-z_]*\) \([37]\).*/\1.\2/p' "$page"); do
		[ -f "$(dirname "$page")/$name" ] || {
			echo "$page: there is no $name"
			failed=1
		}
	done
done
exit $failed
