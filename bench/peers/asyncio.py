#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Python's asyncio: parallelize.py says what it is, and how it differs.
"""
import asyncio
import sys
import time

from parallelize import measure, parallelize


def make_action(work, cost):
    async def noop(item):
        return item + 1

    async def sleep(item):
        await asyncio.sleep(cost / 1e9)
        return item + 1

    async def spin(item):
        until = time.perf_counter_ns() + cost
        while time.perf_counter_ns() < until:
            pass
        return item + 1

    return {"sleep": sleep, "spin": spin}.get(work, noop)


async def run(work, workers, bound, items, cost):
    count = total = 0
    trips = []
    received = asyncio.Event()

    async def one_by_one():
        for item in range(items):
            trips.append(-time.perf_counter_ns())
            yield item
            await received.wait()
            received.clear()

    source = one_by_one() if work == "ping" else range(items)
    async for result in parallelize(make_action(work, cost), source, workers, bound):
        if work == "ping":
            trips[-1] += time.perf_counter_ns()
            received.set()
        count, total = count + 1, total + result
    return count, total, trips


measure(run, sys.argv)
