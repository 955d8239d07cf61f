/* SPDX-License-Identifier: MIT */
/*
 * oneTBB: parallel_pipeline of source (serial), action (parallel) and check
 * (serial, out of order) with BOUND tokens. Whatever thread it has runs any of
 * the three: often one item goes through all of them in one thread, and nothing
 * is handed over. There is no caller's loop; the caller's thread works too.
 */
#include "measure.h"

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/parallel_pipeline.h>
#include <oneapi/tbb/task_arena.h>

int main(int argc, char **argv)
{
	struct job job = measure_begin(argc, argv);

	if (job.ping)
		measure_cannot();
	tbb::global_control threads(
		tbb::global_control::max_allowed_parallelism, job.workers);
	tbb::task_arena arena(static_cast<int>(job.workers));
	arena.execute([&] {
		tbb::parallel_pipeline(
			job.bound,
			tbb::make_filter<void, uintptr_t>(
				tbb::filter_mode::serial_in_order,
				[](tbb::flow_control &flow) -> uintptr_t {
					uintptr_t item = 0;

					if (!source_next(&item))
						flow.stop();
					return item;
				}) &
				tbb::make_filter<uintptr_t, uintptr_t>(
					tbb::filter_mode::parallel,
					[](uintptr_t item) {
						return action(item);
					}) &
				tbb::make_filter<uintptr_t, void>(
					tbb::filter_mode::serial_out_of_order,
					[](uintptr_t result) {
						receive(result);
					}));
	});
	return measure_end();
}
