"""A server in the memory of a test, whose time is virtual. It runs the real scripts.

It has only those commands that scripts may use. Their replies are those of Redis, which
tests/storage/network/test_virtual_server.py compares. The commands are written in Lua, too: a
simulation of a fleet runs millions of scripts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lupa import lua51

from sso_plugin.storage.network.server import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sso_plugin.storage.network.scripts import Script

__all__ = ["ScriptError", "VirtualServer"]

_COMMANDS = b"""
local now = 0  -- in microseconds
local values, expiry = {}, {}  -- expiry in ms; a value is a string, or a table: a hash

local function milliseconds()
  return math.floor(now / 1000)
end

local function forget(key)
  values[key], expiry[key] = nil, nil
end

local function find(key)
  if expiry[key] and milliseconds() > expiry[key] then
    forget(key)
  end
  return values[key]
end

local function string_at(key)
  local value = find(key)
  if type(value) == 'table' then
    error('WRONGTYPE: a hash')
  end
  return value
end

local function hash_at(key)
  local value = find(key)
  if type(value) == 'string' then
    error('WRONGTYPE: a string')
  end
  return value or {}
end

local function integer(text)
  if not string.find(text, '^-?%d+$') or string.find(text, '^-?0.') or text == '-0' then
    error('value is not an integer or out of range')
  end
  return tonumber(text)
end

local function count(arguments, is_wanted)
  if #arguments == 0 then
    error('wrong number of arguments')
  end
  local found = 0
  for _, argument in ipairs(arguments) do
    found = found + (is_wanted(argument) and 1 or 0)
  end
  return found
end

local function check(given, wanted)
  if given ~= wanted then
    error('wrong number of arguments')
  end
end

local commands = {}

