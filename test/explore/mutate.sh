#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes every mutant of lib/ that mutate.awk knows, one per copy, and runs the explorer
# on each for some ten seconds. The file `survivors` names those that it does not find,
# each with a reason. Exits 1 if one survives that is not there.
#     mutate.sh [FILE]           all; verdicts are appended to FILE (by default
#                                build-mutants/results), and those there are not
#                                made again: a run that was stopped goes on. A new FILE
#                                begins with what was kept
#     mutate.sh --keep [FILE]    keeps the verdicts in the file `judged`: for each a hash
#                                of the name, which has the line that was changed
#     mutate.sh --only TEXT      those whose name contains TEXT
#     mutate.sh --slice SECONDS SEED
#                                as many as fit into that time, at random
#     mutate.sh --listed         those in `survivors`
#     mutate.sh --list           prints all names
#     mutate.sh --check          whether each name in `survivors` is still a mutant, and
#                                how many mutants were judged
#     mutate.sh --show NAME      the change
#     mutate.sh --suite [FILE]   runs the tests of the suites units and chapters on each
#                                that has survived in FILE and is not in `survivors`,
#                                one after the other; verdicts are appended to
#                                FILE.suite, as above
#     mutate.sh --asan [FILE]    the same with sanitizers, on those that have survived in
#                                FILE.suite; verdicts go to FILE.asan
#     mutate.sh --lines [FILE]   what is not in `survivors`: lines for it, with the test
#                                that fails as the reason, or `?`
# So many at once: $JOBS, by default one for each processor. A verdict is
#     killed      the explorer fails, crashes or hangs; a test does, twice
#     unsure      a test does, once
#     survived    nothing fails; or the explorer cannot see the change at all (word.h)
#     equivalent  the compiler makes the same object
#     uncompiled  the compiler refuses it
set -u
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
. "$here/hunt.sh"
patience=60 reason=''
suites='--suite units --suite chapters --no-suite one-file'
jobs=${JOBS:-$(nproc)}
kept=$here/survivors judged=$here/judged
tab=$(printf '\t')

# change AT GONE NEW <FROM >TO. Lines keep their numbers.
change() {
	new=$3 awk -v at="$1" -v gone="$2" '{ text = text $0 "\n" }
		END {
			was = substr(text, at + 1, gone)
			printf "%s%s", substr(text, 1, at), ENVIRON["new"]
			for (lines = gsub(/\n/, "", was); lines > 0; lines--)
				print ""
			printf "%s", substr(text, at + 1 + gone)
		}'
}

# copy NUMBER: a copy of lib/ with this mutant of $work/list: $lib. Sets file, name.
copy() {
	lib=$work/$1
	rm -rf "$lib"
	cp -r "$root/lib" "$lib"
	IFS=$tab read -r file at gone name new <<-END
		$(sed -n "$1p" "$work/list")
	END
	change "$at" "$gone" "$new" <"$root/lib/$file" >"$lib/$file"
}

# What the explorer does not see: words that are no calls.
plain() {
	(cd "$1" && $cc $flags -UPAR_WORD_CALLS -DNDEBUG -I. -x c -c all -o plain.o)
}

# search EXPLORE: ten seconds; the cheapest first. It may write, allocate or count
# without an end.
search() {
	(ulimit -c 0 && ulimit -t 15 && ulimit -f 100000 && ulimit -v 8000000 &&
		hunt "$1" "random small 20 1" "pct small 20 1" "faults small 2 1" \
			"random small 100 100" "pct small 100 100")
}

