/* SPDX-License-Identifier: MIT */
/*
 * A loop. Nothing is handed over, nothing happens at the same time: what the
 * source, the action and the check themselves cost.
 */
#include "measure.h"

int main(int argc, char **argv)
{
	struct job job = measure_begin(argc, argv);
	uintptr_t item;

	while (source_next(&item)) {
		if (job.ping)
			trip_begins();
		receive(action(item));
	}
	return measure_end();
}
