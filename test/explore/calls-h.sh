#!/bin/sh
# SPDX-License-Identifier: MIT
# Writes calls.h, which each file of the library includes first when it is built
# for the explorer: every call in calls.modelled becomes the model's (x_...). The
# system's headers come before, so that only the library's own calls are renamed.
#     calls-h.sh CALLS.MODELLED > calls.h
set -eu
echo '/* Written by calls-h.sh. */'
for header in pthread sched signal stdlib time unistd fcntl sys/epoll sys/eventfd; do
	echo "#include <$header.h>"
done
sed 's/.*/__typeof__(&) x_&;\n#define &(...) x_&(__VA_ARGS__)/' "$1"
