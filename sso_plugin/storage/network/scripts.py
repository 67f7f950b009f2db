"""What the server does in one step: Lua scripts, by the server's clock.

A reply may be lost and its script sent again, so each script has the same result a second time.
All keys of a script are in one hash slot. Only these commands are used: get, set, del, exists,
pexpire, hmget, hset, hget, time. Times are in milliseconds.

A document is a hash. Its field ``v`` is its version, which changes with each write. In the record
of a token it is the generation and the identity: the generation is the time of the login.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = [
    "ACQUIRE",
    "CONFIRM",
    "END_TOKEN",
    "OFFER_TOKEN",
    "READ",
    "READ_TOKEN",
    "RELEASE",
    "REMOVE",
    "RENEW",
    "WRITE",
    "WRITE_TOKEN",
    "Script",
]


class Script(NamedTuple):
    """A script.

    :param name: for messages.
    """

    name: str
    text: str


_NOW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
"""

_LEARN_CLOCK = """
local function learn_clock(key, portal)
  if portal ~= '' then
    redis.call('SET', key, string.format('%d', portal - now), 'PX', 604800000)
  end
end
"""
"""Note by how much the clock of the portal is ahead of the server's, if the caller knows it."""

# The value of a lock is its owner. For some time after its release it is empty: a request of the
# former owner that is delayed, as by a server that was paused, must not lock again.

# KEYS: the lock, the document. ARGV: the owner, the lease.
# Returns whether the caller has the lock, its owner, the version of the document.
ACQUIRE = Script(
    "acquire",
    """
local owner = redis.call('GET', KEYS[1])
local version = redis.call('HGET', KEYS[2], 'v')
if owner and owner ~= '' and owner ~= ARGV[1] then
  return {0, owner, version}
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return {1, ARGV[1], version}
""",
)

# KEYS: the lock, the document. ARGV: the owner, the lease.
# Returns whether the caller still has the lock. After the server was emptied, it gets it back.
RENEW = Script(
    "renew",
    """
local owner = redis.call('GET', KEYS[1])
if owner == ARGV[1] then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return 1
end
if not owner and redis.call('EXISTS', KEYS[2]) == 0 then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return 1
end
return 0
""",
)

# KEYS: the lock. ARGV: the owner.
RELEASE = Script(
    "release",
    """
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('DEL', KEYS[1])
  redis.call('SET', KEYS[1], '', 'PX', 10000)
end
return 1
""",
)

# KEYS: the lock, the token. ARGV: the owner, the lease, the identity.
# Returns 1 if the caller has the lock for that long, and the token is the stored one.
CONFIRM = Script(
    "confirm",
    """
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then
  return 0
end
if redis.call('HGET', KEYS[2], 'id') ~= ARGV[3] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
""",
)

# KEYS: the document, the clock. Returns the time, by how much the portal is ahead, when the
# document was written, the document.
READ = Script(
    "read",
    f"""{_NOW}
local found = redis.call('HMGET', KEYS[1], 'v', 'doc')
return {{now, redis.call('GET', KEYS[2]), found[1], found[2]}}
""",
)

# KEYS: the document, the clock. ARGV: the document, its lifetime, the time of the portal or ''.
WRITE = Script(
    "write",
    f"""{_NOW}{_LEARN_CLOCK}
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'v', string.format('%d', now), 'doc', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
learn_clock(KEYS[2], ARGV[3])
return 1
""",
)

# KEYS: the document.
REMOVE = Script("remove", "return redis.call('DEL', KEYS[1])")

# KEYS: the token, the clock, the offered token. Returns the time, by how much the portal is ahead,
# whether a token is offered, and: the generation, the identity, the expiry, when it was written,
# the document. A login that has ended has a generation only.
READ_TOKEN = Script(
    "read token",
    f"""{_NOW}
local found = redis.call('HMGET', KEYS[1], 'g', 'id', 'exp', 'at', 'doc')
return {{now, redis.call('GET', KEYS[2]), redis.call('EXISTS', KEYS[3]),
         found[1], found[2], found[3], found[4], found[5]}}
""",
)

