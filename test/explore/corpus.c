/* SPDX-License-Identifier: MIT */
/*
 * Runs the inputs that the fuzzer has found, one per file, without the fuzzer:
 *     corpus DIRECTORY
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

extern int LLVMFuzzerInitialize(int *argc, char ***argv);
extern int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t data[1 << 16];

static void run_file(const char *name)
{
	FILE *file = fopen(name, "rb");
	size_t size;

	if (!file) {
		perror(name);
		exit(1);
	}
	size = fread(data, 1, sizeof data, file);
	fclose(file);
	/* If the input fails, its name stands before the reason. */
	printf("%s\n", name);
	LLVMFuzzerTestOneInput(data, size);
}

int main(int argc, char **argv)
{
	struct dirent **files;
	int n;

	if (argc != 2 || chdir(argv[1])) {
		fprintf(stderr, "usage: corpus DIRECTORY\n");
		return 2;
	}
	LLVMFuzzerInitialize(&argc, &argv);
	n = scandir(".", &files, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		if (files[i]->d_name[0] != '.')
			run_file(files[i]->d_name);
		free(files[i]);
	}
	if (n < 3) {
		fprintf(stderr, "corpus: %s is empty\n", argv[1]);
		return 1;
	}
	free(files);
	return 0;
}
