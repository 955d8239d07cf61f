# SPDX-License-Identifier: MIT
# For plant.sh and mutate.sh, which source it and set `here` and `root`: builds the
# explorer with a copy of the library, and looks whether it finds what is wrong there.
cc=${CC:-cc}
# As in a release: assertions of the library are off, and cannot find the fault.
flags="-std=c11 -O2 -D_GNU_SOURCE"
flags="$flags -DPAR_WORD_CALLS -Wno-unused-parameter -I$root/include"
instrumented=''
# Parts of the explorer that know the library's headers, and those that do not.
inside="model_threads model_words invariant"
outside="main scenarios program program_callbacks program_calls program_items
	scheduler strategy carrier access model model_sync model_system"

# objects LIB INTO PART...: these parts of the explorer, with this copy's headers.
objects() {
	headers=$1 into=$2
	shift 2
	for part in "$@"; do
		$cc $flags -I"$headers" -I"$into" -o "$into/$part.o" \
			-c "$here/$part.c" || return 1
	done
}

# prepare INTO PART...: these parts, with the library as it is, and what the copies of
# the library need.
prepare() {
	mkdir "$1" && sh "$root/lib/names.sh" "$root"/lib/*.h >"$1/names.h" &&
		sh "$here/calls-h.sh" "$here/calls.modelled" >"$1/calls.h" &&
		objects "$root/lib" "$@"
}

# compile LIB: the library's object, libpar.o there. It is one translation unit, and
# little optimised: both build faster.
compile() {
	(cd "$1" && sh names.sh ./*.h >names.h &&
		printf '#include "%s"\n' ./*.c >all &&
		$cc $flags -O1 $instrumented -DNDEBUG -include "$work/explore/calls.h" -I. \
			-x c -c all -o libpar.o)
}

# hunt EXPLORE COMMAND...: tries one command after another, and prints the one that
# fails. `reason`: how its message must begin. `patience`: seconds for each. (152: the
# time of `ulimit -t` is over.)
hunt() {
	explore=$1
	shift
	for words in "$@"; do
		timeout "$patience" "$explore" $words >"$explore.log" 2>&1 || {
			case $? in 124 | 152) echo hung >"$explore.log" ;; esac
			[ ! "$reason" ] || grep -q "FAILED: $reason" "$explore.log" ||
				continue
			echo "$words"
			return 0
		}
	done
	return 1
}

# why LOG: what was found.
why() {
	found=$(sed -n '/FAILED: /{ s/.*FAILED: //p; q; }' "$1")
	echo "${found:-$(head -n 1 "$1")}"
}
