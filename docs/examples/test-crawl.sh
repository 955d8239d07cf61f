#!/bin/sh
# SPDX-License-Identifier: MIT
# What crawl finds on a site of its own, and what it asks that site for.
#     test-crawl.sh CRAWL
set -eu
crawl=$(realpath "$1")
. "$(dirname "$0")/nginx.sh"
. "$(dirname "$0")/terminal.sh"
if ! command -v nginx >/dev/null; then
	echo "nginx is not installed: left out"
	exit 77
fi
work=$(mktemp -d)
server= crawling= serving=
trap 'kill $server $crawling $serving 2>/dev/null || :; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
cd "$work"
# What is fetched here is on loopback, whatever proxy is set.
export no_proxy='*' NO_PROXY='*'

# configure PORT: two hosts with the same files. Of what is slow a byte a second
# comes, and the first one is the status line's.
configure() {
	cat <<END
	types { Text/HTML html; text/css css; image/png png; }
	default_type text/plain;
	limit_req_zone \$server_port zone=all:1m rate=20r/s;
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
		location = /start { return 301 http://127.0.0.2:$1/apart/alive.html; }
		location /slow { limit_rate 1; }
		location /calendar/ {
			types { }
			default_type text/html;
			return 200 '<a href="\${uri}next/">next</a><a href=/gone-by>then</a>';
		}
		location /busy/ {
			limit_req zone=all burst=2 nodelay;
			limit_req_status 429;
		}
		location = /robots.txt { if (-f $work/shut) { return 500; } }
	}
END
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
	page 1.html 2.html 3.html gone.png
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

# dead FILE: what crawl has printed, an HTTP status in place of libcurl's words.
dead() {
	sed 's/^\([^ \t]*\): .* error: \([0-9]*\)$/\2 \1/; t; s/^\([^ \t]*\): .*/--- \1/' "$1"
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

# same FILE: standard input.
same() {
	diff -u - "$1"
}

# fail WHY
fail() {
	cat terminal err
	echo "failed: $1"
	exit 1
}

# says FILE PATTERN
says() {
	grep -qE -- "$2" "$1" && return
	cat "$1"
	echo "$1 does not say $2"
	exit 1
}

start_nginx 1
here=http://127.0.0.1:$port there=http://127.0.0.2:$port
make_site

crawls 2
crawls 2 -m 0 "$here/"
crawls 2 mailto:a@b.invalid
crawls 0 "$here/apart/alive.html"
echo '1 links checked, 0 dead' | same out
crawls 0 -h

# A terminal shows the progress, and nothing of it in the end.
if has_terminal; then
	on_terminal "'$crawl' $here/apart/alive.html"
	says terminal '[01] links checked, 0 dead, [01] to go, [01] pages read'
	[ "$(shown)" = '1 links checked, 0 dead' ] || fail "the last line is not clean"
	on_terminal "'$crawl' $here/apart/alive.html >out"
	says terminal 'to go'
	[ -z "$(shown)" ] || fail "something of the progress is left"
	on_terminal "'$crawl' $here/apart/alive.html 2>err"
	[ ! -s err ] || fail "there is progress without a terminal"
else
	echo "script of util-linux is not installed: no test of the progress line"
fi

# Nothing was checked: why.
crawls 2 "$here/gone.html"
says err "^crawl: nothing was checked: $here/gone.html: .* 404\$"
crawls 2 "$here/text.txt"
says err "^crawl: nothing was checked: $here/text.txt: this is no page\$"
crawls 2 -m 1 "$here/slow.html"
says err "^crawl: nothing was checked: $here/slow.html: it took more than 1 s\$"

# The site is where the first page is found.
page apart/alive.html alive.html#a '#top' gone.html
crawls 1 "$here/start"
same out <<END
404 $there/apart/gone.html
	$here/start
	$there/apart/alive.html
3 links checked, 1 dead
END

# A transfer under way does not keep a stop waiting, and is no dead link. That all but
# that one is done only the progress tells.
if has_terminal; then
	rm -f terminal
	on_terminal "echo \$\$ >pid; exec '$crawl' -m 3600 $here/apart/hang.html >raw" &
	crawling=$!
	until grep -q '2 links checked, 1 dead, 1 to go, 1 pages read' terminal 2>err; do
		kill -0 $crawling
		sleep 0.01
	done
	kill -INT "$(cat pid)"
	status=0
	wait $crawling || status=$?
	crawling=
	[ $status = 130 ]
	dead raw >out
	same out <<END
404 $here/apart/dead.html
	$here/apart/hang.html
2 links checked, 1 dead, 1 links left by the stop, stopped
END
fi

# All that a page and a style sheet can hold. A preconnect is nothing to fetch.
mkdir -p site/parts
cat >site/parts/index.html <<END
<!doctype html><title>Parts</title>
<link rel=preconnect href=/d/none><link rel=dns-prefetch href=/d/none>
<meta http-equiv=Refresh content="9; URL='/d/refresh'">
<link rel=stylesheet href=parts.css>
<style>@import "/d/import"; p { background: url(/d/style) } /* url(/d/none) */</style>
<p style="background: url(&quot;/d/attribute&quot;)">
<img src=/d/src srcset="/d/srcset-1 1x,/d/srcset-2,2 2x, /d/srcset-3, data:,x 3x">
<picture><source srcset=/d/source></picture><video poster=/d/poster><source src=/d/video></video>
<object data=/d/object></object><iframe src=/d/frame></iframe><table background=/d/back>
<link rel=preload as=image imagesrcset="/d/imagesrcset 2x">
END
cat >site/parts/parts.css <<END
@import url('/d/css-import');
@font-face { src: url( /d/css-font.woff ) format("woff"), url("data:,url(x)"); }
a::after { content: "url(/d/none)"; background: URL("/d/css\)"); }
END
printf 'p { background: url("http://[bad\033[2J/") }' >>site/parts/parts.css
crawls 1 --no-robots "$here/parts/index.html"
says raw '^http://\[bad\?\[2J/: ' # nothing that a terminal would obey
grep ^404 raw out | sed 's|.*/d/||' >found
same found <<END
attribute
back
css)
css-font.woff
css-import
frame
imagesrcset
import
object
poster
refresh
source
src
srcset-1
srcset-2,2
srcset-3
style
video
END

# Large pages are read; if one is too large, that is told.
mkdir -p site/large
{
	head -c 3000000 /dev/zero | tr '\0' ' '
	echo '<a href=/gone.html>gone</a>'
} >site/large/index.html
page large/start.html index.html
crawls 1 "$here/large/start.html"
says out "^404 $here/gone.html\$"
crawls 2 -M 2 "$here/large/index.html"
says err ': it is too large \(-M\)$'
crawls 1 -M 2 "$here/large/start.html"
says raw "^$here/large/index.html: larger than 2 MB: its links were not looked at\$"
says raw '^2 links checked, 0 dead, 1 pages too large$'

# A site without an end.
crawls 1 -n 20 "$here/calendar/"
same out <<END
404 $here/gone-by
$(printf '\t%s/calendar/\n' "$here"
	for i in $(seq 19); do
		printf '\t%s/calendar/%s\n' "$here" "$(printf 'next/%.0s' $(seq $i))"
	done)
22 links checked, 1 dead, 1 pages too many (-n)
END
crawls 1 -d 5 "$here/calendar/"
says out '^8 links checked, 1 dead, 1 pages too deep \(-d\)$'

# A server that gets too much is given time.
page busy/index.html $(seq -f %.0f.html 40)
for i in $(seq 40); do page busy/$i.html index.html; done
: >access.log
crawls 0 "$here/busy/index.html"
same out <<END
41 links checked, 0 dead
END

# A server that closes a kept connection at the next request: all are alive.
serve=$(dirname "$crawl")/serve
if [ -x "$serve" ]; then
	"$serve" -d 1 >serve.out &
	serving=$!
	until [ -s serve.out ]; do sleep 0.01; done
	page apart/last.html $(seq 300 | sed "s|^|$(cat serve.out)last|")
	crawls 0 "$here/apart/last.html"
	echo '301 links checked, 0 dead' | same out
	kill $serving
	serving=
fi

# robots.txt: the group of this program, and else that of all.
page robots/index.html no/1.html no/yes.html a.pdf a.pdf?x 'also?q=1' no
page robots/no/yes.html
touch site/robots/no/1.html site/robots/a.pdf site/robots/also
cat >site/robots.txt <<END
User-agent: other
Disallow: /

user-agent: *
User-Agent: another # and this
Disallow: /robots/no/ # but
Allow: /robots/no/y
Allow: /r
Disallow: /*.pdf\$
Disallow: /robots/*?q
Disallow:
END
crawls 1 "$here/robots/index.html"
says out '^4 links checked, 1 dead, 3 links forbidden by robots.txt$'
cat >>site/robots.txt <<END
User-agent: PAR-crawl
Disallow: /robots/a
END
crawls 1 "$here/robots/index.html"
says out '^4 links checked, 1 dead, 3 links forbidden by robots.txt$'
crawls 1 --no-robots "$here/robots/index.html"
says out '^7 links checked, 1 dead$'
rm site/robots.txt
# If it cannot be had for now, nothing is allowed.
touch shut
crawls 2 "$here/robots/index.html"
says err ': robots.txt \(else --no-robots\): the server has failed$'
crawls 1 --no-robots "$here/robots/index.html"
rm shut

# What wget takes for dead is dead here.
if command -v wget >/dev/null; then
	page wget/index.html 1.html 2.html gone-1.html gone-2.png style.css
	page wget/1.html index.html gone-1.html 3.html
	page wget/2.html gone-3.html /broken 3.html
	page wget/3.html gone-4.html
	echo 'p { background: url(gone-5.png) }' >site/wget/style.css
	crawls 1 "$here/wget/index.html"
	grep -o '^[45]0[0-9] http.*' out | cut -d ' ' -f 2 | sort >ours
	LC_ALL=C wget --spider -r -l inf -nv -o wget.log "$here/wget/index.html" || :
	sed -n '/^Found .* broken link/,$ { /^http/p }' wget.log | sort >theirs
	[ "$(wc -l <ours)" = 6 ]
	same ours <theirs || { cat wget.log; exit 1; }
fi

: >access.log
crawls 1 -m 100 "$here/index.html"
same out <<END
--- http://127.0.0.1:1/
	$here/special.html
400 $here/100%
	$here/special.html
500 $here/broken
	$here/special.html
404 $here/gone.png
	$here/1.html
	$here/special.html
--- $here/loop
	$here/special.html
404 $here/missing.html
	$here/special.html
404 $there/gone.html
	$here/special.html
--- http://[bad/
	$here/special.html
--- http:$port
	$here/special.html
--- http:u@127.0.0.1:$port/a
	$here/special.html
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
		robots.txt special.html old moved/new.html moved/here.html away \
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
sort wanted | same requests
echo "$(wc -l <requests) URLs, each asked for once"
