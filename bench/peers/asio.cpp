/* SPDX-License-Identifier: MIT */
/*
 * Boost.Asio: thread_pool and post(), and for the results a deque with a mutex
 * and a condition variable, since it has no queue of its own. It calls no
 * source and bounds nothing: the caller feeds it and keeps BOUND + WORKERS in
 * flight.
 */
#include "window.h"

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>

static boost::asio::thread_pool *pool;
static std::mutex lock;
static std::condition_variable not_empty;
static std::deque<uintptr_t> results;

static void submit(uintptr_t item)
{
	boost::asio::post(*pool, [item] {
		uintptr_t value = action(item);
		std::lock_guard<std::mutex> locked(lock);

		results.push_back(value);
		not_empty.notify_one();
	});
}

static uintptr_t take()
{
	std::unique_lock<std::mutex> locked(lock);
	uintptr_t value;

	not_empty.wait(locked, [] { return !results.empty(); });
	value = results.front();
	results.pop_front();
	return value;
}

int main(int argc, char **argv)
{
	struct job job = measure_begin(argc, argv);

	{
		boost::asio::thread_pool threads(job.workers);

		pool = &threads;
		pump(&job, submit, take);
		threads.join();
	}
	return measure_end();
}
