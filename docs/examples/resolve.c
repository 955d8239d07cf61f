/* SPDX-License-Identifier: MIT */
/* The addresses of many names, one per line of the input, a hundred look-ups at
 * a time. It tells a name that does not exist from a name server that gives no
 * answer. Exit status 1: some names have no address. 2: some got no answer. */
#include "tool.h"

#include <netdb.h>
#include <sys/socket.h>

#include <par.h>

enum outcome { FOUND, NO_SUCH_NAME, NO_ANSWER, OTHER, OUTCOMES };

static int look_up(void *context, void *name, void **found)
{
	/* Without a type, each address would come once per type. */
	static const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	int error;

	(void)context;
	error = getaddrinfo(tool_chomp(name), NULL, &hints, &list);
	*found = list;
	/* The numbers of getaddrinfo() are negative here, so errno is not
	 * negated. */
	return error == EAI_SYSTEM ? errno : error;
}

static void print_addresses(const struct addrinfo *list)
{
	char address[NI_MAXHOST];

	for (; list; list = list->ai_next)
		if (getnameinfo(list->ai_addr, list->ai_addrlen, address,
				sizeof address, NULL, 0, NI_NUMERICHOST) == 0)
			printf(" %s", address);
	printf("\n");
}

static enum outcome report(const struct par_result *r)
{
	tool_print(stdout, r->item);
	putchar(':');
	switch (r->error) {
	case 0:
		print_addresses(r->value);
		return FOUND;
	case EAI_NONAME:
#ifdef EAI_NODATA
	case EAI_NODATA: /* it exists, without an address */
#endif
		printf(" no such name\n");
		return NO_SUCH_NAME;
	case EAI_AGAIN:
	case EAI_FAIL:
		printf(" no answer from a name server\n");
		return NO_ANSWER;
	default:
		printf(" %s\n", r->error > 0 ? strerror(r->error)
					     : gai_strerror(r->error));
		return OTHER;
	}
}

int main(void)
{
	struct par_options options = { .action = look_up,
				       .workers = 100,
				       .generate = par_from_lines,
				       .source = stdin,
				       .window = 10000 };
	unsigned long count[OUTCOMES] = { 0 };
	struct par_result r;
	struct par *pool;
	int rc;

	tool_begin();
	rc = par_open(&pool, &options);
	if (rc)
		errx(TOOL_CANNOT, "cannot start: %s", strerror(-rc));
	while (!stop && (rc = par_next_timed(pool, &r, 100)) != 0) {
		if (rc == -ETIMEDOUT)
			continue; /* look at `stop` */
		if (rc < 0)
			break;
		count[report(&r)]++;
		if (r.value)
			freeaddrinfo(r.value);
		free(r.item);
	}
	fprintf(stderr,
		"%lu found, %lu do not exist, %lu without an answer, %lu "
		"other%s\n",
		count[FOUND], count[NO_SUCH_NAME], count[NO_ANSWER],
		count[OTHER], stop ? ", stopped" : "");
	/* Nothing ends a call of getaddrinfo(), so a stop does not wait for
	 * those that are under way. */
	if (stop)
		return tool_end(TOOL_FAILED);
	par_close(pool);
	if (rc < 0)
		errx(TOOL_CANNOT, "reading names: %s", strerror(-rc));
	if (count[NO_ANSWER] || count[OTHER])
		return tool_end(TOOL_CANNOT);
	return tool_end(count[NO_SUCH_NAME] ? TOOL_FAILED : TOOL_DONE);
}
