#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
The asyncio program that this library is the counterpart of, with aiohttp: one
thread, WORKERS coroutines, one session that keeps its connections.
"""
import os
import sys

import aiohttp

from parallelize import measure, parallelize


async def run(work, workers, bound, items, cost):
    connector = aiohttp.TCPConnector(limit=0)
    count = total = 0
    async with aiohttp.ClientSession(connector=connector) as session:

        async def get(number):
            async with session.get(f"{os.environ['BENCH_URL']}{number}") as answer:
                answer.raise_for_status()
                await answer.read()
            return number + 1

        async for result in parallelize(get, range(items), workers, bound):
            count, total = count + 1, total + result
    return count, total, []


measure(run, sys.argv)
