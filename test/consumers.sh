#!/bin/sh
# SPDX-License-Identifier: MIT
# A program that finds the library as its users will: installed, by pkg-config,
# shared and static; from a plain Makefile; from CMake; as a subproject of a meson
# project of its own; and as a wrap of the release's archive.
#     consumers.sh SOURCE SCRATCH
set -eux
source=$1 scratch=$2
prefix=$scratch/prefix

meson setup "$scratch/build" "$source" --prefix="$prefix" --libdir=lib \
	--buildtype=release -Ddefault_library=both -Dtests=disabled -Dexamples=disabled
meson install -C "$scratch/build"
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
test "$(pkg-config --modversion par)" = \
	"$(sed -n 's/^#define PAR_VERSION "\(.*\)"$/\1/p' "$source/include/par.h")"

program=$source/test/header.c
# The flags of pkg-config are words: unquoted on purpose.
cc "$program" $(pkg-config --cflags --libs par) -o "$scratch/shared"
LD_LIBRARY_PATH=$prefix/lib "$scratch/shared"
major=$(pkg-config --modversion par | cut -d. -f1)
readelf -d "$scratch/shared" | grep -q "NEEDED.*libpar\.so\.$major\]"
cc "$program" $(pkg-config --cflags par) -Wl,-Bstatic \
	$(pkg-config --static --libs par) -Wl,-Bdynamic -o "$scratch/static"
if readelf -d "$scratch/static" | grep 'NEEDED.*libpar'; then
	exit 1
fi
"$scratch/static"

# A plain Makefile.
mkdir "$scratch/make"
cp "$program" "$scratch/make/program.c"
cat >"$scratch/make/Makefile" <<'END'
CFLAGS = $(shell pkg-config --cflags par)
LDLIBS = $(shell pkg-config --libs par)
program: program.o
END
make -C "$scratch/make"
LD_LIBRARY_PATH=$prefix/lib "$scratch/make/program"

# CMake.
mkdir "$scratch/cmake"
cp "$program" "$scratch/cmake/program.c"
cat >"$scratch/cmake/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.18)
project(consumer C)
find_package(PkgConfig REQUIRED)
pkg_check_modules(par REQUIRED IMPORTED_TARGET par)
add_executable(program program.c)
target_link_libraries(program PkgConfig::par)
END
cmake -S "$scratch/cmake" -B "$scratch/cmake/build"
cmake --build "$scratch/cmake/build"
"$scratch/cmake/build/program"

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

# The release's archive, which is built and tested where it is unpacked, and a wrap.
meson dist -C "$scratch/build" --allow-dirty --formats xztar
archive=$(basename "$scratch"/build/meson-dist/par-*.tar.xz)
mkdir -p "$scratch/wrapped/subprojects/packagefiles"
cp "$scratch/project/main.c" "$scratch/project/meson.build" "$scratch/wrapped"
cp "$scratch/build/meson-dist/$archive" "$scratch/wrapped/subprojects/packagefiles"
sed "s/@archive@/$archive/; s/@directory@/${archive%.tar.xz}/
	s/@hash@/$(sha256sum "$scratch/build/meson-dist/$archive" | cut -d' ' -f1)/" \
	"$source/docs/par.wrap.in" >"$scratch/wrapped/subprojects/par.wrap"
meson setup "$scratch/wrapped/build" "$scratch/wrapped"
meson test -C "$scratch/wrapped/build"
test -d "$scratch/wrapped/subprojects/${archive%.tar.xz}"