# judge NUMBER: prints a verdict, the object's checksum, the name, and how.
judge() {
	copy "$1"
	verdict=survived sum=- how=''
	exec 2>"$lib/log"
	if ! compile "$lib"; then
		verdict=uncompiled
	elif cmp -s "$lib/libpar.o" "$work/control/libpar.o"; then
		if grep -q PAR_WORD_CALLS "$lib/$file" && plain "$lib" &&
			! cmp -s "$lib/plain.o" "$work/control/plain.o"; then
			how='not seen by the explorer'
		else
			verdict=equivalent
		fi
	else
		parts=$work/explore
		if [ "${file%.h}" != "$file" ]; then
			parts=$lib/parts
			cp -r "$work/explore" "$parts"
			cp "$lib/names.h" "$parts"
			objects "$lib" "$parts" $inside || verdict=uncompiled
		fi
		sum=$(cat "$lib/libpar.o" "$parts"/*.o | cksum | tr ' ' -)
		same=$(awk -F'\t' -v sum="$sum" '
			$2 == sum { print $1 "\t" sum; exit }' "$results")
		if [ $verdict = uncompiled ]; then
			sum=-
		elif [ "$same" ]; then
			verdict=${same%"$tab"*}
			how="the same object"
		elif ! $cc -o "$lib/explore" "$parts"/*.o "$lib/libpar.o" -pthread; then
			verdict=uncompiled
		elif by=$(search "$lib/explore"); then
			verdict=killed
			how="$by: $(why "$lib/explore.log" | tr '\t' ' ')"
		fi
	fi
	printf '%s\t%s\t%s\t%s\n' "$verdict" "$sum" "$name" "$how" | tee -a "$results"
	rm -r "$lib"
}

# tests WORD...: these tests, or suites, on the library in $work/tree. Prints the test
# that fails.
tests() {
	case $1 in
	--*) made=$programs ;;
	*) made=$(printf 'test/test-%s ' "$@") ;;
	esac
	ninja -C "$work/build" $made >"$work/log" 2>&1 || {
		echo uncompiled
		return 0
	}
	(ulimit -c 0 && meson test -C "$work/build" --no-rebuild --maxfail 1 \
		--num-processes "$jobs" --setup "$setup" --timeout-multiplier "$patience" \
		"$@" >"$work/log" 2>&1) &&
		return 1
	awk '/ (FAIL|ERROR|TIMEOUT|INTERRUPT) / {
		sub(/^.* \/ /, "")
		print $1 ($2 == "TIMEOUT" ? " hangs" : "")
		exit
	}' "$work/log"
}

# Those that have found most mutants of $file.
likely() {
	cat "$kept" "$results" | awk -F'\t' -v file="$file " '
		NF == 2 && index($1, file) == 1 && sub(/^suite: /, "", $2) { n[$2]++ }
		$1 == "killed" && index($3, file) == 1 { sub(/ .*/, "", $4); n[$4]++ }
		END { for (test in n) print n[test], test }' |
		sort -rn | head -n 3 | cut -d ' ' -f 2
}

# judge_by_tests NUMBER
judge_by_tests() {
	copy "$1"
	cp "$lib/$file" "$work/tree/lib/$file"
	verdict=survived
	first=$(likely)
	{ [ "$first" ] && how=$(tests $first); } ||
		how=$(tests $suites) && {
		verdict=killed
		if [ "$how" = uncompiled ]; then
			verdict=uncompiled
		elif ! tests "${how% hangs}" >"$work/again"; then
			verdict=unsure
		fi
	}
	cp "$root/lib/$file" "$work/tree/lib/$file"
	printf '%s\t%s\t%s\t%s\n' "$verdict" - "$name" "$how" | tee -a "$results"
	rm -r "$lib"
}

# The library and its tests, in $work/build; what is changed is the copy $work/tree.
prepare_tests() {
	mkdir "$work/tree" &&
		tar -C "$root" -cf - --exclude='./build*' --exclude=./.git . |
		tar -C "$work/tree" -xf - &&
		meson setup "$work/build" "$work/tree" -Dtests=enabled \
			-Dexamples=disabled $sanitize >"$work/log" 2>&1 || return 1
	programs=$(meson introspect --targets "$work/build" |
		tr ',' '\n' | sed -n 's;.*"id": "[^"]*\(test-[a-z]*\)@exe".*;test/\1;p' |
		grep -v test-header | sort -u)
	[ "$programs" ] && ! how=$(tests $suites) || {
		cat "$work/log"
		echo "the library as it is fails, too: $how"
		return 1
	}
}

