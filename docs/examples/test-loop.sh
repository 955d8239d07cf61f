#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Twenty clients at once get what the database says, each its own and in order; one that
# goes away with its answers on the way, or does not read them, does no harm; Ctrl-C ends
# it.
#     test-loop.sh LOOP
set -euo pipefail
loop=$(realpath "$1")
for program in sqlite3 python3; do
	command -v $program >/dev/null || {
		echo "$program is not installed: left out"
		exit 77
	}
done
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill -9 $server; rm -rf "$work"' EXIT
cd "$work"

{
	echo 'CREATE TABLE pairs (key TEXT PRIMARY KEY, value TEXT); BEGIN;'
	seq 1 1000 | sed "s/.*/INSERT INTO pairs VALUES ('key &', 'value &');/"
	echo "INSERT INTO pairs VALUES ('null', NULL);"
	echo "INSERT INTO pairs VALUES ('long', char(0) || printf('%.*c', 1000000, 'x'));"
	echo 'COMMIT;'
} | sqlite3 db

# client HOW: asks for each line of its input before it reads an answer.
#     all    takes as many answers as it has asked for
#     half   closes its own side, and takes answers until the server closes the other
#     gone   leaves, with the answers on the way
#     deaf   takes none, and asks on until the server has let go
cat >client.py <<'END'
import socket, sys
how, lines = sys.argv[1], sys.stdin.read().splitlines()
peer = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
peer.settimeout(60)
peer.connect("loop.socket")
for line in lines:
    peer.send(line.encode())
if how == "gone":
    sys.exit()
if how == "half":
    peer.shutdown(socket.SHUT_WR)
try:
    while how == "deaf":
        peer.send(b"key 1")
except ConnectionError:
    sys.exit()
answers = 0
while (how == "half" or answers < len(lines)) and (answer := peer.recv(1000)):
    print(answer.decode())
    answers += 1
END
client() {
	python3 client.py "$1"
}

if "$loop" missing 2>errors; then
	echo "no database, and nobody minds"
	exit 1
fi
grep -q 'unable to open database file' errors

# serve [LIMIT]: a server, with so many descriptors.
serve() {
	(ulimit -n "${1-1024}" && exec "$loop" db 2>server-errors) &
	server=$!
	until echo 'key 1' | client all >first 2>errors; do
		kill -0 $server
		sleep 0.1
	done
	[ "$(cat first)" = 'key 1: value 1' ]
}

# Who sit there and ask nothing cannot have all the descriptors; when they have gone
# there is room again. Killed, it leaves its socket to the next one.
serve 60
python3 - <<'END'
import socket
def client():
    peer = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    peer.settimeout(60)
    peer.connect("loop.socket")
    return peer
def asks(peer):
    try:
        peer.send(b"key 2")
    except ConnectionError:
        pass # it may have been refused already, and told so
    return peer.recv(1000)
first = client()
assert asks(first) == b"key 2: value 2"
crowd = [client() for i in range(50)]
assert asks(client()) == b"(busy)"
assert asks(first) == b"key 2: value 2"
for peer in crowd:
    peer.close()
while asks(client()) == b"(busy)":
    pass
END
kill -TERM $server
status=0
wait $server || status=$?
[ $status -eq 143 ]

# Fewer than it may have: it takes more.
(ulimit -Sn 60 && exec "$loop" db 2>server-errors) &
server=$!
until echo 'key 1' | client all >first 2>errors; do
	kill -0 $server
	sleep 0.1
done
python3 - <<'END'
import socket
crowd = []
for i in range(100):
    peer = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    peer.settimeout(60)
    peer.connect("loop.socket")
    crowd.append(peer)
crowd[-1].send(b"key 2")
assert crowd[-1].recv(1000) == b"key 2: value 2"
END
kill -9 $server
wait $server 2>/dev/null || :
[ -e loop.socket ]
serve

# Where there is one, a second one leaves it alone.
if "$loop" db 2>errors; then
	echo "two at one socket, and nobody minds"
	exit 1
fi
grep -q 'loop.socket: Resource temporarily unavailable' errors

# asks FROM: asks for fifty keys at once, and for two that have no value.
asks() {
	{
		seq "$1" $(($1 + 49)) | sed 's/^/key /'
		echo missing
		echo null
	} | client all >"got$1"
	{
		seq "$1" $(($1 + 49)) | sed 's/.*/key &: value &/'
		echo 'missing: (none)'
		echo 'null: (none)'
	} | diff - "got$1"
}

clients=
for i in $(seq 0 19); do
	asks $((i * 50 + 1)) &
	clients="$clients $!"
done
for i in 1 2 3; do
	seq 1 100 | sed 's/^/key /' | client gone
	echo 'key 1' | client deaf
done
for client in $clients; do wait "$client"; done

# A client that closes its own side gets its answers still, and then the end.
seq 1 5 | sed 's/^/key /' | client half >half
seq 1 5 | sed 's/.*/key &: value &/' | diff - half

# What is too long is no value, and no key: with that the server lets go.
[ "$(echo long | client all)" = 'long: (too long)' ]
head -c 500 /dev/zero | tr '\0' x | client all >rest
[ ! -s rest ]

# What the database cannot answer is no answer. The next question may have one.
[ ! -s server-errors ]
sqlite3 db 'ALTER TABLE pairs RENAME TO others'
echo 'key 1' | client all >rest
[ ! -s rest ]
grep -q 'no such table: pairs' server-errors
sqlite3 db 'ALTER TABLE others RENAME TO pairs'
[ "$(echo 'key 1' | client all)" = 'key 1: value 1' ]

kill -INT $server
status=0
wait $server || status=$?
[ $status -eq 130 ]
server=
[ ! -e loop.socket ]

# What is no socket is not taken away.
echo precious >loop.socket
if "$loop" db 2>errors; then
	echo "a file is in the way, and nobody minds"
	exit 1
fi
grep -q 'loop.socket: Address already in use' errors
[ "$(cat loop.socket)" = precious ]
echo "20 clients, 1,040 answers"
