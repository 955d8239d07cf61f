/* SPDX-License-Identifier: MIT */
/*
 * The ready-made generators: par_from_array and par_from_lines, alone and in a
 * pool.
 */
#include "kit.h"

#include <fcntl.h>
#include <unistd.h>

/*
 * par_from_array.
 */

static void assert_array_ends(struct par_array *array)
{
	void *item = &item;

	errno = KIT_ERRNO;
	for (int i = 0; i < 3; i++)
		assert_int_equal(par_from_array(array, &item), 0);
	assert_int_equal(errno, KIT_ERRNO);
}

static void each_element_comes_in_turn(void **state)
{
	struct {
		char odd[7];
	} elements[5];
	struct par_array array = { elements, 5, sizeof *elements, 0 };
	void *item;

	errno = KIT_ERRNO;
	for (int i = 0; i < 5; i++) {
		assert_true(par_from_array(&array, &item) > 0);
		assert_ptr_equal(item, &elements[i]);
	}
	assert_int_equal(errno, KIT_ERRNO);
	assert_array_ends(&array);
}

static void an_array_of_nothing_ends_at_once(void **state)
{
	struct par_array array = { NULL, 0, 8, 0 };

	assert_array_ends(&array);
}

static void an_array_goes_on_from_next(void **state)
{
	int elements[4];
	struct par_array array = { elements, 4, sizeof *elements, 2 };
	void *item;

	assert_true(par_from_array(&array, &item) > 0);
	assert_ptr_equal(item, &elements[2]);
	assert_true(par_from_array(&array, &item) > 0);
	assert_ptr_equal(item, &elements[3]);
	assert_array_ends(&array);
	assert_int_equal(array.next, 4);
	array.next = 5; /* past the last element */
	assert_array_ends(&array);
}

static void an_array_serves_a_pool_like_any_generator(void **state)
{
	static int elements[300];
	struct par_array array = { elements, 300, sizeof *elements, 0 };
	struct par *pool =
		kit_open(&(struct par_options){ .action = action_echo,
						.workers = 3,
						.generate = par_from_array,
						.source = &array });
	struct par_result result;
	unsigned count = 0;

	for (; par_next(pool, &result) == 1; count++)
		assert_ptr_equal(result.item, &elements[result.index]);
	assert_int_equal(count, 300);
	kit_close(pool, 0);
}

/*
 * par_from_lines.
 */

/* A stream that reads these bytes. */
static FILE *stream_of(const void *bytes, size_t count)
{
	FILE *file = tmpfile();

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, count, file), count);
	rewind(file);
	return file;
}

static void assert_line(FILE *file, const char *expected)
{
	void *item = NULL;

	errno = KIT_ERRNO;
	assert_true(par_from_lines(file, &item) > 0);
	assert_int_equal(errno, KIT_ERRNO);
	assert_string_equal(item, expected);
	free(item);
}

static void assert_file_ends(FILE *file, int expected)
{
	void *item = NULL;

	errno = KIT_ERRNO;
	assert_int_equal(par_from_lines(file, &item), expected);
	assert_int_equal(errno, KIT_ERRNO);
	assert_null(item);
}

/* The text has these lines, and no more. */
#define ASSERT_LINES(text, ...)                                                \
	assert_lines(text, sizeof(text) - 1,                                   \
		     (const char *[]){ __VA_ARGS__, NULL })
static void assert_lines(const char *text, size_t size, const char **lines)
{
	FILE *file = stream_of(text, size);

	for (; *lines; lines++)
		assert_line(file, *lines);
	assert_file_ends(file, 0);
	fclose(file);
}

static void each_line_comes_without_its_newline(void **state)
{
	ASSERT_LINES("one\ntwo\nthree\n", "one", "two", "three");
	ASSERT_LINES(" a b \t\n", " a b \t");
}

static void the_last_line_needs_no_newline(void **state)
{
	ASSERT_LINES("one\ntwo", "one", "two");
	ASSERT_LINES("x", "x");
}

static void after_the_last_line_nothing_is_read(void **state)
{
	FILE *file = stream_of("one", 3);

	assert_line(file, "one");
	assert_int_equal(pwrite(fileno(file), "two", 3, 3), 3);
	assert_file_ends(file, 0);
	fclose(file);
}

