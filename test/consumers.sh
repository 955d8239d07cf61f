#!/bin/sh
# SPDX-License-Identifier: MIT
# A program that finds the library as its users will: installed, by pkg-config,
# shared and static; and as a subproject of a meson project of its own.
#     consumers.sh SOURCE SCRATCH
set -eux
source=$1 scratch=$2
prefix=$scratch/prefix

meson setup "$scratch/build" "$source" --prefix="$prefix" --libdir=lib \
	--buildtype=release -Dtests=disabled -Dexamples=disabled
meson install -C "$scratch/build"
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
test "$(pkg-config --modversion par)" = \
	"$(sed -n 's/^#define PAR_VERSION "\(.*\)"$/\1/p' "$source/include/par.h")"

program=$source/test/header.c
# The flags of pkg-config are words: unquoted on purpose.
cc "$program" $(pkg-config --cflags --libs par) -o "$scratch/shared"
LD_LIBRARY_PATH=$prefix/lib "$scratch/shared"
readelf -d "$scratch/shared" | grep -q 'NEEDED.*libpar\.so\.0'
cc "$program" $(pkg-config --cflags par) -Wl,-Bstatic \
	$(pkg-config --static --libs par) -Wl,-Bdynamic -o "$scratch/static"
if readelf -d "$scratch/static" | grep 'NEEDED.*libpar'; then
	exit 1
fi
"$scratch/static"

mkdir -p "$scratch/project/subprojects"
cp "$program" "$scratch/project/main.c"
ln -s "$source" "$scratch/project/subprojects/par"
cat >"$scratch/project/meson.build" <<'END'
project('consumer', 'c', default_options: ['c_std=c11'])
par = dependency('par', fallback: ['par', 'par_dep'])
test('main', executable('main', 'main.c', dependencies: par))
END
unset PKG_CONFIG_PATH
meson setup "$scratch/project/build" "$scratch/project"
meson test -C "$scratch/project/build"
