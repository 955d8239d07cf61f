/* SPDX-License-Identifier: MIT */
#include "model_internal.h"

void model_begin(void)
{
	if (races_begin)
		races_begin();
	model_sync_begin();
	model_threads_begin();
	model_system_begin();
}

void model_end(void)
{
	model_threads_end();
	model_sync_end();
	model_system_end();
}
