#!/bin/sh
# SPDX-License-Identifier: MIT
# Every link of a Markdown page to this tree leads to a file, and to a heading in it.
#     links.sh SOURCE
set -eu
cd "$1"
LC_ALL=C.UTF-8
export LC_ALL
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# In an archive of a release there is no git.
find . -name '*.md' ! -path './build*' ! -path './subprojects/*' | sort >"$work/pages"

# anchors PAGE: of its headings, as GitHub makes them.
anchors() {
	awk '/^```/ { code = !code } !code && /^#+ / {
		sub(/^#+ +/, "")
		gsub(/\[|\]\([^)]*\)|`/, "")
		$0 = tolower($0)
		gsub(/[^a-z0-9 _-]/, "")
		gsub(/ /, "-")
		print
	}' "$1"
}

links=0 bad=0
while read -r page; do
	awk '/^```/ { code = !code } !code' "$page" |
		grep -o '](\([^)]*\))' | sed 's/^](//; s/)$//' >"$work/links" || :
	while read -r link; do
		case $link in
		http://* | https://* | mailto:*) continue ;;
		esac
		links=$((links + 1))
		path=${link%%#*}
		file=$page
		[ -z "$path" ] || file=$(dirname "$page")/$path
		if [ ! -e "$file" ]; then
			echo "$page: no file $link"
			bad=$((bad + 1))
		elif [ "$path" != "$link" ] &&
			! anchors "$file" | grep -qxF -- "${link#*#}"; then
			echo "$page: no heading $link"
			bad=$((bad + 1))
		fi
	done <"$work/links"
done <"$work/pages"
echo "$links links"
[ "$links" -gt 0 ] && [ "$bad" -eq 0 ]