static void an_empty_line_is_a_line(void **state)
{
	ASSERT_LINES("\n", "");
	ASSERT_LINES("\n\none\n\n\n", "", "", "one", "", "");
}

static void a_carriage_return_stays(void **state)
{
	ASSERT_LINES("one\r\ntwo\rthree\r\n\r\nfour\r", "one\r", "two\rthree\r",
		     "\r", "four\r");
}

static void a_line_with_nul_bytes_looks_cut(void **state)
{
	ASSERT_LINES("one\0two\nthree\n\0\n\0four", "one", "three", "", "");
}

static void a_file_of_nothing_ends_at_once(void **state)
{
	assert_lines("", 0, (const char *[]){ NULL });
}

static void a_line_may_be_long(void **state)
{
	const size_t size = 100000;
	char *text = malloc(size + 1);
	FILE *file;

	assert_non_null(text);
	memset(text, 'x', size);
	text[size] = '\n';
	file = stream_of(text, size + 1);
	text[size] = '\0';
	assert_line(file, text);
	assert_file_ends(file, 0);
	fclose(file);
	free(text);
}

static void lines_come_as_they_are_written(void **state)
{
	int ends[2];
	FILE *file;

	assert_int_equal(pipe(ends), 0);
	file = fdopen(ends[0], "r");
	assert_non_null(file);
	assert_int_equal(write(ends[1], "one\ntwo\n", 8), 8);
	assert_line(file, "one"); /* the pipe is still open */
	assert_line(file, "two");
	assert_int_equal(write(ends[1], "three", 5), 5);
	close(ends[1]);
	assert_line(file, "three");
	assert_file_ends(file, 0);
	fclose(file);
}

static void the_file_stays_open(void **state)
{
	FILE *file = stream_of("one\n", 4);

	assert_line(file, "one");
	assert_file_ends(file, 0);
	assert_true(fcntl(fileno(file), F_GETFD) >= 0);
	rewind(file);
	assert_line(file, "one");
	assert_int_equal(fclose(file), 0);
}

static void a_directory_fails_as_reading_it_does(void **state)
{
	FILE *file = fopen("/", "r");

	assert_non_null(file);
	assert_file_ends(file, -EISDIR);
	fclose(file);
}

static void a_stream_for_writing_fails_as_reading_it_does(void **state)
{
	FILE *file = fopen("/dev/null", "w");

	assert_non_null(file);
	errno = 0;
	assert_int_equal(getc(file), EOF);
	assert_file_ends(file, errno ? -errno : -EIO);
	fclose(file);
}

/* A stream that reads `first`, then fails once, then reads `rest`. */
struct failing {
	const char *first, *rest;
	int error; /* 0: errno is not set */
	bool failed;
};

static ssize_t read_failing(void *cookie, char *bytes, size_t size)
{
	struct failing *failing = cookie;
	const char **text = failing->failed ? &failing->rest : &failing->first;
	const size_t length = strlen(*text);

	if (!length && !failing->failed) {
		failing->failed = true;
		if (failing->error)
			errno = failing->error;
		return -1;
	}
	if (length > size)
		kit_die("a short text");
	memcpy(bytes, *text, length);
	*text += length;
	return (ssize_t)length;
}

static FILE *open_failing(struct failing *failing)
{
	FILE *file = fopencookie(
		failing, "r", (cookie_io_functions_t){ .read = read_failing });

	assert_non_null(file);
	return file;
}

static void a_failure_comes_after_the_lines_before_it(void **state)
{
	struct failing failing = { .first = "one\ntwo\n",
				   .rest = "",
				   .error = ENXIO };
	FILE *file = open_failing(&failing);

	assert_line(file, "one");
	assert_line(file, "two");
	assert_file_ends(file, -ENXIO);
	fclose(file);
}

static void a_failure_that_does_not_say_why_is_eio(void **state)
{
	struct failing failing = { .first = "one\n", .rest = "" };
	FILE *file = open_failing(&failing);

	assert_line(file, "one");
	assert_file_ends(file, -EIO);
	fclose(file);
}

/* Such as EAGAIN of a pipe that does not block, or ETIMEDOUT of a silent
 * peer. */
