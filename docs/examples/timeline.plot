#!/bin/sh
# SPDX-License-Identifier: MIT
# The timeline of `timeline FILE.json` as a picture, by gnuplot.
#     timeline.plot FILE.json FILE.svg
set -eu
sed -n 's/.*"item \([0-9]*\)".*"tid": \([0-9]*\), "ts": \([0-9.]*\), "dur": \([0-9.]*\).*/\1 \2 \3 \4/p' "$1" |
	awk 'NR == 1 || $3 < first { first = $3 }
		{ line[NR] = $0 }
		END {
			for (i = 1; i <= NR; i++) {
				split(line[i], f, " ")
				print (f[3] - first) / 1000, f[2], (f[3] + f[4] - first) / 1000, f[1]
			}
		}' >"$2.data"
gnuplot <<END
	set terminal svg size 800,260 background "white" font "sans,13"
	set output "$2"
	set xlabel "ms"
	set ylabel "worker"
	set yrange [-0.6:*] reverse
	set ytics 1
	set style fill solid 0.4 border
	unset key
	plot "$2.data" using ((\$1 + \$3) / 2):2:1:3:(\$2 - 0.35):(\$2 + 0.35) with boxxyerror, \
		"$2.data" using ((\$1 + \$3) / 2):2:4 with labels font ",9"
END
rm "$2.data"
