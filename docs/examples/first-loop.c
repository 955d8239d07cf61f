/* SPDX-License-Identifier: MIT */
/* Looks up the host names on standard input, one after the other. first.c does
 * the same a hundred at a time. */
#include <netdb.h>
#include <stdio.h>
#include <string.h>

static const char *look_up(const char *name)
{
	struct addrinfo *list = NULL;
	int rc = getaddrinfo(name, NULL, NULL, &list);

	if (rc)
		return gai_strerror(rc);
	freeaddrinfo(list);
	return "found";
}

int main(void)
{
	char name[1024];

	/* [loop] */
	while (fgets(name, sizeof name, stdin)) {
		name[strcspn(name, "\n")] = '\0';
		printf("%s: %s\n", name, look_up(name));
	}
	/* [end] */
	return 0;
}