static void a_failure_that_par_next_means_something_else_by_is_eio(void **state)
{
	static const int errors[] = { EAGAIN, EDEADLK, ETIMEDOUT };

	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
		struct failing failing = { .first = "one\n",
					   .rest = "",
					   .error = errors[i] };
		FILE *file = open_failing(&failing);

		assert_line(file, "one");
		assert_file_ends(file, -EIO);
		fclose(file);
	}
}

static void a_failure_from_before_is_not_its_own(void **state)
{
	struct failing failing = { .first = "one\ntwo",
				   .rest = "",
				   .failed = false };
	FILE *file = open_failing(&failing);

	/* A write to a stream that is open for reading sets its error mark. */
	assert_int_equal(fputc('x', file), EOF);
	assert_true(ferror(file));
	failing.failed = true;
	failing.rest = failing.first;
	assert_line(file, "one");
	assert_line(file, "two");
	assert_file_ends(file, 0);
	fclose(file);
}

/* The part of a line before the failure is not delivered as a line. */
static void a_failure_within_a_line_is_a_failure(void **state)
{
	struct failing failing = { .first = "one\ntw",
				   .rest = "o\nthree\n",
				   .error = ENXIO };
	FILE *file = open_failing(&failing);

	assert_line(file, "one");
	assert_file_ends(file, -ENXIO);
	fclose(file);
}

static void a_failure_within_the_last_line_is_no_end(void **state)
{
	struct failing failing = { .first = "one\ntw",
				   .rest = "",
				   .error = ENXIO };
	FILE *file = open_failing(&failing);

	assert_line(file, "one");
	assert_file_ends(file, -ENXIO);
	fclose(file);
}

/*
 * In a pool.
 */

static struct par *open_lines(FILE *file)
{
	return kit_open(&(struct par_options){ .action = action_echo,
					       .workers = 3,
					       .generate = par_from_lines,
					       .source = file,
					       .ordered = true });
}

static void lines_serve_a_pool_like_any_generator(void **state)
{
	FILE *file = stream_of("one\n\ntwo", 8);
	struct par *pool = open_lines(file);
	const char *const lines[] = { "one", "", "two" };
	struct par_result result;

	for (int i = 0; i < 3; i++) {
		assert_int_equal(par_next(pool, &result), 1);
		assert_string_equal(result.item, lines[i]);
		free(result.item);
	}
	assert_int_equal(par_next(pool, &result), 0);
	kit_close(pool, 0);
	assert_int_equal(fclose(file), 0);
}

static void what_reading_failed_with_is_the_end_of_the_pool(void **state)
{
	FILE *file = fopen("/", "r");
	struct par *pool;
	struct par_result result;

	assert_non_null(file);
	pool = open_lines(file);
	assert_int_equal(par_next(pool, &result), -EISDIR);
	kit_close(pool, -EISDIR);
	assert_int_equal(fclose(file), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		KIT_TEST(each_element_comes_in_turn),
		KIT_TEST(an_array_of_nothing_ends_at_once),
		KIT_TEST(an_array_goes_on_from_next),
		KIT_TEST(an_array_serves_a_pool_like_any_generator),
		KIT_TEST(each_line_comes_without_its_newline),
		KIT_TEST(the_last_line_needs_no_newline),
		KIT_TEST(after_the_last_line_nothing_is_read),
		KIT_TEST(an_empty_line_is_a_line),
		KIT_TEST(a_carriage_return_stays),
		KIT_TEST(a_line_with_nul_bytes_looks_cut),
		KIT_TEST(a_file_of_nothing_ends_at_once),
		KIT_TEST(a_line_may_be_long),
		KIT_TEST(lines_come_as_they_are_written),
		KIT_TEST(the_file_stays_open),
		KIT_TEST(a_directory_fails_as_reading_it_does),
		KIT_TEST(a_stream_for_writing_fails_as_reading_it_does),
		KIT_TEST(a_failure_comes_after_the_lines_before_it),
		KIT_TEST(a_failure_that_does_not_say_why_is_eio),
		KIT_TEST(
			a_failure_that_par_next_means_something_else_by_is_eio),
		KIT_TEST(a_failure_from_before_is_not_its_own),
		KIT_TEST(a_failure_within_a_line_is_a_failure),
		KIT_TEST(a_failure_within_the_last_line_is_no_end),
		KIT_TEST(lines_serve_a_pool_like_any_generator),
		KIT_TEST(what_reading_failed_with_is_the_end_of_the_pool),
	};

	return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
