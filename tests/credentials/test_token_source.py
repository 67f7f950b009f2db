"""The source of access tokens: which token a caller gets, and when it needs a login."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import (
    HTTPClientError,
    SSOTokenLoadError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)
from caches import token_cache
from shared_world import SharedWorld
from tokens import HOUR, PAST, rewrite, source_of, stale_token

from sso_plugin import LoginRequired
from sso_plugin.errors import KeyUnavailable, PortalUnreachable, StoreUnavailable
from sso_plugin.portal.error_map import Caller
from sso_plugin.storage.cache import Hold
from sso_plugin.storage.network.scripts import CONFIRM, WRITE_TOKEN, Script

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from world import World


def test_a_fresh_token_needs_no_request(world: World) -> None:
    """The file of the AWS CLI is not written either."""
    signed_in = world.sign_in()
    before = world.token_file().read_text()
    assert source_of().fetch().value == signed_in.access_token
    assert world.token_file().read_text() == before
    assert len(world.emulator.requests) == 0


@pytest.mark.parametrize("suffix", ["Z", "UTC", "+00:00", ".000Z"])
def test_timestamps_of_other_tools_are_read(world: World, suffix: str) -> None:
    """Older tools write the suffix UTC, other SDKs write fractions."""
    expires = "2100-01-01T00:00:00" + suffix
    signed_in = world.sign_in(expiresAt=expires)
    assert source_of().fetch().value == signed_in.access_token


def test_a_legacy_token_is_used_until_it_expires(world: World) -> None:
    """It has no refresh token."""
    world.configure(world.emulator.profile(legacy=True))
    name = world.emulator.start_url
    signed_in = world.sign_in(name=name, refreshToken=None, clientId=None, clientSecret=None)
    assert source_of().fetch().value == signed_in.access_token
    world.sign_in(name=name, refreshToken=None, expiresAt="2020-01-01T00:00:00Z")
    with pytest.raises(LoginRequired) as caught:
        source_of().fetch()
    assert str(caught.value) == (
        'The profile "dev" needs a login: its token expired at 2020-01-01 00:00 UTC. '
        "Run: sso-plugin login --profile dev"
    )


def test_the_error_for_a_missing_token_names_the_file_and_the_command(world: World) -> None:
    """It is also each of the errors that botocore raises for it."""
    with pytest.raises(LoginRequired) as caught:
        source_of().fetch()
    assert str(caught.value) == (
        'The profile "dev" needs a login: it has no access token. '
        "Run: sso-plugin login --profile dev"
    )
    for kind in (UnauthorizedSSOTokenError, SSOTokenLoadError, TokenRetrievalError):
        assert isinstance(caught.value, kind)


def test_a_token_with_an_expired_registration_is_not_renewed(world: World) -> None:
    """The portal would refuse it, so no request is sent."""
    world.sign_in(registrationExpiresAt="2020-01-01T00:00:00Z", expiresAt="2020-01-02T00:00:00Z")
    with pytest.raises(LoginRequired, match="its token expired at 2020-01-02 00:00 UTC"):
        source_of().fetch()
    assert world.count("CreateToken") == 0


def test_a_rejected_token_is_renewed_before_it_expires(world: World) -> None:
    """The portal may have revoked it; the refresh token may still be valid."""
    signed_in = world.sign_in()
    assert source_of().fetch(rejected=signed_in.access_token).value != signed_in.access_token


def test_a_refresh_token_is_not_used_while_its_lock_is_out_of_reach(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may work only once, and another machine may be using it. A valid token stays in use."""
    token = stale_token(world)
    source = source_of()
    away = contextlib.nullcontext(Hold.AWAY)
    monkeypatch.setattr(source.login.stores.tokens, "locked", lambda *_: away)
    assert source.fetch().value == token
    world.age_token(24 * HOUR)
    rewrite(world, expiresAt=PAST)
    monkeypatch.setattr(source.login.stores.tokens, "why_away", lambda _: "it is away")
    message = r"has no valid token on this machine, and it is away\. Run: sso-plugin doctor"
    with pytest.raises(StoreUnavailable, match=message):
        source.fetch()
    assert world.count("CreateToken") == 0


def test_a_token_on_another_machine_is_used_before_a_person_is_asked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store of many machines may have a login that this one does not know yet."""
    source = source_of()
    pulled: list[str] = []

    def pull(key: str, *, patience: float) -> None:
        assert patience > 0
        pulled.append(key)
        world.sign_in()

    monkeypatch.setattr(source.login.stores.tokens, "pull", pull)
    assert source.file.load() is None
    assert source.fetch().value
    assert pulled == [source.login.key]


def test_a_caller_with_a_valid_token_does_not_wait_for_the_lock(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process may renew it, or hang while it tries."""
    token = stale_token(world)
    source, waits = source_of(), list[float | None]()
    locked = source.login.stores.tokens.locked

    def noted(key: str, timeout: float | None = None) -> AbstractContextManager[Hold]:
        waits.append(timeout)
        return locked(key, timeout)

    monkeypatch.setattr(source.login.stores.tokens, "locked", noted)
    with token_cache().locked(world.token_file().stem):
        assert source.fetch().value == token
    assert waits == [0.0]
    assert world.count("CreateToken") == 0


def caller(name: str) -> Caller:
    return Caller(f'The profile "{name}"', "sso", "r", f"sso-plugin doctor --profile {name}")


def test_the_text_of_an_unexpected_error_is_not_in_the_message() -> None:
    """It may have a header, as that of http.client does for an invalid value."""
    with pytest.raises(PortalUnreachable) as caught, caller("dev").mapped_errors():
        raise HTTPClientError(error=ValueError("Invalid header value b'the token'"))
    assert str(caught.value) == (
        'The profile "dev" cannot reach Identity Center (sso in r): the request ended in '
        "ValueError. Run: sso-plugin doctor --profile dev"
    )
    assert caught.value.__cause__ is None


