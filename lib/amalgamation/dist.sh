#!/bin/sh
# SPDX-License-Identifier: MIT
# For meson dist: puts par.c, par.h and their hashes into the archive, from the files
# there.
#     dist.sh VERSION FILE...
set -eu
cd "$MESON_PROJECT_DIST_ROOT/lib/amalgamation"
./amalgamate.sh "$@" >par.c
cp ../../include/par.h .
sha256sum par.c par.h >SHA256SUMS