_STORE = """
local function store(generation, id, spent, expires, document, lifetime)
  redis.call('DEL', KEYS[1], KEYS[3])
  redis.call('HSET', KEYS[1], 'g', string.format('%d', generation), 'id', id, 'exp', expires,
             'at', string.format('%d', now), 'doc', document, 'spent', string.sub(spent, 1, 1000),
             'v', string.format('%d', generation) .. ' ' .. id)
  redis.call('PEXPIRE', KEYS[1], lifetime)
end
"""

# KEYS: the token, the clock, the offered token. ARGV: the generation or 'login', the identity of
# the token that this one was made of, the identity, the expiry, the document, its lifetime, the
# time of the portal or ''. Returns whether it was stored, and its generation.
#
# A login begins a new generation. Otherwise a newer generation replaces an older one. In the same
# one, a token replaces the one that it was made of; of two others, the one that expires later
# stays, because the lease of a writer may have ended before it could write. One that was replaced
# does not come back, also if it expires later: its refresh token was used. The first write is a
# DEL: a server without memory then permits all others, and no renewed token is lost.
WRITE_TOKEN = Script(
    "write token",
    f"""{_NOW}{_LEARN_CLOCK}{_STORE}
local found = redis.call('HMGET', KEYS[1], 'g', 'id', 'exp', 'spent')
local stored = tonumber(found[1] or '0') or 0
local generation = tonumber(ARGV[1])
local spent = ARGV[2] == ARGV[3] and '' or ARGV[2]
if found[2] == ARGV[3] then
  return {{1, string.format('%d', stored)}}
end
if not generation then
  generation = math.max(now, stored + 1)
elseif found[1] then
  local follows = found[2] and (found[2] == ARGV[2] or tonumber(ARGV[4]) > tonumber(found[3]))
  if generation == stored and found[2] then
    follows = follows and not string.find(found[4], ARGV[3], 1, true)
    spent = found[2] .. ' ' .. found[4]
  end
  if generation < stored or (generation == stored and not follows) then
    return {{0, string.format('%d', stored)}}
  end
end
store(generation, ARGV[3], spent, ARGV[4], ARGV[5], ARGV[6])
learn_clock(KEYS[2], ARGV[7])
return {{1, string.format('%d', generation)}}
""",
)

# KEYS: the token, the clock, the offered token. ARGV: the lifetime of the mark.
# Leaves a mark, so that no machine brings the login back. An ended login has no identity.
END_TOKEN = Script(
    "end token",
    f"""{_NOW}
local found = redis.call('HMGET', KEYS[1], 'g', 'id')
if not found[1] or found[2] then
  local generation = string.format('%d', math.max(now, (tonumber(found[1] or '0') or 0) + 1))
  redis.call('DEL', KEYS[1], KEYS[3])
  redis.call('HSET', KEYS[1], 'g', generation, 'v', generation)
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
""",
)

# KEYS: the token, the clock, the offered token. ARGV: the generation, the identity, the expiry, the
# document, its lifetime, the time until one is accepted at the earliest.
#
# A server that was emptied does not know which machine has the newest token. Each offers its own.
# After some time, in which a renewal that had begun is done, the one that expires last is accepted.
# Returns 1 if the token is stored (perhaps another one), else 0.
OFFER_TOKEN = Script(
    "offer token",
    f"""{_NOW}{_STORE}
if redis.call('EXISTS', KEYS[1]) == 1 then
  return 1
end
local best = redis.call('HMGET', KEYS[3], 'g', 'exp', 'since', 'wait')
local since = tonumber(best[3] or now)
local wait = math.max(tonumber(best[4] or '0'), tonumber(ARGV[6]))
local generation, expires = tonumber(ARGV[1]), tonumber(ARGV[3])
local stored = tonumber(best[1] or '-1')
if generation > stored or (generation == stored and expires > tonumber(best[2])) then
  redis.call('HSET', KEYS[3], 'g', ARGV[1], 'id', ARGV[2], 'exp', ARGV[3], 'doc', ARGV[4])
end
redis.call('HSET', KEYS[3], 'since', string.format('%d', since), 'wait', string.format('%d', wait))
redis.call('PEXPIRE', KEYS[3], 3600000)
if now - since < wait then
  return 0
end
local found = redis.call('HMGET', KEYS[3], 'g', 'id', 'exp', 'doc')
store(tonumber(found[1]), found[2], '', found[3], found[4], ARGV[5])
return 1
""",
)