# hashes SEED <LINES >LINES: before each of them a hash of its text.
hashes() {
	awk -v seed="$1" '
		BEGIN { for (i = 32; i < 127; i++) code[sprintf("%c", i)] = i }
		{
			hash = seed
			for (i = 1; i <= length($0); i++)
				hash = (hash * 65599 + code[substr($0, i, 1)]) % 2147483647
			print hash "\t" $0
		}'
}

# The numbers of all, in the order of a hash.
shuffle() {
	cut -f 4 "$work/list" | hashes "$1" | awk -F'\t' '{ print $1, NR }' |
		sort -n | cut -d ' ' -f 2
}

# The names of all, each with two hashes: one alone would mean two of them at times.
signed() {
	cut -f 4 "$work/list" | hashes 1 | hashes 2 |
		awk -F'\t' '{ printf "%08x%08x\t%s\n", $1, $2, $3 }'
}

# Verdicts, as in $results, from `judged`.
recall() {
	signed | awk -F'\t' '/^#/ { next }
		FILENAME == ARGV[1] { verdict[$1] = $2; next }
		$1 in verdict { print verdict[$1] "\t-\t" $2 "\tkept" }' "$judged" -
}

# begin FILE: if it is not there, it begins with what was kept.
begin() {
	mkdir -p "$(dirname "$1")" && { [ -e "$1" ] || recall >"$1"; }
}

# `judged`, from `judged` and $results.
keep() {
	recall >"$work/recalled"
	echo '# The verdicts of mutate.sh: a hash of the name, a tab, and the verdict.'
	signed | awk -F'\t' 'FILENAME != "-" { verdict[$3] = $1; next }
		$2 in verdict { print $1 "\t" verdict[$2] }' "$work/recalled" "$results" - |
		sort
}

# Lines of $work/list that have no verdict in $results, from their numbers.
fresh() {
	awk -F'\t' 'FILENAME == ARGV[1] { judged[$3]; next }
		FILENAME == ARGV[2] { name[FNR] = $4; next }
		!(name[$1] in judged)' "$results" "$work/list" -
}

# The names in `survivors` that are no mutants, or are there twice, or have no reason.
check() {
	awk -F'\t' 'FILENAME == ARGV[1] { mutant[$4]; next }
		/^#/ || !NF { next }
		{ n++ }
		!($1 in mutant) { print "no such mutant: " $1; bad = 1 }
		seen[$1]++ { print "twice: " $1; bad = 1 }
		NF != 2 || $2 !~ /^[a-z]+: ./ { print "no reason: " $1; bad = 1 }
		END { print n + 0 " survivors are known"; exit bad }' "$work/list" "$kept"
	bad=$?
	recall | awk -v all="$(wc -l <"$work/list")" '
		END { print NR " of " all " mutants were judged" }'
	return $bad
}

# What $results says that `survivors` does not.
compare() {
	awk -F'\t' 'FILENAME == ARGV[1] { if (!/^#/) known[$1]; next }
		FILENAME == ARGV[2] { mutant[$4]; mutants++; next }
		!($3 in mutant) { next }
		{ count[$1]++ }
		$1 == "survived" && !($3 in known) { print "not in survivors: " $3; bad = 1 }
		$1 != "survived" && $3 in known { print $1 ", but in survivors: " $3 }
		END {
			print mutants " mutants: " count["uncompiled"] + 0 " uncompiled, " \
				count["equivalent"] + 0 " equivalent, " \
				count["killed"] + 0 " killed, " \
				count["survived"] + 0 " survived"
			exit bad
		}' "$kept" "$work/list" "$results"
}