function commands.get(a)
  check(#a, 1)
  return string_at(a[1]) or false
end

function commands.set(a)
  local lifetime, only_new
  if #a < 2 then
    error('wrong number of arguments')
  end
  local i = 3
  while a[i] do
    local option = string.upper(a[i])
    if option == 'NX' then
      only_new = true
    elseif option == 'PX' and a[i + 1] and not lifetime then
      i = i + 1
      lifetime = integer(a[i])
      if lifetime <= 0 then
        error('invalid expire time')
      end
    else
      error('syntax error')
    end
    i = i + 1
  end
  if only_new and find(a[1]) then
    return false
  end
  values[a[1]], expiry[a[1]] = a[2], lifetime and milliseconds() + lifetime
  return {ok = 'OK'}
end

commands['del'] = function(a)
  return count(a, function(key)
    local existed = find(key) ~= nil
    forget(key)
    return existed
  end)
end

function commands.exists(a)
  return count(a, function(key) return find(key) ~= nil end)
end

function commands.pexpire(a)
  check(#a, 2)
  local lifetime = integer(a[2])
  if find(a[1]) == nil then
    return 0
  elseif lifetime <= 0 then
    forget(a[1])
  else
    expiry[a[1]] = milliseconds() + lifetime
  end
  return 1
end

function commands.hset(a)
  if #a < 3 or #a % 2 == 0 then
    error('wrong number of arguments')
  end
  local hash, added = hash_at(a[1]), 0
  for i = 2, #a, 2 do
    added = added + (hash[a[i]] and 0 or 1)
    hash[a[i]] = a[i + 1]
  end
  values[a[1]] = hash
  return added
end

function commands.hget(a)
  check(#a, 2)
  return hash_at(a[1])[a[2]] or false
end

function commands.hmget(a)
  if #a < 2 then
    error('wrong number of arguments')
  end
  local hash, found = hash_at(a[1]), {}
  for i = 2, #a do
    found[i - 1] = hash[a[i]] or false
  end
  return found
end

function commands.time(a)
  check(#a, 0)
  local seconds = math.floor(now / 1000000)
  return {string.format('%d', seconds), string.format('%d', now - seconds * 1000000)}
end
"""
"""The commands of Redis that scripts may use."""

_SERVER = b"""
local function call(name, ...)
  local command = commands[string.lower(name)]
  if not command then
    error('scripts may not use the command ' .. name)
  end
  local arguments = {...}
  for i = 1, select('#', ...) do
    local argument = arguments[i]
    if type(argument) == 'number' then
      arguments[i] = string.format('%.17g', argument)
    elseif type(argument) ~= 'string' then
      error('Lua redis lib command arguments must be strings or integers')
    end
  end
  return command(arguments)
end

local function none(_, name)
  error('scripts have no global variable ' .. tostring(name))
end

local globals = setmetatable({
  redis = {call = call}, string = string, math = math, table = table, tonumber = tonumber,
  tostring = tostring, type = type, ipairs = ipairs, pairs = pairs, unpack = unpack, error = error,
  select = select, next = next, pcall = pcall, assert = assert,
}, {__index = none, __newindex = none})

local function load(text)
  local chunk = assert(loadstring('return function(KEYS, ARGV) ' .. text .. '\\nend'))
  return setfenv(chunk, globals)()
end

local function reply(value)
  if type(value) == 'number' then
    return value < 0 and math.ceil(value) or math.floor(value)
  elseif type(value) == 'table' then
    if value.err then
      error(value.err)
    end
    return assert(value.ok, 'a list in a list')
  end
  return value == true and 1 or value or nil
end

-- Returns true and the items of a list, or false and a single reply.
local function run(time, script, number_of_keys, ...)
  local keys, arguments = {...}, {select(number_of_keys + 1, ...)}
  for i = number_of_keys + 1, #keys do
    keys[i] = nil
  end
  now = time
  local value = script(keys, arguments)
  if type(value) ~= 'table' or value.ok or value.err then
    return false, reply(value)
  end
  local items = 0
  while value[items + 1] ~= nil do
    items = items + 1
    value[items] = reply(value[items])
  end
  return true, unpack(value, 1, items)
end

local function clear()
  values, expiry = {}, {}
end

-- For tests: a text, the fields and values of a hash, or nothing; and the milliseconds that it has.
local function show(time, key)
  now = time
  local value = find(key)
  local left = expiry[key] and expiry[key] - milliseconds()
  if type(value) ~= 'table' then
    return left, value
  end
  local flat = {}
  for field, text in pairs(value) do
    flat[#flat + 1], flat[#flat + 2] = field, text
  end
  return left, unpack(flat)
end

return load, run, clear, show
"""
"""Returns four functions: one makes a function of a script, one runs such a function."""


class ScriptError(Exception):
    """A script failed. This is a mistake in it, so it is not a `ServerAwayError`."""


class VirtualServer(Server):
    """Runs scripts over a table in memory, at a virtual time.

    :param now: returns the time of the server, in epoch seconds.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._scripts: dict[str, Any] = {}
        lua = lua51.LuaRuntime(
            encoding=None,  # bytes, as in Redis
            register_eval=False,
            register_builtins=False,
        )
        self._load, self._run, self._clear, self._show = lua.execute(_COMMANDS + _SERVER)

    def call(
        self,
        script: Script,
        keys: Sequence[str],
        arguments: Sequence[str | bytes | float] = (),
        *,
        at_once: bool = False,
    ) -> Any:
        """Return what the script returns, as `Server.call` does.

        :raises ScriptError: if the script is wrong.
        """
        sent = [_encoded(each) for each in (*keys, *arguments)]
        try:
            function = self._scripts.get(script.text)
            if function is None:
                function = self._scripts[script.text] = self._load(script.text.encode())
            is_list, *reply = self._run(self._time(), function, len(keys), *sent)
        except lua51.LuaError as exc:
            raise ScriptError(f"{script.name}: {exc}") from exc
        return reply if is_list else reply[0]

    def describe(self) -> str:
        """See `Server`."""
        return "the store virtual://"

    def clear(self) -> None:
        """Lose all data."""
        self._clear()

    def show(self, key: str) -> tuple[int | None, bytes | dict[bytes, bytes] | None]:
        """Return the milliseconds until a key expires, and its value. Each is None if missing."""
        left, *value = self._show(self._time(), key.encode())
        if len(value) > 1:
            return left, dict(zip(value[::2], value[1::2], strict=True))
        return left, value[0]

    def _time(self) -> int:
        return int(self._now() * 1e6)


def _encoded(argument: object) -> bytes:
    """Return an argument as redis-py sends it."""
    if isinstance(argument, bytes):
        return argument
    if isinstance(argument, str):
        return argument.encode()
    if isinstance(argument, bool) or not isinstance(argument, (int, float)):
        raise TypeError(f"redis-py sends no {type(argument).__name__}")
    return repr(argument).encode()
