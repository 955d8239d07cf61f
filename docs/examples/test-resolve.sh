#!/bin/sh
# SPDX-License-Identifier: MIT
# Names of a hosts file, of a name server, of none, and of a name server that is
# silent are told apart. All of it in a network of its own, with a name server and an
# /etc that nobody else sees: where the system lets a user have that.
#     test-resolve.sh RESOLVE HEEDS TEST-HEEDS GUIDE
set -eu

left_out() {
	echo "$1: left out"
	exit 77
}

# ask SECONDS TIMES: written in place, for the file is mounted. On a busy machine a
# server answers late and loses a datagram: only a silent one is soon given up.
ask() {
	echo 'nameserver 127.0.0.1' >resolv.conf
	echo "options timeout:$1 attempts:$2" >>resolv.conf
}

# inside RESOLVE WORK HEEDS TEST-HEEDS GUIDE: what runs in there.
inside() {
	resolve=$1
	cd "$2"
	ip link set lo up
	ask 5 5
	echo '192.0.2.7 of-the-hosts-file.test' >hosts
	echo 'hosts: files dns' >nsswitch.conf
	for file in resolv.conf hosts nsswitch.conf; do
		[ ! -e /etc/$file ] || mount --bind $file "$(realpath /etc/$file)"
	done
	# Nor is a cache of names to be asked.
	mkdir empty
	[ ! -d /var/run/nscd ] || mount --bind empty /var/run/nscd
	# Nobody listens for silent.test; it knows all other names of .test.
	dnsmasq --no-daemon --no-resolv --no-hosts --conf-file=/dev/null \
		--bind-interfaces --log-queries \
		--listen-address=127.0.0.1 --local=/test/ \
		--server=/silent.test/127.0.0.1#5399 \
		$(seq 1 200 | sed 's/.*/--host-record=host&.test,198.51.100.&/') \
		>dnsmasq.log 2>&1 &
	server=$!
	trap 'kill $server' EXIT
	until echo host1.test | "$resolve" >out 2>errors; do
		kill -0 $server
		sleep 0.1
	done
	{
		seq -f 'host%.0f.test' 1 199
		printf 'host200.test\r\n'
		echo of-the-hosts-file.test
		echo missing.test
	} >names
	status=0
	"$resolve" <names >out 2>errors || status=$?
	cat errors
	[ $status -eq 1 ]
	seq 1 200 | sed 's/.*/host&.test: 198.51.100.&/' >wanted
	echo 'of-the-hosts-file.test: 192.0.2.7' >>wanted
	echo 'missing.test: no such name' >>wanted
	sort wanted >sorted
	sort out | diff sorted -
	grep -q '^201 found, 1 do not exist, 0 without an answer, 0 other$' errors
	ask 1 1
	status=0
	printf 'of-the-hosts-file.test\nsilent.test\n' |
		"$resolve" >out 2>errors || status=$?
	cat errors
	[ $status -eq 2 ]
	grep -q '^silent.test: no answer from a name server$' out
	grep -q '^1 found, 0 do not exist, 1 without an answer, 0 other$' errors
	ask 1 2
	"$4" "$3" "$5" names
	# A stop does not wait for the silent one.
	ask 30 5
	echo stop.silent.test | "$resolve" >out 2>errors &
	running=$!
	until grep -q 'query.* stop\.silent\.test ' dnsmasq.log; do
		kill -0 $running
		sleep 0.01
	done
	kill -TERM $running
	status=0
	wait $running || status=$?
	[ $status -eq 143 ]
	grep -q '^0 found, .*, stopped$' errors
	ask 5 5
	if echo host1.test | "$resolve" >&- 2>errors; then exit 1; fi
	grep -q '^resolve: descriptor 1: Bad file descriptor' errors
	status=0
	echo host1.test | "$resolve" >/dev/full 2>errors || status=$?
	[ $status -eq 2 ]
}

if [ "$1" = inside ]; then
	shift
	inside "$@"
	exit 0
fi
resolve=$(realpath "$1")
heeds=$(realpath "$2")
rows=$(realpath "$3")
self=$(realpath "$0")
for program in unshare ip dnsmasq; do
	PATH=$PATH:/usr/sbin command -v $program >/dev/null ||
		left_out "$program is not installed"
done
unshare -rmn true 2>/dev/null || left_out "no network of one's own here"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
PATH=$PATH:/usr/sbin unshare -rmn sh "$self" inside "$resolve" "$work" "$heeds" "$rows" "$4"
