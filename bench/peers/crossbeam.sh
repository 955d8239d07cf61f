#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds rust.rs with crossbeam-channel as Debian installs its sources
# (librust-crossbeam-channel-dev), by the compiler alone.
#     crossbeam.sh RUSTC REGISTRY RUST.RS OUTPUT
set -eu
rustc=$1 registry=$2 source=$3 output=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# crate NAME [OTHERS]: a library from the registry, and those it needs.
crate() {
	name=$1
	shift
	"$rustc" -O --edition 2018 --cap-lints allow --crate-type rlib \
		--crate-name "$name" --cfg 'feature="std"' -L "$work" "$@" \
		--out-dir "$work" "$registry/$(echo "$name" | tr _ -)"-[0-9]*/src/lib.rs
}
crate cfg_if
crate crossbeam_utils --extern cfg_if="$work/libcfg_if.rlib"
crate crossbeam_channel --extern cfg_if="$work/libcfg_if.rlib" \
	--extern crossbeam_utils="$work/libcrossbeam_utils.rlib" \
	--cfg 'feature="crossbeam-utils"'
"$rustc" -O --cfg crossbeam --edition 2018 -L "$work" -o "$output" \
	--extern crossbeam_channel="$work/libcrossbeam_channel.rlib" "$source"
