#!/bin/sh
# SPDX-License-Identifier: MIT
# The rows of the guide about the interrupt are what heeds prints.
#     test-heeds.sh HEEDS GUIDE [names]
set -eu
heeds=$1 guide=$2
shift 2
"$heeds" "$@" | {
	rows=0
	while read -r row; do
		rows=$((rows + 1))
		grep -qF -- "$row" "$guide" || {
			echo "not in $guide: $row"
			exit 1
		}
	done
	echo "$rows rows"
	[ $rows -gt 0 ]
}
