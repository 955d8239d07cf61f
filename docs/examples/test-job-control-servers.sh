# SPDX-License-Identifier: MIT
# A part of test-job-control.sh: the examples that are servers, or need one. A server
# that is stopped keeps its clients waiting, those of libcurl for half a minute.
go_on='kill -CONT $(cat server)'

# stops_server: its number is in the file, for who lets it go on.
stops_server() {
	echo $server >server
	kill -STOP $server
}

# until_is COMMAND: as a command line; a minute at most.
until_is() {
	echo "timeout 60 sh -c 'until $1; do sleep 0.01; done' >waited 2>&1"
}

# awaits COMMAND
awaits() {
	what="waiting for: $1"
	sh -c "$(until_is "$1")" || fail
}

# installed PROGRAM...
installed() {
	for program; do
		PATH=$PATH:/usr/sbin command -v "$program" >found || {
			left_out "$program is not installed"
			return 1
		}
	done
}

with_serve() {
	"$bin/serve" -d 1 >url 2>log &
	server=$!
	awaits '[ -s url ]'
	url=$(head -n 1 url)
	clean='s/^200  *\([0-9]* B\)  *[0-9]* ms/\1/; s/, [0-9.]* s$//'
	printf '%s\n' "14 B  ${url}a" '1 requests, 0 failed' >wanted
	stops_server
	job "fetch: a transfer, Ctrl-Z, bg" start shows '1 under way' ctrl-z bg \
		do "$go_on" exits 0 -- "$bin/fetch" "${url}a"
	prints wanted
	is_plain_in_background
	stops_server
	job "fetch: a transfer, Ctrl-Z, bg, fg" start shows '1 under way' ctrl-z bg fg \
		shows '1 under way' do "$go_on" exits 0 -- "$bin/fetch" "${url}a"
	prints wanted
	printf '%s\n' "14 B  ${url}a" "14 B  ${url}b" '2 requests, 0 failed' >wanted
	stops_server
	job "fetch: a transfer and a line, Ctrl-Z, bg, fg" start line "${url}a" \
		shows '1 under way' part "$url" taken ctrl-z bg ttin do "$go_on" fg \
		line b end exits 0 -- "$bin/fetch" -f /dev/tty
	prints wanted
	is_plain_in_background
	stop_server
	clean=
	job "serve: Ctrl-Z, bg, fg" start do "$(until_is '[ -s served ]')" ctrl-z bg \
		do "'$bin/fetch' -q \$(cat served) 2>log" fg ctrl-c exits 130 \
		-- sh -c "exec '$bin/serve' >served"
	tail -n 1 served >out
	echo '1 requests answered' >wanted
	prints wanted
}

configure() {
	echo "default_type text/html; server { listen 127.0.0.1:$1; root $work/site; }"
}

with_nginx() {
	. "$here/nginx.sh"
	mkdir site
	echo '<a href=a.html>a</a><a href=b.html>b</a>' >site/index.html
	: >site/a.html
	start_nginx 1
	url=http://127.0.0.1:$port/
	printf '%b\n' "${url}b.html: gone" "\t$url" '3 links checked, 1 dead' >wanted
	clean='s/: The requested.*/: gone/'
	stops_server
	job "crawl: Ctrl-Z, bg" start shows '1 to go' ctrl-z bg do "$go_on" exits 1 \
		-- "$bin/crawl" "$url"
	prints wanted
	is_plain_in_background
	stops_server
	job "crawl: Ctrl-Z, bg, fg" start shows '1 to go' ctrl-z bg fg shows ' to go' \
		do "$go_on" exits 1 -- "$bin/crawl" "$url"
	prints wanted
	clean=
	stop_server
}

with_sqlite() {
	sqlite3 db 'CREATE TABLE pairs (key TEXT PRIMARY KEY, value TEXT)'
	job "loop: Ctrl-Z, bg, fg" start do "$(until_is '[ -e loop.socket ]')" \
		ctrl-z bg fg ctrl-c exits 130 -- "$bin/loop" db
	: >wanted
	prints wanted
}

redis="redis-cli -s $work/socket"

with_redis() {
	for i in $(seq 20); do
		port=$((20000 + ($$ + i * 997) % 12000))
		redis-server --port $port --bind 127.0.0.1 --unixsocket "$work/socket" \
			--dir "$work" --save '' >log &
		server=$!
		awaits "$redis ping | grep -q PONG || ! kill -0 $server"
		! kill -0 $server 2>/dev/null || break
	done
	job "scale: Ctrl-Z, bg, fg" start do "$redis xadd jobs 1-0 ms 1 >log" shows 1-0 \
		ctrl-z bg do "$redis xadd jobs 2-0 ms 1 >log" shows 2-0 fg \
		do "$redis xadd jobs 3-0 ms 1 >log" shows 3-0 ctrl-c exits 130 \
		-- "$bin/scale" -l 86400 127.0.0.1 $port me
	printf '%s\n' 1-0 2-0 3-0 >wanted
	prints wanted
	stop_server
}

with_postgres() {
	as=
	if [ "$(id -u)" = 0 ]; then # for whom the server does not run
		as='setpriv --reuid=postgres --regid=postgres --clear-groups'
		chown postgres "$work" || {
			left_out "root has no user postgres here: query"
			return
		}
	fi
	what="the server"
	$as "$postgres/initdb" -D data -A trust -U postgres --no-sync >log 2>&1 || fail
	$as "$postgres/postgres" -D data -k "$work" -c listen_addresses= -c fsync=off \
		>log 2>&1 &
	server=$!
	us="host=$work port=5432 user=postgres dbname=postgres"
	psql="'$postgres/psql' -X -A -t -q -v ON_ERROR_STOP=1 -d '$us'"
	echo "$psql -c 'CREATE TABLE gate ()' >log 2>&1" >ready
	echo "$psql -c 'INSERT INTO gate DEFAULT VALUES' >log 2>&1" >open
	cat >waits <<END
$psql -c "SELECT 'it waits' FROM pg_stat_activity WHERE query LIKE 'DO %'" |
	grep -q 'it waits'
END
	awaits 'sh ready'
	printf '%b\n' '1\t1' '1: SELECT 1' '2\t3' '2: SELECT 1' '3\t4' '3: SELECT 1' |
		reads 0 'SELECT 1;' '1: SELECT 1' 'SELECT 2' ' + 1;
SELECT 4;' "$bin/query" 3 "$us"
	printf '%b\n' '1: DO' '3\t2' '3: SELECT 1' >wanted
	job "query: a statement, Ctrl-Z, bg, fg" start line 'DO $$ BEGIN
WHILE NOT EXISTS (SELECT FROM gate) LOOP PERFORM pg_sleep(0.01); END LOOP; END $$;' \
		do "$(until_is 'sh waits')" part SEL taken ctrl-z bg ttin do 'sh open' \
		fg line 'ECT 2;' end exits 0 -- "$bin/query" 3 "$us" /dev/tty
	prints wanted
	stop_server
}

if "$bin/loopback" exitcode /bin/sh -c : >raw; then
	! has fetch || with_serve
	! has crawl || ! installed nginx || with_nginx
	! has scale || ! installed redis-server redis-cli || with_redis
else
	left_out "$(cat raw): fetch, serve, crawl, scale"
fi
! has loop || ! installed sqlite3 || with_sqlite
for postgres in /usr/lib/postgresql/*/bin; do :; done
! has query || ! installed "$postgres/initdb" "$postgres/postgres" || with_postgres
