#!/bin/sh
# SPDX-License-Identifier: MIT
# What crawl finds on a site of its own, and what it asks that site for.
#     test-crawl.sh CRAWL
set -eu
crawl=$(realpath "$1")
PATH=$PATH:/usr/sbin
if ! command -v nginx >/dev/null; then
	echo "nginx is not installed: left out"
	exit 77
fi
work=$(mktemp -d)
server= crawling=
trap 'kill $server $crawling 2>/dev/null || :; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
cd "$work"
# What is fetched here is on loopback, whatever proxy is set.
export no_proxy='*' NO_PROXY='*'

# configure PORT: two hosts with the same files. Of what is slow a byte a second
# comes, and the first one is the status line's.
configure() {
	cat >nginx.conf <<END
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
	types { Text/HTML html; text/css css; image/png png; }
	default_type text/plain;
	log_format request '\$request_method \$http_host\$request_uri';
	access_log access.log request;
	server {
		listen 127.0.0.1:$1;
		listen 127.0.0.2:$1;
		root site;
		absolute_redirect off;
		error_page 404 /lost.html;
		location = /old { return 302 /moved/new.html; }
		location = /away { return 302 http://127.0.0.2:$1/other.html; }
		location = /loop { return 302 /pool; }
		location = /pool { return 302 /loop; }
		location = /broken { return 500; }
		location /slow { limit_rate 1; }
	}
}
END
}

# nginx writes its number down when it listens, or ends where the port is taken.
start() {
	port=$((20000 + $$ % 10000)) last=$((port + 20))
	until [ -s nginx.pid ]; do
		port=$((port + 1))
		if [ $port -gt $last ]; then
			cat nginx.out
			exit 1
		fi
		configure $port
		nginx -p "$work/" -c nginx.conf >nginx.out 2>&1 &
		server=$!
		until [ -s nginx.pid ] || ! kill -0 $server 2>/dev/null; do
			sleep 0.01
		done
	done
	here=http://127.0.0.1:$port there=http://127.0.0.2:$port
}

# page FILE LINK...: a page of the site.
page() {
	mkdir -p "site/$(dirname "$1")"
	exec 3>"site/$1"
	shift
	echo '<!doctype html><title>A page</title><p>Not <b>well<p>formed' >&3
	for link; do
		case $link in
		*.css) echo "<link rel=stylesheet href='$link'>" ;;
		*.png) echo "<img src=\"$link\" alt=''>" ;;
		# The blanks around it are none of the link.
		*) printf '<a href=" %s\n">%s</a>\n' "$link" "$link" ;;
		esac
	done >&3
	exec 3>&-
}

make_site() {
	# The same page under some names; the last three are nothing to fetch.
	page index.html 1.html /index.html / '#top' 'index.html#top' '' \
		mailto:a@b.invalid 'javascript:void(0)' tel:1
	# Pages that lead to each other and back, and all to the same few.
	for i in $(seq 200); do
		page $i.html $((i * 2 % 201)).html \
			"$here/$(((i * 2 + 1) % 201)).html#$i" /$((i / 2)).html \
			/ style.css logo.png 'a?x=1&amp;y=2' special.html#$i
	done
	page 0.html 200.html
	# Redirects, and links relative to where they end, or to what the page
	# names; another host's pages, whose links are none of ours; blanks, a
	# percent sign, URLs in clothes of their own, and what makes no URL; what is no
	# page, or an empty one, or larger than one; dead links, that of an error's
	# page not among them.
	page special.html /old "$there/head.html" /away 'two words.html' 100% \
		"http:/${here#http://}/slashes.html" "HTTP://${here#http://}/case.html" \
		"http://LOCALHOST:$port/a" "http://localhost:$port/a" \
		deep.html wide.html based.html ftp://127.0.0.1:1/ 'http://[bad/' http:$port \
		http:u@127.0.0.1:$port/a \
		text.txt /missing.html '/missing.html#again' ./sub/../gone.png \
		empty.html large.png /broken /loop "$there/gone.html" http://127.0.0.1:1/
	page moved/new.html here.html
	echo '<base href="/moved/"><a href=there.html>there</a>' >site/based.html
	{
		printf '\377\376'
		echo '<a href=text.txt>text</a><a href=end.html>end</a>' |
			iconv -t UTF-16LE
	} >site/wide.html
	# After more elements in each other than a parser may want, and a zero byte.
	{
		printf '<i>%.0s' $(seq 400)
		printf '\0<a href=last.html>the end</a>'
	} >site/deep.html
	page moved/here.html ../index.html
	page 'two words.html' '/bl&auml;tter.html'
	page other.html /never-1.html
	page head.html /never-2.html
	page text.txt /never-3.html
	page lost.html /never-4.html
	page blätter.html /
	touch site/style.css site/logo.png site/a site/empty.html \
		site/end.html site/last.html site/slashes.html site/case.html site/moved/there.html
	head -c 3000000 /dev/zero >site/large.png

	page apart/alive.html alive.html#a '#top'
	page apart/hang.html /slow.html dead.html
	page slow.html /never-5.html
}

