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
cc=${CC:-cc}
# As in a release: assertions of the library are off, and cannot find the fault.
flags="-std=c11 -O2 -D_GNU_SOURCE -DHAVE_PTHREAD_SETNAME_NP"
flags="$flags -DPAR_WORD_CALLS -Wno-unused-parameter -I$root/include"
planted=$here/planted.txt instrumented='' races='' reason=
if [ "${PLANT_RACES-}" ]; then
	planted=$here/planted-races.txt
	instrumented="-fsanitize=thread -U_FORTIFY_SOURCE"
	instrumented="$instrumented -Dmemcpy=races_memcpy -Dmemset=races_memset"
	races='races races_tsan' reason=race:
fi

# build LIB: the explorer with this copy of the library in it, as LIB/explore. The
# library is one translation unit, which is built faster.
build() {
	(cd "$1" && sh names.sh ./*.h >names.h &&
		printf '#include "%s"\n' ./*.c >all &&
		$cc $flags $instrumented -DNDEBUG -include "$work/explore/calls.h" -I. \
			-x c -c all -o libpar.o &&
		$cc -o explore "$work"/explore/*.o libpar.o -pthread)
}

# hunt EXPLORE [COMMAND]: tries one command after another, this one and then the
# cheapest first, and prints the one that fails.
hunt() {
	for words in ${2:+"$2"} "random small 20 1" "pct small 20 1" \
		"faults small 2 1" "random small 500 100" "pct small 500 100" \
		"random all 60 1" "exhaust small 1 2000"; do
		timeout 300 "$1" $words >"$1.log" 2>&1 || {
			[ $? = 124 ] && echo hung >"$1.log"
			[ ! "$reason" ] || grep -q "FAILED: $reason" "$1.log" ||
				continue
			echo "$words"
			return 0
		}
	done
	return 1
}

# plant.sh --one WORK NUMBER: plants and hunts one fault, and prints its line.
if [ "${1-}" = --one ]; then
	work=$2 number=$3
	lib=$work/$number
	cp -r "$root/lib" "$lib"
	if ! awk -v number="$((number + 1))" -v lib="$lib" \
		-f "$here/plant.awk" "$planted" >"$lib/log" 2>&1 ||
		! build "$lib" >>"$lib/log" 2>&1; then
		tail -n 5 "$lib/log"
		echo "FAILED   $number. could not be planted"
		exit 0
	fi
	begun=$(date +%s.%N)
	if by=$(hunt "$lib/explore" "$(cat "$lib/first" 2>/dev/null)"); then
		took=$(echo "$begun $(date +%s.%N)" | awk '{ printf "%.1f", $2 - $1 }')
		why=$(sed -n '/FAILED: /{ s/.*FAILED: //p; q; }' "$lib/explore.log")
		echo "killed   $number. $(cat "$lib/name") [$by, $took s: ${why:-$(head -n 1 "$lib/explore.log")}]"
	else
		echo "survived $number. $(cat "$lib/name")"
	fi
	rm -r "$lib"
	exit 0
fi

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
mkdir "$work/explore"
sh "$root/lib/names.sh" "$root"/lib/*.h >"$work/explore/names.h" || exit 1
sh "$here/calls-h.sh" "$here/calls.modelled" >"$work/explore/calls.h" || exit 1
for file in main scenarios program program_callbacks program_calls \
	program_items scheduler strategy carrier access model model_sync model_system \
	model_threads model_words invariant $races; do
	$cc $flags -I"$root/lib" -I"$work/explore" -o "$work/explore/$file.o" \
		-c "$here/$file.c" || exit 1
done
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
