# SPDX-License-Identifier: MIT
# Plants the number-th fault of planted.txt in the copy of lib/ at `lib`. Where
# what it changes is not there exactly once: says so, exits 1.

function trim(line)
{
	gsub(/^[ \t]+|[ \t]+$/, "", line)
	return line
}

function fail(why)
{
	print name ": " why
	bad = 1
	exit 1
}

function load(path,    line)
{
	for (count = 0; (getline line < path) > 0;)
		text[++count] = line
	close(path)
	if (!count)
		fail("no file " path)
}

# Whether the place begins after line `at`.
function matches(at,    i, line)
{
	line = at
	for (i = 1; i <= steps; i++) {
		if (kind[i] == "+")
			continue
		line++
		if (line > count || trim(text[line]) != trim(what[i]))
			return 0
	}
	return 1
}

function apply(    at, found, i, line, new, lines)
{
	found = -1
	for (at = 0; at < count; at++)
		if (matches(at)) {
			if (found >= 0)
				fail("is there twice: " what[1])
			found = at
		}
	if (found < 0)
		fail("is not there: " what[1])
	for (line = 1; line <= found; line++)
		new[++lines] = text[line]
	for (i = 1; i <= steps; i++) {
		if (kind[i] != "-")
			new[++lines] = kind[i] == "+" ? what[i] : text[line]
		if (kind[i] != "+")
			line++
	}
	for (; line <= count; line++)
		new[++lines] = text[line]
	for (count = 0; count < lines;)
		text[++count] = new[count]
	steps = 0
}

/^= / { current++; if (current == number) name = substr($0, 3); next }
current != number || /^#/ { next }
/^[a-z_]+\.[ch]$/ { path = lib "/" $0; load(path); next }
/^\? / { print substr($0, 3) > (lib "/first"); next }
/^\.\.\.$/ { apply(); next }
/^[-+ ]/ { kind[++steps] = substr($0, 1, 1); what[steps] = substr($0, 2) }
END {
	if (bad)
		exit 1
	if (path) {
		apply()
		for (i = 1; i <= count; i++)
			print text[i] > path
	}
	print name > (lib "/name")
}
