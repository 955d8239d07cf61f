/* SPDX-License-Identifier: MIT */
/* One page of the server, by libcurl; for the peers in C. */
#ifndef TRANSFER_H
#define TRANSFER_H

#include <stdbool.h>
#include <stdint.h>

#include <curl/curl.h>

/* A handle keeps its connection from page to page. NULL: out of memory. */
CURL *transfer_open(void);
/* What it gets next. */
void transfer_aim(CURL *handle, uintptr_t number);
/* The number of a page that came whole; stops the program if it did not. */
uintptr_t transfer_check(CURL *handle, CURLcode code, uintptr_t number);

#endif
