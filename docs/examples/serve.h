/* SPDX-License-Identifier: MIT */
/* A blocking HTTP server on loopback, made of a pool. See serve.c. */
#ifndef SERVE_H
#define SERVE_H

#include <stdint.h>

struct serve;

struct serve_options {
	uint16_t port;	  /* 0: one that is free */
	unsigned workers; /* connections at once */
	int delay_ms;	  /* before each answer */
};

/* 0, or a negative errno value. */
int serve_open(struct serve **server, const struct serve_options *options);
uint16_t serve_port(const struct serve *server);
/* Serves until serve_cancel(); then 0, or why accept(2) failed. */
int serve_loop(struct serve *server);
/* From any thread. */
void serve_cancel(struct serve *server);
/* After serve_loop(): requests answered. */
uint64_t serve_close(struct serve *server);

#endif
