# SPDX-License-Identifier: MIT
# A part of test-fetch.sh: what serve cannot do, by nginx, and a name server.
. "$(dirname "$0")/nginx.sh"
if ! command -v nginx >/dev/null || ! command -v openssl >/dev/null; then
	echo "# nginx or openssl is not installed: the rest is left out"
	return
fi

configure() {
	cat <<END
	access_log access.log;
	limit_conn_zone \$server_port zone=all:1m;
	server {
		listen 127.0.0.1:$1;
		root $work;
		add_header Retry-After 1 always;
		location /loop { return 302 /loop; }
		location /escape { return 302 file:///dev/null; }
		location /busy { if (!-f $work/open) { return 429; } return 200; }
		location /down { if (!-f $work/open) { return 502; } return 200; }
		limit_rate_after 1k;
		location /slow/3 { limit_conn all 3; limit_rate 1; }
		location /slow/5 { limit_conn all 5; limit_rate 1; }
		location / { return 200; }
	}
	server {
		listen 127.0.0.1:$(($1 + 1)) ssl;
		ssl_certificate server.crt;
		ssl_certificate_key server.key;
		location / { return 200; }
	}
END
}

{
	for name in ca server; do
		openssl req -newkey rsa:2048 -nodes -keyout "$work/$name.key" \
			-out "$work/$name.csr" -subj "/CN=$name"
	done
	openssl x509 -req -in "$work/ca.csr" -signkey "$work/ca.key" -out "$work/ca.crt"
	echo 'subjectAltName=IP:127.0.0.1' >"$work/names"
	openssl x509 -req -in "$work/server.csr" -CA "$work/ca.crt" -CAkey "$work/ca.key" \
		-CAcreateserial -extfile "$work/names" -out "$work/server.crt"
} >"$work/log" 2>&1

start_nginx 2 || {
	echo "Bail out! nginx does not start"
	exit 1
}
url=http://127.0.0.1:$port/

run "$fetch" "${url}loop" </dev/null
is "redirects in a circle end" says out '^--- .*loop: Maximum \(10\) redirects'
run "$fetch" "${url}escape" </dev/null
is "a redirect to a protocol that was not asked for is refused" says out '^--- .*escape: Protocol'

# again PATH STATUS: fetched with the server refusing until it was asked once.
again() {
	rm -f "$work/open"
	rm -f "$work/out" "$work/err"
	"$fetch" --retry 20 "$url$1" </dev/null >"$work/out" 2>"$work/err" &
	fetching=$!
	comes "/$1 HTTP/1.1\" $2 " "$work/access.log"
	touch "$work/open"
	wait $fetching
	status=$?
}
# asked PATTERN: how many lines of the log it is in. nginx writes a line after its answer;
# it has one process: what it has answered stands before the request made here.
asked() {
	"$fetch" -q "${url}asked-$n" </dev/null 2>"$work/asked"
	comes "/asked-$n HTTP" "$work/access.log"
	grep -c "$1" "$work/access.log"
}
again busy-1 429
is "429: waited for, and tried again" says out '^200 .*busy-1$'
is "and all is well" exits 0
again down-1 502
is "502: tried again" says out '^200 .*down-1$'
rm -f "$work/open"
run "$fetch" --retry 1 "${url}busy-2" </dev/null
is "tried so often, and not again" says out '^429 .*busy-2$'
is "429 at the end is a failure" exits 1
is "tried once and again" test "$(asked /busy-2)" = 2
run "$fetch" "${url}down-2" </dev/null
is "not tried again if not asked to" test "$(asked /down-2)" = 1

# A refusal comes at once, and of what is not refused the end does not.
mkdir "$work/slow"
head -c 2000 /dev/zero | tee "$work/slow/3" >"$work/slow/5"
slow() { for i in 1 2 3 4 5 6; do echo "${url}slow/$1"; done >"$work/list"; }
slow 3
run "$fetch" --per-host 3 -m 1 -f "$work/list"
is "no more at once from a host" test "$(asked '/slow/3 HTTP/1.1" 503')" = 0
slow 5
"$fetch" --per-host 6 -f "$work/list" </dev/null >"$work/out" 2>"$work/err" &
fetching=$!
is "and as many as it may be" comes '/slow/5 HTTP/1.1" 503' "$work/access.log"
kill -INT $fetching
wait $fetching

secure=https://127.0.0.1:$((port + 1))/
run env CURL_CA_BUNDLE="$work/ca.crt" "$fetch" $secure </dev/null
is "a certificate that is trusted" says out '^200 '
run env -u SSL_CERT_FILE "$fetch" $secure </dev/null
is "a certificate that is not" says out '^--- .*certificate'
run env CURL_CA_BUNDLE="$work/nowhere" "$fetch" $secure </dev/null
is "no certificates where they should be" exits 2
kill $server
wait $server

# The name server is asked once for each name, in a network of its own with an /etc
# that nobody else sees, if the system lets a user have that.
cat >"$work/inside.sh" <<'END'
set -eu
cd "$2"
ip link set lo up
echo nameserver 127.0.0.1 >resolv.conf
echo 'hosts: dns' >nsswitch.conf
for file in resolv.conf nsswitch.conf; do
	mount --bind $file "$(realpath /etc/$file)"
done
dnsmasq --no-daemon --no-resolv --no-hosts --conf-file=/dev/null --log-queries \
	--bind-interfaces --listen-address=127.0.0.1 --local=/test/ \
	--host-record=a.test,127.0.0.1 --host-record=b.test,127.0.0.1 >dnsmasq.log 2>&1 &
names=$!
trap 'kill $names' EXIT
until grep -q 'started' dnsmasq.log; do sleep 0.01; done
for i in $(seq 100); do
	echo http://a.test:1/$i
	echo http://b.test:1/$i
done | "$1" -n 200 --per-host 100 >asked || :
END
if unshare -rnm true 2>/dev/null && command -v dnsmasq >/dev/null; then
	unshare -rnm sh "$work/inside.sh" "$fetch" "$work" >"$work/log" 2>&1
	is "a hundred URLs of a host, and its name is looked up once" \
		test "$(grep -c 'query\[A\] a.test' "$work/dnsmasq.log")" = 1
fi
