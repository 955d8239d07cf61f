# SPDX-License-Identifier: MIT
# Lists the mutants of C files that are formatted as ours: one small change each. A
# line has, with tabs between: the file, where the change begins (a byte, from 0), how
# many bytes go, the name of the mutant, and what comes instead. A name is
#     ring.c ring_init: while (slots < capacity) { [< -> <=]
# the file, the function, the line, and what is changed; `#2` follows if there was one
# with this name before. So a name outlives what is done elsewhere.
#     LC_ALL=C awk -f mutate.awk FILE...

# What an operator becomes. Two words: two mutants.
BEGIN {
	split("<  <=,>=  <=  <,>  >  >=,<=  >=  >,<  ==  !=  !=  ==" \
		"  &&  ||  ||  &&  ++  --  --  ++  +=  -=  -=  +=  *=  /=  |=  =" \
		"  &=  |=", pair, "  ")
	for (i = 1; i in pair; i += 2)
		becomes[pair[i]] = pair[i + 1]
	# These only between two operands.
	split("+ - - + * / / * % / & | | & ^ | << >> >> <<", pair, " ")
	for (i = 1; i in pair; i += 2)
		between[pair[i]] = pair[i + 1]
	split("const static struct enum union void bool char int unsigned long", pair, " ")
	for (i in pair)
		begins_declaration[pair[i]]
	a_character = "^'(\\\\.|[^\\\\'])*'"
	a_string = "^\"(\\\\.|[^\\\\\"])*\""
	token_of_two = "^(->|\\+\\+|--|<<|>>|<=|>=|==|!=|&&|\\|\\||[-+*/%&|^]=)"
}

