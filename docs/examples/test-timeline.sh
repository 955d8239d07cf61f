#!/bin/sh
# SPDX-License-Identifier: MIT
# Each item stands in the file once, no worker does two at a time, and it is JSON. The
# times have no fraction of a nanosecond, but a sum of two has one in floating point.
#     test-timeline.sh TIMELINE
set -eu
timeline=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"$timeline" -n 3 out.json
sed -n 's/.*"item \([0-9]*\)".*"tid": \([0-9]*\), "ts": \([0-9.]*\), "dur": \([0-9.]*\).*/\2 \3 \4 \1/p' out.json |
	sort -n -k 1,1 -k 2,2 >spans
cut -d' ' -f4 spans | sort -n >items
seq 0 39 | diff - items
awk '$1 > 2 { print "worker " $1 " of 3"; bad = 1 }
	$1 == worker && $2 < end - 0.0005 { print "two at a time: " $0; bad = 1 }
	{ worker = $1; end = $2 + $3 }
	END { exit bad }' spans
status=0
"$timeline" /dev/full 2>errors || status=$?
[ $status -eq 2 ]
! command -v python3 >/dev/null || python3 -m json.tool out.json >/dev/null