# dead FILE: what crawl has printed, sorted, an HTTP status in place of libcurl's words.
dead() {
	sed 's/^\(.*)\): .* error: \([0-9]*\)$/\2 \1/; s/^\(.*)\): .*/--- \1/' "$1" | sort
}

# crawls STATUS ARGUMENT...: what is dead in out.
crawls() {
	wanted=$1 status=0
	shift
	"$crawl" "$@" >raw 2>err || status=$?
	dead raw >out
	if [ $status != "$wanted" ]; then
		echo "crawl $* has exited with $status, not $wanted"
		cat raw err
		exit 1
	fi
}

# same FILE: standard input, sorted.
same() {
	sort | diff -u - "$1"
}

start
make_site

crawls 2
crawls 2 "$here/" 0
crawls 2 mailto:a@b.invalid
crawls 0 "$here/apart/alive.html"
echo '1 links checked, 0 dead' | same out

# The slow one alone: where a second is too short for others, it does not matter.
crawls 1 "$here/slow.html" 1
same out <<END
--- $here/slow.html (from the command line)
1 links checked, 1 dead
END

# A transfer under way does not keep a stop waiting, and is no dead link.
rm raw
"$crawl" "$here/apart/hang.html" 3600 >raw 2>err &
crawling=$!
until grep -q 'error: 404$' raw 2>/dev/null; do
	kill -0 $crawling
	sleep 0.01
done
kill -INT $crawling
status=0
wait $crawling || status=$?
crawling=
[ $status = 1 ]
dead raw >out
same out <<END
404 $here/apart/dead.html (from $here/apart/hang.html)
2 links checked, 1 dead, stopped
END

crawls 1 "$here/index.html" 100
same out <<END
400 $here/100% (from $here/special.html)
404 $here/missing.html (from $here/special.html)
404 $here/gone.png (from $here/special.html)
404 $there/gone.html (from $here/special.html)
500 $here/broken (from $here/special.html)
--- $here/loop (from $here/special.html)
--- http://127.0.0.1:1/ (from $here/special.html)
--- http://[bad/ (from $here/special.html)
--- http:$port (from $here/special.html)
--- http:u@127.0.0.1:$port/a (from $here/special.html)
235 links checked, 10 dead
END
[ ! -s err ]

# nginx has written its log to the end when it ends. Each URL once; not looked
# at are those that a redirect leads back to, and what came before.
kill $server
wait $server
server=
grep -v '/loop$\|/pool$\|/slow\|/apart/' access.log |
	sed 's/%c3%a4/%C3%A4/' | sort >requests
{
	for i in $(seq 0 200); do echo "/$i.html"; done
	printf '/%s\n' '' index.html style.css logo.png 'a?x=1&y=2' \
		special.html old moved/new.html moved/here.html away \
		two%20words.html bl%C3%A4tter.html text.txt missing.html \
		gone.png broken empty.html large.png slashes.html \
		case.html deep.html last.html wide.html end.html based.html moved/there.html
} | sed "s|^|GET 127.0.0.1:$port|" >wanted
# The last one is the one with the percent sign, which nginx takes for none.
cat >>wanted <<END
GET 127.0.0.2:$port/other.html
GET 127.0.0.2:$port/head.html
GET 127.0.0.2:$port/gone.html
GET localhost:$port/a
GET --
END
same requests <wanted
echo "$(wc -l <requests) URLs, each asked for once"
