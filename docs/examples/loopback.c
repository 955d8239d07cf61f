/* SPDX-License-Identifier: MIT */
/*
 * Runs a test that needs the loopback interface. If there is none, as in some
 * sandboxes that packages are built in, it says so and the test is skipped.
 *     loopback exitcode|tap COMMAND...
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SKIPPED = 77 };

/* A server and a client of it; the kernel needs no accept() for that. */
static int reach_myself(void)
{
	struct sockaddr_in here = { .sin_family = AF_INET };
	struct sockaddr *address = (struct sockaddr *)&here;
	socklen_t size = sizeof here;
	int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (server < 0 || client < 0 || bind(server, address, size) ||
	    listen(server, 1) || getsockname(server, address, &size) ||
	    connect(client, address, size))
		return -errno;
	close(client);
	close(server);
	return 0;
}

int main(int argc, char **argv)
{
	int error;

	if (argc < 3) {
		fputs("usage: loopback exitcode|tap COMMAND...\n", stderr);
		return 2;
	}
	error = reach_myself();
	if (error) {
		printf("1..0 # SKIP no loopback interface: %s\n",
		       strerror(-error));
		return strcmp(argv[1], "tap") == 0 ? 0 : SKIPPED;
	}
	execv(argv[2], argv + 2);
	perror(argv[2]);
	return 1;
}
