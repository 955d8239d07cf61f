#!/bin/sh
# SPDX-License-Identifier: MIT
# An initialiser in C++ must name the fields of a structure in the order in which the
# header declares them; C does not mind. People copy pieces of ours into C++. So every
# initialiser in a source, a page or a comment of ours keeps to that order. Not seen: one
# that does not name its type (a nested one, the second of one declaration).
#     initialisers.sh SOURCE
set -euf
cd "$1"
LC_ALL=C
export LC_ALL

# In an archive of a release there is no git, or one that knows of other files.
files=
test ! -e .git || files=$(git ls-files 2>/dev/null) || :
test -n "$files" || files=$(find . -type f)
files=$(echo "$files" | grep -e '\.[ch]$' -e '\.cpp$' -e '\.md$' -e '\.[37]$' |
	grep -v 'test/old/') # of another header
set --
for file in $files; do
	# One that git knows may have been removed.
	test ! -f "$file" || set -- "$@" "$file"
done

# The header comes first, for its structures.
awk '
	# What a line has that is no C: the star of a comment, the marks of a page, the
	# backslash of a macro, a condition.
	function bare(line) {
		if (FILENAME ~ /\.[37]$/) {
			sub(/^\\&/, "", line)
			gsub(/\\e/, "\\", line)
		}
		sub(/^[ \t]*\*([ \t]|$)/, " ", line)
		sub(/\\$/, "", line)
		sub(/^[ \t]*#[ \t]*(if|el|endif).*/, "", line)
		return line
	}

	# place["par_options", "action"] = 1, and so on, of what a program fills in for us.
	function learn(text,    i, j, name, body) {
		while (i = index(text, "/*")) {
			j = index(substr(text, i), "*/")
			text = substr(text, 1, i - 1) substr(text, i + j + 1)
		}
		while (match(text, /struct par_[a-z]+ [{][^{}]*}/)) {
			body = substr(text, RSTART + 7, RLENGTH - 8)
			text = substr(text, RSTART + RLENGTH)
			i = index(body, " {")
			name = substr(body, 1, i - 1)
			if (name ~ /^par_(options|array|sizes)$/)
				learn_fields(name, substr(body, i + 2))
		}
	}
	function learn_fields(name, body,    n, i, count, some) {
		# int (*open)(void *a, void **b); is read as open; and a, b; as a; b;
		gsub(/\)[ \t\n]*\([^()]*\)/, "", body)
		gsub(/,/, ";", body)
		known[name] = 1
		n = split(body, some, /[ \t\n]*;/)
		for (i = 1; i < n; i++)
			if (match(some[i], /[a-z_0-9]+$/))
				place[name, substr(some[i], RSTART)] = ++count
	}

	function lines(text) {
		return gsub(/\n/, "", text)
	}

	function complain(file, line, text) {
		print file ":" line ": " text
		bad = 1
	}

	# Each begins with its type: alone in parentheses, or before the name of a
	# variable; either may be an array. One inside of another is found in its turn.
	BEGIN {
		blank = "[ \t\n]*"
		array_of = "(\\[[^]]*\\]" blank ")*"
		begin = "par_[a-z]+" blank "(const" blank ")?" \
			"(" array_of "[)]|[A-Za-z_0-9]*" blank array_of "=?)" blank "[{]"
	}
	function look(file, text,    line, name, array) {
		line = 1
		while (match(text, begin)) {
			name = substr(text, RSTART, RLENGTH)
			line += lines(substr(text, 1, RSTART + RLENGTH - 1))
			text = substr(text, RSTART + RLENGTH)
			array = index(name, "[") != 0
			match(name, /^par_[a-z]+/)
			name = substr(name, 1, RLENGTH)
			if (name in known)
				look_inside(file, line, text, name, 1 + array)
		}
	}

	# The designators are what has a dot after a brace or a comma, at that depth.
	function look_inside(file, line, text, name, depth,
			     i, c, two, now, fresh, last, field, where) {
		now = fresh = 1
		for (i = 1; now; i++) {
			c = substr(text, i, 1)
			two = substr(text, i, 2)
			if (c == "" || two == "*/") {
				complain(file, line, "the initialiser of " name " has no end")
				return
			}
			if (c == "\n")
				line++
			if (c ~ /[ \t\n]/)
				continue
			if (two == "/*" || two == "//") {
				where = index(substr(text, i + 2), two == "/*" ? "*/" : "\n")
				line += lines(substr(text, i, where + 1))
				i += where + (two == "/*" ? 2 : 0)
				continue
			}
			if (c == "\"" || c == "\047") {
				for (i++; (two = substr(text, i, 1)) != c && two != ""; i++)
					if (two == "\\")
						i++
			} else if (c ~ /[{([]/) {
				if (++now == depth && c == "{")
					last = ""
			} else if (c ~ /[])}]/) {
				now--
			} else if (c == "." && fresh && now == depth &&
				   match(substr(text, i + 1, 80), /^[a-z_0-9]+/)) {
				field = substr(text, i + 1, RLENGTH)
				count += last == ""
				if (!((name, field) in place))
					complain(file, line, name " has no ." field)
				else if (last != "" && place[name, field] <= place[name, last])
					complain(file, line, "." field " of " name " stands after ." last)
				else
					last = field
			}
			fresh = c == "{" || c == ","
		}
	}

	function done() {
		if (files++)
			look(file, text)
		else
			learn(text)
	}
	FNR == 1 && NR > 1 { done() }
	FNR == 1 { text = ""; file = FILENAME }
	{ text = text bare($0) "\n" }
	END {
		done()
		print count + 0 " initialisers"
		exit bad || !count
	}' include/par.h "$@"
