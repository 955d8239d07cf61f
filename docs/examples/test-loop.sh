#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Twenty clients at once get what the database says, each its own; one that goes away
# with its answers on the way does no harm; Ctrl-C ends it.
#     test-loop.sh LOOP
set -euo pipefail
loop=$(realpath "$1")
command -v sqlite3 >/dev/null || {
	echo "sqlite3 is not installed: left out"
	exit 0
}
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill -9 $server; rm -rf "$work"' EXIT
cd "$work"

{
	echo 'CREATE TABLE pairs (key TEXT PRIMARY KEY, value TEXT); BEGIN;'
	seq 1 1000 | sed "s/.*/INSERT INTO pairs VALUES ('key &', 'value &');/"
	echo "INSERT INTO pairs VALUES ('null', NULL);"
	echo 'COMMIT;'
} | sqlite3 db

if "$loop" missing 0 >out 2>errors; then
	echo "no database, and nobody minds"
	exit 1
fi
grep -q 'unable to open database file' errors

"$loop" db 0 >port &
server=$!
until [ -s port ]; do
	kill -0 $server
	sleep 0.1
done
port=$(cat port)

# client FROM: asks for fifty keys at once, and for two that have no value.
client() {
	exec 3<>/dev/tcp/127.0.0.1/"$port"
	{
		seq "$1" $(($1 + 49)) | sed 's/^/key /'
		echo missing
		echo null
	} >&3
	head -n 52 <&3 | sort >"got$1"
	{
		seq "$1" $(($1 + 49)) | sed 's/.*/key &: value &/'
		echo 'missing: (none)'
		echo 'null: (none)'
	} | sort | diff - "got$1"
}

clients=
for i in $(seq 0 19); do
	timeout 60 bash -c "$(declare -f client); port=$port client $((i * 50 + 1))" &
	clients="$clients $!"
done
for i in 1 2 3; do
	exec 4<>/dev/tcp/127.0.0.1/"$port"
	seq 1 500 | sed 's/^/key /' >&4 || :
	exec 4<&- 4>&-
done
for client in $clients; do wait "$client"; done

# A client that closes its own side gets its answers still, and then the end.
seq 1 5 | sed 's/^/key /' | python3 -c '
import socket, sys
peer = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 60)
peer.sendall(sys.stdin.buffer.read())
peer.shutdown(socket.SHUT_WR)
sys.stdout.write(peer.makefile().read())' "$port" | sort >half
seq 1 5 | sed 's/.*/key &: value &/' | diff - half

# A line without an end is no key: the server lets go.
exec 4<>/dev/tcp/127.0.0.1/"$port"
head -c 500 /dev/zero | tr '\0' x >&4
status=0
timeout 60 cat <&4 >rest 2>/dev/null || status=$?
[ ! -s rest ] && [ $status -ne 124 ]
exec 4<&- 4>&-

kill -INT $server
wait $server
server=
echo "20 clients, 1,040 answers"
