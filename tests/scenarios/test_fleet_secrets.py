"""What the server of a fleet sees, and what it cannot do: read, swap or impersonate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from fleet import Fleet
from issued import exposed

import sso_plugin

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from issued import Issued
    from redis_server import RedisServer
    from world import World

pytestmark = [pytest.mark.usefixtures("enabled", "patient"), pytest.mark.long]


def test_the_server_sees_no_secret(fleet: Fleet, issued: Issued, tmp_path: Path) -> None:
    """Neither in the commands of clients and scripts, nor in the files that it saves."""
    seen = tmp_path / "seen"
    seen.mkdir()
    with fleet.server.monitor() as lines:
        fleet.log_in(expired=True)
        results = fleet.crowd(8, calls=["user", "accounts"], times=2)
        assert sorted(results) == ["2"] * 4 + ["alice"] * 4
        (seen / "dump").write_bytes(fleet.server.dump())
        sso_plugin.logout("dev")
    (seen / "monitor").write_bytes(b"".join(lines))
    assert len(issued.pieces()) > 3
    assert exposed(seen, issued) == []
    names = (seen / "dump").read_bytes() + (seen / "monitor").read_bytes()
    for name in (b"corp", fleet.emulator.start_url.encode(), b"alice", b"111111111111"):
        assert name not in names
    assert fleet.key_file.read_bytes().strip() not in names


def test_a_password_is_in_no_output(
    world: World, start_redis: Callable[..., RedisServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is read from a file; a wrong one is an error that names the server only."""
    server = start_redis(password="wr0ng-or-right", append_only=True)
    file = world.home.parent / "password"
    file.write_text("wr0ng-or-right\n")
    file.chmod(0o600)
    monkeypatch.setenv("SSO_PLUGIN_STORE_PASSWORD_FILE", str(file))
    fleet = Fleet(world, server, monkeypatch, 3)
    with server.monitor() as lines:
        fleet.log_in()
        assert fleet.crowd(4) == ["alice"] * 4
    assert fleet.counts() == (0, 1)
    assert b"wr0ng-or-right" not in b"".join(lines)
    file.write_text("an0ther\n")
    [result], stderr = fleet.start_crowd(1, homes=fleet.add_homes(1)).end()
    assert result[1].startswith("StoreUnavailable: ")
    assert "an0ther" not in result[1] + stderr


def tls_fleet(world: World, server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    """Return a fleet that trusts the certificate of a server."""
    fleet = Fleet(world, server, monkeypatch, 3)
    fleet.configure(
        sso_store=f"valkeys://localhost:{server.port}", sso_store_ca_bundle=str(server.ca_bundle)
    )
    return fleet


def test_a_server_with_tls_is_used(
    world: World, start_redis: Callable[..., RedisServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its certificate has the name in the address."""
    fleet = tls_fleet(world, start_redis(host="localhost"), monkeypatch)
    fleet.log_in(expired=True)
    assert fleet.crowd(6) == ["alice"] * 6
    assert fleet.counts() == (1, 1)


def test_a_server_with_the_certificate_of_another_one_is_refused(
    world: World, start_redis: Callable[..., RedisServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gets no command, and the error says why."""
    server = start_redis(host="another.example")
    fleet = tls_fleet(world, server, monkeypatch)
    with server.monitor() as lines:
        results = fleet.start_crowd(1).end().results
    assert results[0].startswith("StoreUnavailable: ")
    assert "certificate" in results[0]
    assert f"valkeys://localhost:{server.port}" in results[0]
    assert [line for line in lines if b"unix:" not in line] == []


def test_a_server_is_used_by_its_socket(fleet: Fleet) -> None:
    """No TLS is needed there."""
    fleet.configure(sso_store=fleet.server.unix_url)
    fleet.log_in(expired=True)
    assert fleet.crowd(8) == ["alice"] * 8
    assert fleet.counts() == (1, 1)


def swap(server: RedisServer) -> int:
    """Exchange the contents of each two keys of one kind; return how many pairs there were."""
    admin: Any = server.admin
    by_kind: dict[bytes, list[bytes]] = {}
    for key in sorted(admin.keys()):
        by_kind.setdefault(key.rsplit(b":", 1)[0].partition(b"}:")[2], []).append(key)
    pairs = [(keys[0], keys[1]) for keys in by_kind.values() if len(keys) == 2]
    for first, second in pairs:
        admin.rename(first, "aside")
        admin.rename(second, first)
        admin.rename("aside", second)
    return len(pairs)


def test_a_document_under_the_name_of_another_one_is_refused(fleet: Fleet) -> None:
    """A server that gives bob's login to a worker of alice is not believed."""
    fleet.emulator.assign("bob", "111111111111", "AdministratorAccess")
    other = fleet.emulator.profile("other", session_name="second")
    head, store = "[sso-session second]\n", f"sso_store = {fleet.server.url}\n"
    fleet.configure(other.replace(head, head + store))
    fleet.log_in("alice")
    fleet.log_in("bob", profile="other", home=fleet.homes[1])
    assert fleet.crowd(1, homes=fleet.homes[:1]) == ["alice"]
    assert fleet.crowd(1, homes=fleet.homes[1:2], profile="other") == ["bob"]
    before = fleet.world.count("GetRoleCredentials")
    assert swap(fleet.server) >= 2
    cold = fleet.add_homes(2)
    results = fleet.crowd(2, homes=cold[:1]) + fleet.crowd(2, homes=cold[1:], profile="other")
    assert not {"alice", "bob"} & set(results)
    assert fleet.world.count("GetRoleCredentials") == before
