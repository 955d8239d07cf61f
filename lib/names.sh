#!/bin/sh
# SPDX-License-Identifier: MIT
# Writes names.h: what the linker sees. The files of lib/ call each other by short
# names. A program that is linked with the static library may have a ring_put() of
# its own, so each of our names gets a prefix. They are taken from the prototypes in
# the headers, which begin in the first column.
#     names.sh HEADER... > names.h
set -eu
echo "/* Written by names.sh. */"
sed -n '/^static/d; s/^[a-z][a-z0-9_ ]*[ *]\([a-z_]*\)(.*/\1/p' "$@" | sort -u |
	sed 's/.*/#define & libpar_&/'
