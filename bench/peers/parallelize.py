# SPDX-License-Identifier: MIT
"""
The asyncio program that this library is the counterpart of: coroutines as workers,
a queue of BOUND that a loader fills, a queue of results, and a generator that yields
them as they come. All of it is one thread: nothing is ever woken on another core,
and an action that blocks, or computes, blocks all.
"""
import asyncio
import json
import resource
import time


# [parallelize]
async def parallelize(action, iterable, numworkers, bound):
    todo, done = asyncio.Queue(bound), asyncio.Queue()

    async def load():
        if hasattr(iterable, "__aiter__"):
            async for item in iterable:
                await todo.put(item)
        else:
            for item in iterable:
                await todo.put(item)
        for _ in range(numworkers):
            await todo.put(None)

    async def worker():
        while (item := await todo.get()) is not None:
            done.put_nowait(await action(item))
        done.put_nowait(None)

    tasks = [asyncio.create_task(c) for c in
             [load()] + [worker() for _ in range(numworkers)]]
    try:
        working = numworkers
        while working:
            result = await done.get()
            if result is None:
                working -= 1
            else:
                yield result
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
# [end]


def measure(run, argv):
    """Prints what the harness reads about `count, total, trips` of the coroutine."""
    work, (workers, bound, items, cost) = argv[1], map(int, argv[2:6])
    before, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter_ns()
    count, total, trips = asyncio.run(run(work, workers, bound, items, cost))
    wall, after = time.perf_counter_ns() - began, resource.getrusage(resource.RUSAGE_SELF)
    line = {
        "items": count, "sum": total, "wall_ns": wall,
        "cpu_ns": int(1e9 * (after.ru_utime + after.ru_stime
                             - before.ru_utime - before.ru_stime)),
        "switches": (after.ru_nvcsw + after.ru_nivcsw
                     - before.ru_nvcsw - before.ru_nivcsw),
        "peak_kib": after.ru_maxrss,
    }
    if trips:
        trips.sort()
        line["latency_ns"] = [trips[int(q * (len(trips) - 1))]
                              for q in (0.5, 0.9, 0.99, 0.999, 1)]
    print(json.dumps(line))
