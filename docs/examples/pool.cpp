// SPDX-License-Identifier: MIT
// A class that owns a pool, for programs in C++. Its action may throw: the
// exception travels with the result. Runs it and checks what came of it.
#include <par.h>

#include <cstdio>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>

#include <sys/wait.h>
#include <unistd.h>

// [class]
// Runs a function on strings. No exception may leave a callback of the library,
// because it would have to pass through C. So each is caught, and thrown again
// where the result is taken.
class Pool
{
      public:
	using Action = std::function<void(std::string &)>;

	Pool(Action action, unsigned workers) : action_(std::move(action))
	{
		par_options options = {};

		options.action = run;
		options.workers = workers;
		options.context = this;
		options.discard = drop;
		const int rc = par_open(&pool_, &options);
		if (rc)
			throw std::system_error(-rc, std::generic_category());
	}
	// Waits for the actions that run. In a child process it does nothing:
	// the pool does not exist there.
	~Pool()
	{
		par_close(pool_);
	}
	// The pool has a pointer to this object.
	Pool(const Pool &) = delete;
	Pool &operator=(const Pool &) = delete;

	void push(std::string text)
	{
		std::unique_ptr<Item> item(new Item{ std::move(text), {} });
		const int rc = par_push(pool_, item.get());

		if (rc) // the item did not enter
			throw std::system_error(-rc, std::generic_category());
		item.release();
	}
	void finish()
	{
		par_finish(pool_);
	}

	// Returns false at the end. Throws what the action threw.
	bool next(std::string &text)
	{
		par_result r;

		if (par_next(pool_, &r) <= 0)
			return false;
		std::unique_ptr<Item> item(static_cast<Item *>(r.item));
		if (r.error) // it never ran
			throw std::system_error(-r.error,
						std::generic_category());
		if (item->thrown)
			std::rethrow_exception(item->thrown);
		text = std::move(item->text);
		return true;
	}

      private:
	struct Item {
		std::string text;
		std::exception_ptr thrown;
	};

	static int run(void *self, void *item, void **) noexcept
	{
		Item *it = static_cast<Item *>(item);

		try {
			static_cast<Pool *>(self)->action_(it->text);
		} catch (...) {
			it->thrown = std::current_exception();
		}
		return 0;
	}
	static void drop(void *, const par_result *left) noexcept
	{
		delete static_cast<Item *>(left->item);
	}

	Action action_;
	par *pool_ = nullptr;
};
// [end]

static void shout(std::string &text)
{
	if (text.empty())
		throw std::invalid_argument("nothing to say");
	text += "!";
}

static bool results_and_exceptions_arrive()
{
	Pool pool(shout, 4);
	std::string text;
	int good = 0, thrown = 0;

	for (const char *word : { "one", "", "two", "three" })
		pool.push(word);
	pool.finish();
	for (bool more = true; more;)
		try {
			more = pool.next(text);
			good += more && text.back() == '!';
		} catch (const std::invalid_argument &) {
			thrown++;
		}
	return good == 3 && thrown == 1;
}

static bool it_is_closed_on_the_way_out()
{
	try {
		Pool pool(shout, 4);

		pool.push("dropped");
		throw std::runtime_error("on the way");
	} catch (const std::runtime_error &) {
		return true;
	}
}

static bool no_workers_is_an_exception()
{
	try {
		Pool pool(shout, 0);
	} catch (const std::system_error &error) {
		return error.code() == std::errc::invalid_argument;
	}
	return false;
}

// The child runs the destructor, too.
static bool a_child_process_ends()
{
	int status = 1;
	pid_t child;
	{
		Pool pool(shout, 2);

		pool.push("parent");
		pool.finish();
		child = fork();
		if (child != 0) {
			std::string text;

			pool.next(text);
		}
	}
	if (child == 0)
		_exit(0);
	return waitpid(child, &status, 0) == child && status == 0;
}

int main()
{
	const bool held[] = { results_and_exceptions_arrive(),
			      it_is_closed_on_the_way_out(),
			      no_workers_is_an_exception(),
			      a_child_process_ends() };
	int failed = 0;

	for (int i = 0; i < 4; i++)
		if (!held[i]) {
			std::fprintf(stderr, "the class, %d: does not hold\n",
				     i);
			failed = 1;
		}
	return failed;
}
