# SPDX-License-Identifier: MIT
# A part of test-crawl.sh and test-fetch-nginx.sh: nginx in the folder $work.
PATH=$PATH:/usr/sbin

# start_nginx N: with N ports, from $port on; its number is in $server. What
# "configure PORT" prints is its configuration for http.
start_nginx() {
	port=$((20000 + $$ % 10000))
	for _ in $(seq 20); do
		port=$((port + $1))
		{
			cat <<END
daemon off;
master_process off;
pid nginx.pid;
error_log error.log;
events { }
http {
	client_body_temp_path tmp;
	proxy_temp_path tmp;
	fastcgi_temp_path tmp;
	uwsgi_temp_path tmp;
	scgi_temp_path tmp;
END
			configure $port
			echo '}'
		} >"$work/nginx.conf"
		nginx -p "$work/" -c nginx.conf >"$work/nginx.out" 2>&1 &
		server=$!
		# It writes its number down when it listens, or ends if a port is taken.
		until [ -s "$work/nginx.pid" ] || ! kill -0 $server 2>/dev/null; do
			sleep 0.01
		done
		if [ -s "$work/nginx.pid" ]; then return; fi
	done
	cat "$work/nginx.out"
	return 1
}
