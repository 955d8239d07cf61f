#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs a command while the server runs, whose address it finds in BENCH_URL.
#     with-server.sh SERVE COMMAND...
set -eu
serve=$1
shift
ulimit -Sn "$(ulimit -Hn)"
work=$(mktemp -d)
"$serve" >"$work/url" &
server=$!
trap 'kill $server; wait $server || :; rm -rf "$work"' EXIT
# It says where once it listens.
until [ -s "$work/url" ]; do
	kill -0 $server || exit 1
	sleep 0.1
done
export BENCH_URL="$(head -n 1 "$work/url")"
"$@"
