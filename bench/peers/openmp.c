/* SPDX-License-Identifier: MIT */
/*
 * OpenMP tasks: one thread calls the source and makes a task for each number;
 * the runtime decides when that thread works on some itself (gcc's: once 64
 * times as many as threads are waiting), so nothing is bounded by BOUND. The
 * caller's check is inside a critical section of the task: there is no loop
 * that gets the results. WORKERS threads, the one that makes them included.
 */
#include "measure.h"

#include <omp.h>

int main(int argc, char **argv)
{
	struct job job = measure_begin(argc, argv);
	uintptr_t item;

	if (job.ping)
		measure_cannot();
	omp_set_dynamic(0);
#pragma omp parallel num_threads((int)job.workers)
#pragma omp single
	while (source_next(&item)) {
#pragma omp task firstprivate(item)
		{
			uintptr_t result = action(item);

#pragma omp critical
			receive(result);
		}
	}
	return measure_end();
}
