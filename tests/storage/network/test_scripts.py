"""The scripts: what they may use, that they can be repeated, and that a real server runs them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from redis_server import ACL
from virtual_server import VirtualServer

from sso_plugin.portal import network_budget
from sso_plugin.storage.network import scripts
from sso_plugin.storage.network.scripts import (
    ACQUIRE,
    CONFIRM,
    END_TOKEN,
    OFFER_TOKEN,
    READ,
    READ_TOKEN,
    RELEASE,
    REMOVE,
    RENEW,
    WRITE,
    WRITE_TOKEN,
    Script,
)

if TYPE_CHECKING:
    from sso_plugin.storage.network.server import RedisServer, Server

TAG = "{sso-plugin:0123}"
LOCK, DOCUMENT, CLOCK, OFFERED = (f"{TAG}:{name}" for name in ("a:lock", "a", "clock", "a:offered"))
TOKEN = [DOCUMENT, CLOCK, OFFERED]

PERMITTED = {"get", "set", "del", "exists", "pexpire", "hmget", "hset", "hget", "time"}

ALL = [each for module in (scripts, network_budget) for each in vars(module).values()]
ALL = [each for each in ALL if isinstance(each, Script)]


class Call(NamedTuple):
    """A call of a script, and a part of its reply that is the same each time."""

    script: Script
    keys: list[str]
    arguments: list[str | int | float]
    expected: object
    part: slice | None = None


STEPS = [
    Call(READ, [DOCUMENT, CLOCK], [], [None, None, None], slice(1, 4)),
    Call(ACQUIRE, [LOCK, DOCUMENT], ["one", 10_000], [1, b"one", None]),
    Call(ACQUIRE, [LOCK, DOCUMENT], ["two", 10_000], [0, b"one", None]),
    Call(RENEW, [LOCK, DOCUMENT], ["one", 10_000], 1),
    Call(RENEW, [LOCK, DOCUMENT], ["two", 10_000], 0),
    Call(WRITE, [DOCUMENT, CLOCK], ["text", 60_000, ""], 1),
    Call(READ, [DOCUMENT, CLOCK], [], [b"text"], slice(3, 4)),
    Call(REMOVE, [DOCUMENT], [], None),
    Call(READ_TOKEN, TOKEN, [], [None, 0, *[None] * 5], slice(1, 8)),
    Call(OFFER_TOKEN, TOKEN, [7, "id", 1.5, "text", 60_000, 60_000], 0),
    Call(READ_TOKEN, TOKEN, [], [None, 1, *[None] * 5], slice(1, 8)),
    Call(OFFER_TOKEN, TOKEN, [7, "id", 1.5, "text", 60_000, 0], 0),
    Call(WRITE_TOKEN, TOKEN, [7, "", "id", 1.5, "text", 60_000, 5_000_000], [1, b"7"]),
    Call(READ_TOKEN, TOKEN, [], [0, b"7", b"id", b"1.5"], slice(2, 6)),
    Call(OFFER_TOKEN, TOKEN, [6, "old", 9.5, "text", 60_000, 60_000], 1),
    Call(CONFIRM, [LOCK, DOCUMENT], ["one", 60_000, "id"], 1),
    Call(CONFIRM, [LOCK, DOCUMENT], ["two", 60_000, "id"], 0),
    Call(WRITE_TOKEN, TOKEN, [7, "id", "child", 1.25, "text", 60_000, ""], [1, b"7"]),
    Call(CONFIRM, [LOCK, DOCUMENT], ["one", 60_000, "id"], 0),
    Call(WRITE_TOKEN, TOKEN, [7, "id", "of another one", 1.0, "text", 60_000, ""], [0, b"7"]),
    Call(WRITE_TOKEN, TOKEN, [6, "child", "older", 9.5, "text", 60_000, ""], [0, b"7"]),
    Call(RELEASE, [LOCK], ["two"], 1),
    Call(ACQUIRE, [LOCK, DOCUMENT], ["two", 10_000], [0, b"one", b"7 child"]),
    Call(RELEASE, [LOCK], ["one"], 1),
    Call(RENEW, [LOCK, DOCUMENT], ["one", 10_000], 0),
    Call(CONFIRM, [LOCK, DOCUMENT], ["one", 60_000, "child"], 0),
    Call(ACQUIRE, [LOCK, DOCUMENT], ["two", 10_000], [1, b"two", b"7 child"]),
    Call(WRITE_TOKEN, TOKEN, ["login", "", "login", 1.0, "text", 60_000, ""], [1], slice(1)),
    Call(END_TOKEN, TOKEN, [60_000], 1),
    Call(READ_TOKEN, TOKEN, [], [None, None, None, None], slice(4, 8)),
    Call(WRITE_TOKEN, TOKEN, [8, "login", "renewed", 9.5, "text", 60_000, ""], [0], slice(1)),
    Call(OFFER_TOKEN, TOKEN, [9, "old", 9.5, "text", 60_000, 0], 1),
    Call(WRITE_TOKEN, TOKEN, ["login", "", "again", 1.0, "text", 60_000, ""], [1], slice(1)),
    Call(READ_TOKEN, TOKEN, [], [b"again"], slice(4, 5)),
]
"""Calls in this order. Each is sent twice, as after a lost reply, and has the same result."""


def run(server: Server, call: Call) -> Any:
    reply = server.call(call.script, call.keys, call.arguments)
    return reply if call.part is None else reply[call.part]


def commands(script: Script) -> set[str]:
    called = re.findall(r"redis\.p?call\(\s*('[^']*'|[^,)]*)", script.text)
    return {command.strip("'").lower() for command in called}


@pytest.mark.parametrize("script", ALL, ids=lambda script: script.name)
def test_a_script_uses_only_what_the_user_of_the_server_may(script: Script) -> None:
    """Commands by name, so that this test can read them."""
    assert commands(script) <= PERMITTED
    assert script.text.count("redis.") == len(re.findall(r"redis\.call\('", script.text))
    assert {f"+{command}" for command in PERMITTED} <= set(ACL.split())


@pytest.mark.parametrize("script", ALL, ids=lambda script: script.name)
def test_the_text_of_a_script_is_the_same_everywhere(script: Script) -> None:
    """A server keeps each text that it gets, so no text has an argument."""
    assert len({each.text for each in ALL}) == len({each.name for each in ALL}) == len(ALL)
    used = set(re.findall(r"(KEYS|ARGV)\[(\w+)\]", script.text))
    assert used
    assert all(index.isdecimal() for _, index in used)


def test_the_module_names_all_of_them() -> None:
    """`ALL` has no script more than that."""
    named = {name for name in scripts.__all__ if name != "Script"}
    assert named == {name for name, each in vars(scripts).items() if isinstance(each, Script)}


def check(server: Server) -> None:
    seen = set()
    for number, call in enumerate(STEPS):
        results = run(server, call), run(server, call)
        if call.script is not REMOVE:
            assert results == (call.expected, call.expected), (number, call)
        seen.add(call.script)
    assert seen == {each for each in vars(scripts).values() if isinstance(each, Script)}


def test_a_script_has_the_same_result_again() -> None:
    """Its reply may have been lost."""
    check(VirtualServer(lambda: 1_700_000_000.0))


def test_a_real_server_runs_them_with_these_permissions_only(client: RedisServer) -> None:
    """With the same results."""
    check(client)


@pytest.mark.parametrize("repeats", [1, 2])
def test_a_repeated_login_is_one_login(repeats: int) -> None:
    """The generation is that of the first request."""
    server = VirtualServer(lambda: 1_700_000_000.0)
    arguments: list[str | float] = ["login", "", "id", 1.0, "text", 60_000, ""]
    replies = [server.call(WRITE_TOKEN, TOKEN, arguments) for _ in range(repeats)]
    assert replies == [[1, b"1700000000000"]] * repeats


def test_a_repeated_logout_is_one_logout() -> None:
    """A login after the first one would otherwise count as older."""
    now = [1_700_000_000.0]
    server = VirtualServer(lambda: now[0])
    server.call(WRITE_TOKEN, TOKEN, ["login", "", "id", 1.0, "text", 60_000, ""])
    generations = set()
    for _ in range(3):
        now[0] += 10
        server.call(END_TOKEN, TOKEN, [60_000])
        generations.add(server.call(READ_TOKEN, TOKEN)[3])
    assert len(generations) == 1


def test_a_generation_is_newer_also_if_the_clock_of_the_server_went_back() -> None:
    """Such as after a restart on another machine."""
    now = [1_700_000_000.0]
    server = VirtualServer(lambda: now[0])
    first = server.call(WRITE_TOKEN, TOKEN, ["login", "", "a", 1.0, "text", 60_000, ""])[1]
    now[0] -= 5000
    second = server.call(WRITE_TOKEN, TOKEN, ["login", "", "b", 1.0, "text", 60_000, ""])[1]
    server.call(END_TOKEN, TOKEN, [60_000])
    third = server.call(READ_TOKEN, TOKEN)[3]
    assert int(first) < int(second) < int(third)


def test_an_offer_of_a_machine_with_a_newer_login_counts() -> None:
    """Its token may expire earlier. The wait is the longest that a machine asked for."""
    now = [1_700_000_000.0]
    server = VirtualServer(lambda: now[0])

    def offer(generation: int, identity: str, expires: float, wait: int) -> int:
        arguments: list[str | float] = [generation, identity, expires, "text", 60_000, wait]
        reply: int = server.call(OFFER_TOKEN, TOKEN, arguments)
        return reply

    assert offer(7, "a", 50.0, 65_000) == 0
    assert offer(8, "b", 40.0, 3000) == 0
    assert offer(7, "c", 60.0, 3000) == 0
    assert offer(8, "d", 39.0, 3000) == 0
    now[0] += 64
    assert offer(7, "a", 50.0, 3000) == 0
    now[0] += 2
    assert offer(7, "a", 50.0, 3000) == 1
    assert server.call(READ_TOKEN, TOKEN)[3:5] == [b"8", b"b"]
