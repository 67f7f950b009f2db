"""The virtual server of the simulations: it does what a real server does."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING, Any

import pytest
from virtual_server import ScriptError, VirtualServer

from sso_plugin.portal import network_budget
from sso_plugin.storage.network import scripts
from sso_plugin.storage.network.scripts import Script

if TYPE_CHECKING:
    from redis_server import RedisServer

START = 1_800_000_000.0
KEYS = [f"{{sso-plugin:a}}:{name}" for name in "abc"]
TEXTS = ["", "0", "1", "-1", "1.5", "20", "60000", "9000000", "1800000000000", "login", "id", "x"]

SCRIPTS = [
    each
    for module in (scripts, network_budget)
    for each in vars(module).values()
    if isinstance(each, Script)
]

_WITH_TIME = """
local real, moment = redis, {table.remove(ARGV), table.remove(ARGV)}
local redis = {call = function(name, ...)
  name = string.lower(name)
  if name == 'time' then return {moment[2], moment[1]} end
  local arguments = {...}
  local last = name == 'pexpire' and 2 or name == 'set' and #arguments
  local lifetime = last and string.match(arguments[last] or '', '^[1-9]%d*$')
  if lifetime and (name == 'pexpire' or last > 2) then
    arguments[last] = string.format('%.0f', lifetime + 1e9)
  end
  return real.call(name, unpack(arguments))
end}
"""
"""Makes a real server use the last two arguments as its time, and keep what should expire."""


@pytest.mark.one_quick_case
@pytest.mark.parametrize("seed", range(10))
def test_it_replies_as_a_real_server(redis_server: RedisServer, seed: int) -> None:
    """All scripts, with random keys, arguments and times."""
    rng, now = random.Random(seed), START  # noqa: S311 - no secret
    virtual = VirtualServer(lambda: now)
    with redis_server.admin as real:
        for _ in range(300):
            now += rng.choice([0, 0.000_001, 0.01, 1, 15, 70])
            for key in KEYS:
                left, value = virtual.show(key)
                assert value is None or (real.pttl(key) != -1) == (left is not None)
                if value is None:
                    # Its time has passed, or it does not exist.
                    real.delete(key)
            script = rng.choice(SCRIPTS)
            numbers = [int(each) for each in re.findall(r"ARGV\[(\d+)\]", script.text)]
            keys = [rng.choice(KEYS) for _ in range(3)]
            arguments = [rng.choice(TEXTS) for _ in range(max(numbers, default=0))]
            assert run(virtual, script, keys, arguments) == run_real(
                real, script, keys, [*arguments, *moment(now)]
            ), (script.name, keys, arguments)
            assert {key: virtual.show(key)[1] for key in KEYS} == content(real)


def moment(now: float) -> list[str]:
    microseconds = int(now * 1e6)
    return [str(microseconds // 1_000_000), str(microseconds % 1_000_000)]


def run(server: VirtualServer, script: Script, keys: list[str], arguments: list[str]) -> Any:
    try:
        return server.call(script, keys, arguments)
    except ScriptError:
        return ScriptError


def run_real(real: Any, script: Script, keys: list[str], arguments: list[str]) -> Any:
    from redis.exceptions import ResponseError

    try:
        return real.eval(_WITH_TIME + script.text, len(keys), *keys, *arguments)
    except ResponseError:
        return ScriptError


def content(real: Any) -> dict[str, Any]:
    kinds = {b"none": lambda _: None, b"string": real.get, b"hash": real.hgetall}
    return {key: kinds[real.type(key)](key) for key in KEYS}


@pytest.mark.parametrize(
    "text",
    [
        "return redis.call('keys', '*')",
        "return redis.call('incr', KEYS[1])",
        "return redis.call('set', KEYS[1], '1', 'EX', 5)",
        "return cjson.encode({})",
        "return os.time()",
        "total = 1",
        "return redis.call('set', KEYS[1], nil)",
    ],
)
def test_a_script_may_use_little(text: str) -> None:
    """Otherwise it fails, because the ACL of docs/fleet.md does not permit more, or Redis."""
    with pytest.raises(ScriptError):
        VirtualServer(lambda: START).call(Script("a script", text), KEYS)


def test_keys_expire_by_virtual_time() -> None:
    """A value is there until its time has passed."""
    now = START
    server = VirtualServer(lambda: now)
    server.call(Script("set", "redis.call('set', KEYS[1], ARGV[1], 'PX', 1500)"), KEYS, ["text"])
    now += 1.5
    assert server.show(KEYS[0]) == (0, b"text")
    now += 0.001
    assert server.show(KEYS[0]) == (None, None)
