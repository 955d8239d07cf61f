/* SPDX-License-Identifier: MIT */
/* What Redis does at once, without anybody in between. */
#ifndef SCALE_SCRIPTS_H
#define SCALE_SCRIPTS_H

/*
 * The scripts. Each begins with these functions, and gets the consumer, the
 * lease, the most deliveries and the first wait for a retry.
 *
 * As a script ends where a command fails, the acknowledgement is the last one.
 */
#define SCRIPT                                                                 \
	"local me, lease, most, retry = unpack(ARGV) "                         \
	"local function call(...) return redis.call(...) end "                 \
	"local function pending(id) "                                          \
	"  return call('XPENDING', 'jobs', 'workers', id, id, 1)[1] "          \
	"end "                                                                 \
	"local function now() "                                                \
	"  local time = call('TIME') "                                         \
	"  return time[1] * 1000 + math.floor(time[2] / 1000) "                \
	"end "                                                                 \
	"local function remove(id) "                                           \
	"  call('HDEL', 'jobs:failed', id) "                                   \
	"  call('ZREM', 'jobs:later', id) "                                    \
	"  call('XDEL', 'jobs', id) "                                          \
	"  return call('XACK', 'jobs', 'workers', id) "                        \
	"end "                                                                 \
	"local function bury(id, count, reason) "                              \
	"  local dead = {'id', id, 'reason', reason, 'deliveries', count} "    \
	"  local job = call('XRANGE', 'jobs', id, id)[1] "                     \
	"  for _, word in ipairs(job and job[2] or {}) do "                    \
	"    table.insert(dead, word) "                                        \
	"  end "                                                               \
	"  call('XADD', 'jobs:dead', '*', unpack(dead)) "                      \
	"  remove(id) "                                                        \
	"  return {'dead', id, reason} "                                       \
	"end "

/* Returns a job whose retry is due; otherwise a job whose lease has ended;
 * otherwise a new one; otherwise nil. Just after a start of Redis, nobody could
 * renew a lease yet: it takes up to five seconds to come back. If a job waits
 * for its retry, its lease is renewed here. */
static const char take[] = SCRIPT
	"local function deliver(id, count) "
	"  local job = call('XCLAIM', 'jobs', 'workers', me, 0, id)[1] "
	"  if not job then return bury(id, count, 'deleted, never done') end "
	"  return {'job', id, job[2]} "
	"end "
	"local due = call('ZRANGEBYSCORE', 'jobs:later', 0, now(), 'LIMIT', 0, "
	"1) "
	"if due[1] then "
	"  call('ZREM', 'jobs:later', due[1]) "
	"  return deliver(due[1], (pending(due[1]) or {0, 0, 0, 0})[4]) "
	"end "
	"local ended = call('XPENDING', 'jobs', 'workers', 'IDLE', lease, "
	"                   '-', '+', 100) "
	"local age = ended[1] and "
	"  call('INFO', 'server'):match('uptime_in_seconds:(%d+)') * 1000 "
	"for _, job in ipairs(ended) do "
	"  local id, holder, count = job[1], job[2], job[4] "
	"  if call('ZSCORE', 'jobs:later', id) then "
	"    call('XCLAIM', 'jobs', 'workers', holder, 0, id, 'JUSTID') "
	"  elseif age > lease + 6000 then "
	"    if holder == me and id ~= ARGV[5] then return {'mine', id} end "
	"    if count < tonumber(most) then return deliver(id, count) end "
	"    return bury(id, count, call('HGET', 'jobs:failed', id) or "
	"                'no worker has finished it') "
	"  end "
	"end "
	"local new = call('XREADGROUP', 'GROUP', 'workers', me, 'COUNT', 1, "
	"                 'STREAMS', 'jobs', '>') "
	"return new and {'job', new[1][2][1][1], new[1][2][1][2]} ";

static const char done[] =
	SCRIPT "call('HSET', 'jobs:results', ARGV[5], ARGV[6]) "
	       "remove(ARGV[5]) "
	       "return {'done'} ";

/* If it is somebody else's by now, it is for him to say. */
static const char failed[] = SCRIPT
	"local id, reason = ARGV[5], ARGV[6] "
	"local job = pending(id) "
	"if not job or job[2] ~= me then return {'taken'} end "
	"if job[4] >= tonumber(most) then return bury(id, job[4], reason) end "
	"call('HSET', 'jobs:failed', id, reason) "
	"call('ZADD', 'jobs:later', now() + retry * 2 ^ (job[4] - 1), id) "
	"return {'later'} ";

/* It was not tried: this delivery does not count, and its retry is due. */
static const char give_back[] =
	SCRIPT "local id = ARGV[5] "
	       "local job = pending(id) "
	       "if job and job[2] == me then "
	       "  call('XCLAIM', 'jobs', 'workers', me, 0, id, "
	       "       'RETRYCOUNT', math.max(job[4] - 1, 0), 'JUSTID') "
	       "  call('ZADD', 'jobs:later', 0, id) "
	       "end "
	       "return {'given'} ";

/* Returns whether the job is still ours. */
static const char renew[] =
	SCRIPT "local job = pending(ARGV[5]) "
	       "if not job or job[2] ~= me then return {'taken'} end "
	       "call('XCLAIM', 'jobs', 'workers', me, 0, ARGV[5], 'JUSTID') "
	       "return {'ours'} ";

static const char count[] =
	"local all = redis.call('XLEN', 'jobs') "
	"local taken = redis.call('XPENDING', 'jobs', 'workers')[1] "
	"local given = redis.call('ZCOUNT', 'jobs:later', 0, 0) "
	"local failed = redis.call('ZCARD', 'jobs:later') - given "
	"return {all - taken + given, taken - given - failed, failed, "
	"        redis.call('XLEN', 'jobs:dead'), "
	"        redis.call('HLEN', 'jobs:results')} ";

#endif