def test_a_given_token_is_used_while_its_file_is_unchanged(world: World) -> None:
    """Otherwise the file is read again: another process may have renewed the token."""
    world.sign_in()
    source = source_of()
    token = source.fetch()
    renewed = world.sign_in().access_token
    assert source.use(lambda used: used.value, token) == renewed
    token = source.fetch()
    assert source.use(lambda used: used, token) is token


class TestShared:
    """The token of a login that many machines share, on one of them."""

    @pytest.fixture
    def shared(self, world: World, monkeypatch: pytest.MonkeyPatch) -> SharedWorld:
        return SharedWorld(world, monkeypatch)

    @pytest.fixture
    def pauses(self, shared: SharedWorld, monkeypatch: pytest.MonkeyPatch) -> list[float]:
        return shared.skip_pauses(monkeypatch)

    def test_a_fresh_token_needs_no_request_to_the_store(
        self, world: World, shared: SharedWorld
    ) -> None:
        """A warm start is as quick as without it."""
        signed_in = world.sign_in()
        assert source_of().fetch().value == signed_in.access_token
        assert shared.server.calls == []

    def test_that_of_another_machine_is_used(self, world: World, shared: SharedWorld) -> None:
        """In place of one that has expired here. The portal gets no request."""
        source = source_of()
        document = shared.log_in_elsewhere(source)
        world.sign_in(expiresAt=PAST)
        assert source.fetch().value == document["accessToken"]
        assert len(world.emulator.requests) == 0

    def test_a_renewed_token_is_stored(
        self, world: World, shared: SharedWorld, pauses: list[float]
    ) -> None:
        """For the next machine, whose token has expired, too."""
        world.sign_in(expiresAt=PAST)
        value = source_of().fetch().value
        world.token_file().unlink()
        assert source_of().fetch().value == value
        assert world.count("CreateToken") == 1

    def test_without_a_token_the_store_is_waited_for(
        self, world: World, shared: SharedWorld, pauses: list[float]
    ) -> None:
        """The error says that it is the store, and that a person need not log in."""
        shared.go_away()
        with pytest.raises(StoreUnavailable, match="the store is away") as caught:
            source_of().fetch()
        assert not isinstance(caught.value, LoginRequired)
        assert 29 < sum(pauses) < 31

    def test_with_an_expired_token_it_is_waited_for_once(
        self, world: World, shared: SharedWorld, pauses: list[float]
    ) -> None:
        """Not a second time for the lock. The refresh token is not used."""
        world.sign_in(expiresAt=PAST)
        shared.go_away()
        with pytest.raises(StoreUnavailable):
            source_of().fetch()
        assert 29 < sum(pauses) < 31
        assert len(world.emulator.requests) == 0

    def test_a_store_that_comes_back_in_time_is_used(
        self, world: World, shared: SharedWorld, pauses: list[float]
    ) -> None:
        """The caller does not notice."""
        source = source_of()
        document = shared.log_in_elsewhere(source)
        shared.server.lose = lambda _: "request" if sum(pauses) < 20 else None
        assert source.fetch().value == document["accessToken"]

    def test_a_valid_token_does_not_wait_for_the_store(
        self, world: World, shared: SharedWorld, pauses: list[float]
    ) -> None:
        """It is due for renewal, which needs the store."""
        value = stale_token(world)
        shared.go_away()
        assert source_of().fetch().value == value
        assert pauses == []
        assert len(world.emulator.requests) == 0

    def test_a_refresh_token_is_not_used_if_the_store_does_not_confirm_it(
        self, world: World, shared: SharedWorld, pauses: list[float]
    ) -> None:
        """The reply was lost: another machine may have the lock now."""
        world.sign_in(expiresAt=PAST)
        shared.server.lose = lambda script: "reply" if script is CONFIRM else None
        with pytest.raises(StoreUnavailable):
            source_of().fetch()
        assert len(world.emulator.requests) == 0

    def test_a_renewed_token_is_used_although_it_could_not_be_stored(
        self, world: World, shared: SharedWorld, pauses: list[float]
    ) -> None:
        """It gets to the store later, and the old refresh token is not used again."""
        source = source_of()
        document = shared.log_in_elsewhere(source)
        source.login.pull()
        rewrite(world, expiresAt=PAST)
        written = []

        def lose(script: Script) -> str | None:
            written.append(script.name)
            return "request" if script is WRITE_TOKEN else None

        shared.server.lose = lose
        renewed = source.fetch()
        assert "write token" in written
        assert renewed.value != document["accessToken"]
        shared.come_back()
        source.login.pull()
        world.token_file().unlink()
        assert source_of().fetch().value == renewed.value
        assert world.count("CreateToken") == 1

    def test_a_missing_key_is_named_before_the_store(
        self, world: World, shared: SharedWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With and without a token that has expired."""
        monkeypatch.delenv("SSO_PLUGIN_STORE_KEY")
        for sign_in in (lambda: None, lambda: world.sign_in(expiresAt=PAST)):
            sign_in()
            with pytest.raises(KeyUnavailable, match="SSO_PLUGIN_STORE_KEY"):
                source_of().fetch()

    def test_an_ended_login_needs_a_new_one(self, world: World, shared: SharedWorld) -> None:
        """The copy on this machine is not used, and not sent back."""
        source = source_of()
        shared.log_in_elsewhere(source)
        source.login.pull()
        rewrite(world, expiresAt=PAST)
        source.login.stores.tokens.end(source.login.key)
        with pytest.raises(LoginRequired):
            source_of().fetch()
        assert not world.token_file().exists()
        assert len(world.emulator.requests) == 0
