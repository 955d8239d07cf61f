#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The command curl, many at a time: how the shell does it.
#     peer-xargs-curl: xargs -P WORKERS, a process and a connection for each page.
#     peer-curl-Z:     one curl -Z with --parallel-max WORKERS, at most 300.
# The bound has no meaning here. Context switches are not counted.
set -euo pipefail
workers=$2 items=$4
format='%{http_code} %{url_effective}\n'
curl=(curl -q --noproxy '*' -sS --no-progress-meter -o /dev/null -w "$format")

# URLs on standard input; "STATUS URL" a line on standard output.
fetch() {
	case $0 in
	*-xargs-curl) xargs -P "$workers" -n 1 "${curl[@]}" ;;
	*-curl-Z) sed 's/.*/url = &\noutput = \/dev\/null/' |
		"${curl[@]}" -Z --parallel-max "$workers" -K - ;;
	esac
}

case $0 in
*-curl-Z) [ "$workers" -le 300 ] || exit 77 ;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
began=$(date +%s%N)
counted=$(seq -f "$BENCH_URL%.0f" 0 $((items - 1)) | fetch |
	awk -F '[ /]' '$1 == 200 { count++; sum += $NF + 1 }
		END { printf "\"items\": %d, \"sum\": %d", count, sum }')
wall=$(($(date +%s%N) - began))
# User and system time of the children, as XmY.Zs. A subshell has its own times.
times >"$work/times"
cpu=$(tail -n 1 "$work/times" | tr 'ms' '  ' |
	awk '{ printf "%.0f", 1e9 * (60 * ($1 + $3) + $2 + $4) }')
echo "{$counted, \"wall_ns\": $wall, \"cpu_ns\": $cpu}"
