#!/bin/sh
# SPDX-License-Identifier: MIT
# Plants the faults of planted.txt in copies of lib/, one fault per copy, and runs
# the explorer on each copy. Prints one line per fault (killed: the explorer found
# it) and `n of n killed`. Exits 0 if all faults were found, and fault 0, which
# changes nothing, was not.
#     plant.sh [NUMBER...]            these faults alone, counted from 0
#     plant.sh --races [NUMBER...]    those of planted-races.txt, and explore-races;
#                                     only a race that it reports counts
set -u
if [ "${1-}" = --races ]; then
	shift
	export PLANT_RACES=yes
fi
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
. "$here/hunt.sh"
patience=300 reason='' races=''
planted=$here/planted.txt
if [ "${PLANT_RACES-}" ]; then
	planted=$here/planted-races.txt
	instrumented="-fsanitize=thread -U_FORTIFY_SOURCE"
	instrumented="$instrumented -Dmemcpy=races_memcpy -Dmemset=races_memset"
	races='races races_tsan' reason=race:
fi

# plant.sh --one WORK NUMBER: plants and hunts one fault, and prints its line.
if [ "${1-}" = --one ]; then
	work=$2 number=$3
	lib=$work/$number
	cp -r "$root/lib" "$lib"
	if ! awk -v number="$((number + 1))" -v lib="$lib" \
		-f "$here/plant.awk" "$planted" >"$lib/log" 2>&1 ||
		! { compile "$lib" && $cc -o "$lib/explore" "$work"/explore/*.o \
			"$lib/libpar.o" -pthread; } >>"$lib/log" 2>&1; then
		tail -n 5 "$lib/log"
		echo "FAILED   $number. could not be planted"
		exit 0
	fi
	begun=$(date +%s.%N)
	first=$(cat "$lib/first" 2>/dev/null)
	# The cheapest first.
	if by=$(hunt "$lib/explore" ${first:+"$first"} "random small 20 1" \
		"pct small 20 1" "faults small 2 1" "random small 500 100" \
		"pct small 500 100" "random all 60 1" "exhaust small 1 2000"); then
		took=$(echo "$begun $(date +%s.%N)" | awk '{ printf "%.1f", $2 - $1 }')
		echo "killed   $number. $(cat "$lib/name") [$by, $took s: $(why "$lib/explore.log")]"
	else
		echo "survived $number. $(cat "$lib/name")"
	fi
	rm -r "$lib"
	exit 0
fi

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
prepare "$work/explore" $outside $inside $races || exit 1
if [ $# -eq 0 ]; then
	set -- $(seq 0 $(($(grep -c '^= ' "$planted") - 1)))
fi
printf '%s\n' "$@" | xargs -n 1 -P "$(nproc)" "$0" --one "$work" |
	tee "$work/lines"
awk '$2 == "0." { control = $1; next }
	{ planted++; killed += $1 == "killed" }
	END {
		if (control == "killed")
			print "and the library as it is fails, too"
		print killed + 0 " of " planted + 0 " killed"
		exit control == "killed" || killed != planted
	}' "$work/lines"
