/* SPDX-License-Identifier: MIT */
#include "scale_redis.h"

#include <err.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef HAVE_HIREDIS_SSL
#include <hiredis/hiredis_ssl.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#endif

/* If Redis is away, it is asked again after so many milliseconds, then after
 * twice as many. */
enum { FIRST_MS = 100, LAST_MS = 5000, STEP_MS = 50 };

struct redis {
	const char *host;
	int port;
	const char *greeting;
	bool (*give_up)(void);
	/* NULL: there is no connection, and why tells the reason. */
	redisContext *connection;
	char why[256];
};

static void disconnect(struct redis *r, const char *why)
{
	snprintf(r->why, sizeof r->why, "%s", why);
	if (r->connection)
		redisFree(r->connection);
	r->connection = NULL;
}

#ifdef HAVE_HIREDIS_SSL
static const char *load(SSL_CTX *context)
{
	const char *certificate = getenv("REDIS_CERT"),
		   *key = getenv("REDIS_KEY");

	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	if (SSL_CTX_load_verify_locations(context, getenv("REDIS_CACERT"),
					  NULL) != 1)
		return "there are no certificates in REDIS_CACERT";
	if (certificate &&
	    SSL_CTX_use_certificate_chain_file(context, certificate) != 1)
		return "there is no certificate in REDIS_CERT";
	if (key &&
	    SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
		return "there is no key for REDIS_CERT in REDIS_KEY";
	return NULL;
}

/* The certificate must be for this name or address: hiredis itself takes one
 * for any name. */
static bool expect(SSL *ssl, const char *name)
{
	if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1)
		return true;
	return SSL_set1_host(ssl, name) == 1 &&
	       SSL_set_tlsext_host_name(ssl, name) == 1;
}

static const char *encrypt(redisContext *connection, const char *host)
{
	static SSL_CTX *context;
	const char *name = getenv("REDIS_TLS_NAME"), *wrong = NULL;
	SSL *ssl;
	long why;

	if (!getenv("REDIS_CACERT"))
		return NULL;
	/* The first connection is made before there is a second thread. */
	if (!context) {
		context = SSL_CTX_new(TLS_client_method());
		wrong = context ? load(context) : "out of memory";
	}
	if (wrong) { /* the next try must not take it for loaded */
		SSL_CTX_free(context);
		context = NULL;
		return wrong;
	}
	ssl = SSL_new(context);
	if (!ssl || !expect(ssl, name ? name : host)) {
		SSL_free(ssl);
		return "no certificate can be for that name";
	}
	if (redisInitiateSSL(connection, ssl) == REDIS_OK)
		return NULL;
	why = SSL_get_verify_result(ssl);
	SSL_free(ssl);
	return why == X509_V_OK ? connection->errstr
				: X509_verify_cert_error_string(why);
}
#else
static const char *encrypt(redisContext *connection, const char *host)
{
	(void)connection, (void)host;
	return getenv("REDIS_CACERT") ? "REDIS_CACERT is set, but this program "
					"was built without hiredis_ssl"
				      : NULL;
}
#endif

static redisReply *authenticate(redisContext *connection)
{
	const char *user = getenv("REDIS_USER");
	const char *password = getenv("REDISCLI_AUTH");

	if (!password)
		return redisCommand(connection, "PING");
	if (!user)
		return redisCommand(connection, "AUTH %s", password);
	return redisCommand(connection, "AUTH %s %s", user, password);
}

static bool connect_to(struct redis *r)
{
	const struct timeval limit = { .tv_sec = 10 };
	redisReply *reply;
	const char *error;

	r->connection = redisConnectWithTimeout(r->host, r->port, limit);
	if (!r->connection || r->connection->err) {
		disconnect(r, r->connection ? r->connection->errstr
					    : "out of memory");
		return false;
	}
	redisSetTimeout(r->connection, limit);
	error = encrypt(r->connection, r->host);
	if (error) {
		disconnect(r, error);
		return false;
	}
	reply = authenticate(r->connection);
	if (!reply || reply->type == REDIS_REPLY_ERROR)
		disconnect(r, reply ? reply->str : r->connection->errstr);
	freeReplyObject(reply);
	if (r->connection)
		freeReplyObject(redisCommand(r->connection, r->greeting));
	return r->connection;
}

struct redis *redis_open(const char *host, int port, const char *greeting,
			 bool (*give_up)(void))
{
	struct redis *r = calloc(1, sizeof *r);

	if (!r)
		err(2, "Redis");
	*r = (struct redis){ .host = host,
			     .port = port,
			     .greeting = greeting,
			     .give_up = give_up };
	if (!connect_to(r))
		errx(2, "%s:%d: %s", host, port, r->why);
	return r;
}

void redis_close(struct redis *r)
{
	if (r->connection)
		redisFree(r->connection);
	free(r);
}

/* An error that Redis answers may pass, too: it is loading, it is a replica for
 * now, its memory is full, somebody has deleted the stream. */
static redisReply *attempt(struct redis *r, const char *command, size_t length)
{
	redisReply *reply = NULL;

	if (!r->connection && (r->give_up() || !connect_to(r)))
		return NULL;
	redisAppendFormattedCommand(r->connection, command, length);
	redisGetReply(r->connection, (void **)&reply);
	if (reply && reply->type != REDIS_REPLY_ERROR)
		return reply;
	disconnect(r, reply ? reply->str : r->connection->errstr);
	freeReplyObject(reply);
	return NULL;
}

static redisReply *persist(struct redis *r, const char *command, size_t length)
{
	static atomic_uint waiting;
	redisReply *reply = NULL;
	int ms = FIRST_MS;

	if (r->give_up())
		return NULL;
	/* The first thread that waits says so, and the last one says that the
	 * wait is over. */
	if (atomic_fetch_add(&waiting, 1) == 0)
		warnx("waiting for Redis: %s", r->why);
	while (!reply && !r->give_up()) {
		for (int i = 0; i < ms && !r->give_up(); i += STEP_MS)
			poll(NULL, 0, STEP_MS);
		ms = ms < LAST_MS / 2 ? 2 * ms : LAST_MS;
		reply = attempt(r, command, length);
	}
	if (atomic_fetch_sub(&waiting, 1) == 1 && reply)
		warnx("Redis is back");
	return reply;
}

redisReply *redis_ask(struct redis *r, const char *format, ...)
{
	redisReply *reply;
	va_list arguments;
	char *command;
	int length;

	va_start(arguments, format);
	length = redisvFormatCommand(&command, format, arguments);
	va_end(arguments);
	if (length < 0)
		return NULL;
	reply = attempt(r, command, (size_t)length);
	if (!reply) /* the connection may have been lost long ago */
		reply = attempt(r, command, (size_t)length);
	if (!reply)
		reply = persist(r, command, (size_t)length);
	free(command);
	return reply;
}