# Lines for `survivors`.
lines() {
	awk -F'\t' 'FILENAME == ARGV[1] { if (!/^#/) known[$1]; next }
		FILENAME == ARGV[2] { mutant[$4]; next }
		FILENAME == ARGV[3] || FILENAME == ARGV[4] {
			test[$3] = $1 != "killed" ? "? no test fails" : \
				(FILENAME == ARGV[3] ? "suite: " : "asan: ") $4
			next
		}
		$1 == "survived" && $3 in mutant && !($3 in known) {
			print $3 "\t" ($3 in test ? test[$3] : "?")
		}' "$kept" "$work/list" "$results.suite" "$results.asan" "$results" | sort
}

if [ "${1-}" = --one ]; then
	work=$2 results=$3
	judge "$4"
	exit 0
fi

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
awk -f "$here/mutate.awk" "$root"/lib/*.c "$root"/lib/*.h >"$work/list" || exit 1
default=$root/build-mutants/results
results=$work/results mode=all
case ${1-} in
--list)
	cut -f 4 "$work/list"
	exit 0
	;;
--check)
	check
	exit
	;;
--show)
	number=$(name=$2 awk -F'\t' '$4 == ENVIRON["name"] { print NR }' "$work/list")
	[ "$number" ] || {
		echo "no such mutant: $2" >&2
		exit 1
	}
	copy "$number"
	diff -u "$root/lib/$file" "$lib/$file"
	exit 0
	;;
--lines)
	results=${2:-$default}
	begin "$results" && touch "$results.suite" "$results.asan" || exit 1
	lines
	exit
	;;
--keep)
	results=${2:-$default}
	[ -r "$results" ] && keep >"$work/judged" && mv "$work/judged" "$judged"
	exit
	;;
--suite | --asan)
	# What hangs need not hang for as long as a test may take on a busy machine.
	survivors=${2:-$default}
	begin "$survivors" || exit 1
	results=$survivors.suite sanitize='' setup=plain patience=0.1
	if [ "$1" = --asan ]; then
		survivors=$results results=${2:-$default}.asan
		sanitize="-Db_sanitize=address,undefined -Db_lundef=false"
		setup=asan patience=1
	fi
	touch "$results" && prepare_tests || exit 1
	awk -F'\t' 'FILENAME == ARGV[1] { known[$1]; next }
		FILENAME == ARGV[2] { if ($1 == "survived") survived[$3]; next }
		$4 in survived && !($4 in known) { print FNR }' \
		"$kept" "$survivors" "$work/list" | fresh >"$work/fresh"
	while read -r number; do
		judge_by_tests "$number" </dev/null
	done <"$work/fresh"
	exit 0
	;;
--only | --slice | --listed)
	mode=${1#--}
	shift
	;;
esac

prepare "$work/explore" $outside $inside || exit 1
cp -r "$root/lib" "$work/control"
compile "$work/control" && plain "$work/control" &&
	$cc -o "$work/control/explore" "$work"/explore/*.o "$work/control/libpar.o" \
		-pthread || exit 1
if by=$(search "$work/control/explore"); then
	echo "the library as it is fails, too: $by: $(why "$work/control/explore.log")"
	exit 1
fi
case $mode in
all)
	results=${1:-$default}
	begin "$results" || exit 1
	shuffle 1
	;;
only) text=$1 awk -F'\t' 'index($4, ENVIRON["text"]) { print NR }' "$work/list" ;;
slice) shuffle "$2" ;;
listed)
	awk -F'\t' 'FILENAME == ARGV[1] { known[$1]; next }
		$4 in known { print FNR }' "$kept" "$work/list"
	;;
esac >"$work/order"
touch "$results"
fresh <"$work/order" >"$work/fresh"
if [ $mode = slice ]; then
	set -- timeout "$1" xargs
else
	set -- xargs
fi
"$@" -n 1 -P "$jobs" "$0" --one "$work" "$results" <"$work/fresh"
compare
