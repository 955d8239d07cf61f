#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the Debian packages from a clone, and runs lintian on them. Needs debhelper,
# dpkg-dev and lintian, but neither a network nor root.
#     try.sh SCRATCH
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
version=$(sed -n 's/^#define PAR_VERSION "\(.*\)"$/\1/p' "$root/include/par.h")
tree=$1/libpar-$version
mkdir -p "$1"
git clone -q "$root" "$tree"
rm -rf "$tree/.git"
tar -C "$1" -caf "$1/libpar_$version.orig.tar.xz" "libpar-$version"
cp -r "$tree/docs/packaging/debian" "$tree/debian"
sed -i "s/@version@/$version/" "$tree/debian/changelog"
cd "$tree"
dpkg-buildpackage --no-sign
lintian --allow-root --fail-on error,warning \
	--suppress-tags initial-upload-closes-no-bugs ../*.changes
ls ../*.deb