FNR == 1 { flush(); file = FILENAME; sub(/.*\//, "", file) }
{ text = text $0 "\n"; line_text[FNR] = trim($0) }
END { flush() }

function trim(line)
{
	gsub(/^[ \t]+|[ \t]+$/, "", line)
	gsub(/\t/, " ", line)
	return line
}

function flush()
{
	if (text != "") {
		scan()
		match_brackets()
		top_level()
	}
	text = ""
}

# Tokens.

function add(at, length_, line)
{
	tokens++
	token[tokens] = substr(text, at, length_)
	place[tokens] = at
	line_of[tokens] = line
}

# Everything but comments and the preprocessor's lines.
function scan(    at, line, end, rest, c, fresh)
{
	tokens = 0
	line = fresh = 1
	for (at = 1; at <= length(text);) {
		c = substr(text, at, 1)
		if (c == "\n") {
			line++
			at++
			fresh = 1
			continue
		}
		if (c == " " || c == "\t") {
			at++
			continue
		}
		rest = substr(text, at, 2000)
		end = 1
		if (substr(rest, 1, 2) == "/*") {
			end = index(substr(text, at), "*/") + 1
			rest = substr(text, at, end)
			line += gsub(/\n/, "&", rest)
			at += end
			continue
		}
		if (c == "#" && fresh) {
			do {
				end = index(substr(text, at), "\n")
				line++
				at += end
			} while (substr(text, at - 2, 1) == "\\")
			continue
		}
		fresh = 0
		if (c == "\"" || c == "'") {
			match(rest, c == "'" ? a_character : a_string)
			end = RLENGTH
		} else if (match(rest, /^[A-Za-z0-9_]+/)) {
			end = RLENGTH
		} else if (match(rest, /^\.\.\./)) {
			end = 3
		} else if (match(rest, token_of_two)) {
			end = 2
		}
		add(at, end, line)
		at += end
	}
	token[tokens + 1] = ""
}

function match_brackets(    i, stack, depth)
{
	split("", mate)
	for (i = 1; i <= tokens; i++)
		if (token[i] ~ /^[[({]$/) {
			stack[++depth] = i
		} else if (token[i] ~ /^[])}]$/) {
			mate[i] = stack[depth]
			mate[stack[depth--]] = i
		}
}

function is_name(i) { return token[i] ~ /^[A-Za-z_]/ }

# Whether the operator stands between two operands: then it has blanks around.
function is_between(i)
{
	return substr(text, place[i] + length(token[i]), 1) ~ /[ \n]/ &&
		substr(text, place[i] - 1, 1) ~ /[ \t]/
}

# Mutants.

# From token i to token j.
function emit(i, j, new, what,    name)
{
	name = file " " where ": " line_text[line_of[i]] " [" what "]"
	if (++named[name] > 1)
		name = name " #" named[name]
	print file "\t" place[i] - 1 "\t" \
		place[j] + length(token[j]) - place[i] "\t" name "\t" new
}

function source(i, j)
{
	return substr(text, place[i], place[j] + length(token[j]) - place[i])
}

function flat(code)
{
	gsub(/[ \t\n]+/, " ", code)
	return code
}

function constant(i)
{
	if (token[i] == "0")
		emit(i, i, "1", "0 -> 1")
	else if (token[i] == "1") {
		emit(i, i, "0", "1 -> 0")
		emit(i, i, "2", "1 -> 2")
	} else if (token[i] ~ /^[0-9]/)
		emit(i, i, "(" token[i] " + 1)", token[i] " -> + 1")
	else if (token[i] == "true")
		emit(i, i, "false", "true -> false")
	else if (token[i] == "false")
		emit(i, i, "true", "false -> true")
}

function constants(i, j)
{
	for (; i <= j; i++)
		constant(i)
}

function operator(i,    new, n, k)
{
	if (token[i] in becomes)
		n = split(becomes[token[i]], new, ",")
	else if (token[i] in between && is_between(i))
		n = split(between[token[i]], new, ",")
	else if (token[i] ~ /^[-!~]$/)
		emit(i, i, "", token[i] " gone")
	for (k = 1; k <= n; k++)
		emit(i, i, new[k], token[i] " -> " new[k])
}

# The condition of `a ? b : c`, which begins after a token that binds less.
function question(i,    begin)
{
	for (begin = i; begin > 1; begin--) {
		if (token[begin - 1] ~ /^[])}]$/) {
			begin = mate[begin - 1] + 1
			continue
		}
		if (token[begin - 1] ~ /^([[({,;:?]|return|[-+*\/%&|^]?=)$/)
			break
	}
	emit(begin, i - 1, "!(" flat(source(begin, i - 1)) ")", "? -> ! ?")
}

# `.name = value` is left out.
function initialiser(i,    end)
{
	for (end = i; token[end] !~ /^[,}]$/; end++)
		if (token[end] ~ /^[[({]$/)
			end = mate[end]
	emit(i, token[end] == "," ? end : end - 1, "", token[i] token[i + 1] " gone")
}

function expressions(i, j)
{
	for (; i <= j; i++) {
		if (token[i] == "assert") {
			i = mate[i + 1]
			continue
		}
		constant(i)
		operator(i)
		if (token[i] == "?")
			question(i)
		if (token[i] == "." && token[i - 1] ~ /^[{,]$/)
			initialiser(i)
	}
}

# The condition is in the brackets that open at token i.
function condition(i, keyword)
{
	emit(i + 1, mate[i] - 1, "!(" flat(source(i + 1, mate[i] - 1)) ")",
		keyword " -> " keyword " !")
	if (keyword == "if")
		emit(i + 1, mate[i] - 1, "true", keyword " -> if true")
	emit(i + 1, mate[i] - 1, "false", keyword " -> " keyword " false")
}

function for_condition(i,    begin, end)
{
	for (begin = i + 1; token[begin] != ";"; begin++)
		if (token[begin] ~ /^[[({]$/)
			begin = mate[begin]
	for (end = ++begin; token[end] != ";"; end++)
		if (token[end] ~ /^[[({]$/)
			end = mate[end]
	if (end > begin) {
		emit(begin, end - 1, "!(" flat(source(begin, end - 1)) ")", "for -> for !")
		emit(begin, end - 1, "false", "for -> for false")
	}
}

# A statement from token i to the semicolon at j.
function simple(i, j)
{
	if (token[i] == "return") {
		if (j > i + 1 && returns == "bool")
			emit(i + 1, j - 1, "!(" flat(source(i + 1, j - 1)) ")",
				"return -> return !")
		else if (j > i + 1 && source(i + 1, j - 1) !~ /^(0|NULL)$/)
			emit(i + 1, j - 1, "0", "return -> return 0")
		if (j + 1 == body_end)
			return
	} else if (token[i] in begins_declaration || token[i] == "assert" || i == j ||
		is_name(i) && token[i] !~ /^(goto|break|continue)$/ && is_name(i + 1)) {
		return
	}
	emit(i, j, ";", "gone")
}

# The statement that begins at token i. Returns the token after it.
function statement(i,    end)
{
	if (token[i] == "{") {
		for (end = mate[i++]; i < end;)
			i = statement(i)
		return end + 1
	}
	if (token[i] == "if") {
		condition(i + 1, "if")
		i = statement(mate[i + 1] + 1)
		return token[i] == "else" ? statement(i + 1) : i
	}
	if (token[i] ~ /^(while|for|switch)$/) {
		if (token[i] == "while")
			condition(i + 1, "while")
		else if (token[i] == "for")
			for_condition(i + 1)
		return statement(mate[i + 1] + 1)
	}
	if (token[i] == "do") {
		i = statement(i + 1)
		condition(i + 1, "while")
		return mate[i + 1] + 2
	}
	if (token[i] == "case" || token[i] == "default" || token[i + 1] == ":") {
		while (token[i] != ":")
			i++
		return statement(i + 1)
	}
	for (end = i; token[end] != ";"; end++)
		if (token[end] ~ /^[[({]$/)
			end = mate[end]
	simple(i, end)
	return end + 1
}

function definition(begin, open,    i)
{
	returns = ""
	for (i = begin; !(is_name(i) && token[i + 1] == "("); i++)
		if (token[i] != "static" && token[i] != "inline")
			returns = returns token[i]
	where = token[i]
	body_end = mate[open]
	expressions(open + 1, body_end - 1)
	statement(open)
}

function has(what, i, j)
{
	for (; i <= j; i++)
		if (token[i] == what)
			return 1
	return 0
}

function top_level(    i, begin)
{
	begin = 1
	for (i = 1; i <= tokens; i++) {
		if (token[i] == ";") {
			begin = i + 1
		} else if (token[i] == "{") {
			where = token[i - 1]
			if (has("=", begin, i))
				constants(i, mate[i])
			else if (has("(", begin, i))
				definition(begin, i)
			else if (has("enum", begin, i))
				constants(i, mate[i])
			i = mate[i]
			if (token[i + 1] != ";")
				begin = i + 1
		} else if (token[i] ~ /^[[(]$/) {
			i = mate[i]
		}
	}
}
