#!/bin/sh
# SPDX-License-Identifier: MIT
# For meson dist: puts par.c, par.h and their hashes into the archive.
#     dist.sh AMALGAMATE VERSION FILE...
set -eu
cd "$MESON_DIST_ROOT/lib/amalgamation"
"$@" >par.c
cp ../../include/par.h .
sha256sum par.c par.h >SHA256SUMS
