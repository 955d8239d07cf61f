/* SPDX-License-Identifier: MIT */
/*
 * A connection to Redis that comes back. A command is repeated until Redis has
 * done it, so it must be such that it may be done twice.
 *
 * The environment has what must not stand on a command line: REDISCLI_AUTH is
 * the password and REDIS_USER the user. If REDIS_CACERT names a file of
 * certificates, the connection is TLS; REDIS_CERT and REDIS_KEY are the
 * client's own certificate and key. The server's certificate must be for the
 * host that the program connects to, or for REDIS_TLS_NAME if that is set.
 */
#ifndef SCALE_REDIS_H
#define SCALE_REDIS_H

#include <stdbool.h>

#include <hiredis/hiredis.h>

struct redis;

/* Each connection begins with the command greeting; that Redis refuses it is no
 * error. While Redis is away, give_up() is asked whether to go on. Ends the
 * program if there is no connection. */
struct redis *redis_open(const char *host, int port, const char *greeting,
			 bool (*give_up)(void));
void redis_close(struct redis *r);

/* Returns the reply, which is no error, or NULL: given up. */
redisReply *redis_ask(struct redis *r, const char *format, ...);

#endif
