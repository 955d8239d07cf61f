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

# CMake by the package file: shared, static, and the whole moved elsewhere.
mkdir "$scratch/config"
cp "$program" "$scratch/config/program.c"
cat >"$scratch/config/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.18)
project(consumer C)
find_package(par 1.0 CONFIG REQUIRED)
foreach(kind par shared static)
  add_executable(${kind} program.c)
  target_link_libraries(${kind} par::${kind})
endforeach()
END
for place in "$prefix" "$scratch/moved"; do
	[ -d "$place" ] || cp -r "$prefix" "$place"
	cmake -S "$scratch/config" -B "$place-config" -Dpar_ROOT="$place"
	cmake --build "$place-config"
	for kind in par shared static; do
		"$place-config/$kind"
	done
	readelf -d "$place-config/par" | grep -q "RUNPATH.*$place/lib"
done
sed 's/par 1.0/par 9.0/' "$scratch/config/CMakeLists.txt" >"$scratch/moved/CMakeLists.txt"
if cmake -S "$scratch/moved" -B "$scratch/too-new" -Dpar_ROOT="$prefix"; then
	exit 1
fi

# CMake with the two files in the tree.
mkdir "$scratch/tree"
meson compile -C "$scratch/build" amalgamation
cp "$program" "$scratch/tree/program.c"
cp "$scratch"/build/lib/amalgamation/par.[ch] "$scratch/tree"
cat >"$scratch/tree/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.18)
project(consumer C)
find_package(Threads REQUIRED)
add_library(par STATIC par.c)
target_include_directories(par PUBLIC .)
target_link_libraries(par PUBLIC Threads::Threads)
add_executable(program program.c)
target_link_libraries(program par)
END
cmake -S "$scratch/tree" -B "$scratch/tree/build"
cmake --build "$scratch/tree/build"
"$scratch/tree/build/program"

mkdir -p "$scratch/project/subprojects"
cp "$program" "$scratch/project/main.c"
ln -s "$source" "$scratch/project/subprojects/par"
cat >"$scratch/project/meson.build" <<'END'
project('consumer', 'c', default_options: ['c_std=c11'])
par = dependency('par', fallback: ['par', 'par_dep'])
test('main', executable('main', 'main.c', dependencies: par))
END
unset PKG_CONFIG_PATH
# As the parent says: shared or static; and what is installed with it then.
for kind in shared static; do
	build=$scratch/project/build-$kind
	meson setup "$build" "$scratch/project" -Ddefault_library=$kind \
		--prefix="$scratch/with-$kind" --libdir=lib
	meson test -C "$build"
	meson install -C "$build"
done
test -e "$scratch/with-shared/lib/libpar.so.$major"
test ! -e "$scratch/with-static/lib"
test ! -e "$scratch/with-shared/include" && test ! -e "$scratch/with-shared/share"
sed -i "s/dependency('par',/dependency('par', static: true,/" "$scratch/project/meson.build"
meson setup "$scratch/project/build-asked" "$scratch/project"
meson test -C "$scratch/project/build-asked"
for kind in static asked; do
	if readelf -d "$scratch/project/build-$kind/main" | grep 'NEEDED.*libpar'; then
		exit 1
	fi
done

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
