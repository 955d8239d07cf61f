# SPDX-License-Identifier: MIT
# A part of the tests of programs that draw a progress line: a terminal, by script of
# util-linux.
has_terminal() {
	script --version 2>/dev/null | grep -q util-linux
}

# on_terminal COMMAND: runs a command line of the shell; what its terminal gets is in
# the file "terminal" of the folder $work.
on_terminal() {
	script -qec "$1" /dev/null </dev/null >"$work/terminal"
}

# What can be read on the terminal in the end: of each line, what came after it was
# wiped.
shown() {
	sed "s/.*$(printf '\r\033')\[K//" "$work/terminal" | tr -d '\r'
}
