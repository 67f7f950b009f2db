"""A login that many machines share: its documents say when they expire, and what the clock is."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from caches import KEY

from sso_plugin.clock import Clock
from sso_plugin.config.profile import Options, SsoProfile
from sso_plugin.config.store_address import read_store_address
from sso_plugin.credentials import stores_of
from sso_plugin.credentials.shared_login import _Timing, shared_stores
from sso_plugin.storage.documents import Entry
from sso_plugin.storage.keys import token_key
from sso_plugin.storage.network.shared_stores import SharedStores
from sso_plugin.timestamps import format_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable

ADDRESS = read_store_address("redis://localhost:7", "sso_store")
PROFILE = SsoProfile(
    "dev",
    "https://corp.awsapps.com/start",
    "eu-central-1",
    session_name="corp",
    options=Options(store=ADDRESS),
)
NOW = 1_800_000_000.0
HOUR = 3600.0


class Wall:
    """The clocks of a machine."""

    def __init__(self) -> None:
        self.now = NOW
        self.since_boot = 0.0
        self.clock = Clock(lambda: self.now, lambda: self.since_boot)
        self.timing = _Timing(self.clock)


@pytest.fixture
def wall() -> Wall:
    return Wall()


def token(stored_at: float, expires_at: float, **more: Any) -> Entry:
    document = {"accessToken": "a", "expiresAt": format_timestamp(expires_at), **more}
    return Entry(document, stored_at, (0, 0, 0))


class TestExpiry:
    """A token and role credentials say in different ways when they expire."""

    def test_a_token_has_it_at_the_top(self, wall: Wall) -> None:
        """As the AWS CLI writes it."""
        assert wall.timing.expires_at(token(NOW, NOW + HOUR).document) == NOW + HOUR

    def test_role_credentials_have_it_with_the_credentials(self, wall: Wall) -> None:
        """As botocore writes it."""
        document = {"Credentials": {"Expiration": format_timestamp(NOW + HOUR)}}
        assert wall.timing.expires_at(document) == NOW + HOUR
        assert wall.timing.expires_at({**document, "expiresAt": format_timestamp(NOW)}) == (
            NOW + HOUR
        )

    @pytest.mark.parametrize(
        "document",
        [
            {},
            {"failures": 1},
            {"expiresAt": None},
            {"expiresAt": "yesterday"},
            {"expiresAt": [1]},
            {"Credentials": {}},
            {"Credentials": {"Expiration": 7}},
            {"Credentials": "x"},
        ],
    )
    def test_other_documents_do_not_expire(self, wall: Wall, document: dict[str, Any]) -> None:
        """A document of another program is no error."""
        assert wall.timing.expires_at(document) is None


class TestMayBeSpent:
    """Whether another machine may have used the refresh token of a copy."""

    @pytest.mark.parametrize(
        ("age", "expected"), [(0.0, False), (0.4 * HOUR, False), (0.9 * HOUR, True), (HOUR, True)]
    )
    def test_one_that_is_due_may_be(self, wall: Wall, age: float, expected: bool) -> None:  # noqa: FBT001
        """The others renew it at the same time as this one."""
        entry = token(NOW, NOW + HOUR)
        wall.now = NOW + age
        assert wall.timing.may_be_spent(entry) is expected

    def test_a_clock_that_is_ahead_counts(self, wall: Wall) -> None:
        """It was paused: others have renewed the token in that time."""
        wall.clock.learn(NOW)
        entry = token(NOW, NOW + HOUR)
        wall.now = NOW + 0.9 * HOUR
        assert wall.clock.now() == NOW
        assert wall.timing.may_be_spent(entry)

    @pytest.mark.parametrize("document", [{}, {"accessToken": "a"}, {"accessToken": 7}])
    def test_one_that_cannot_be_read_may_be(self, wall: Wall, document: dict[str, Any]) -> None:
        """It says nothing about its age."""
        assert wall.timing.may_be_spent(Entry(document, NOW, (0, 0, 0)))


class TestClock:
    """The time of the portal is that of the machine which heard it last."""

    def test_what_was_learned_is_not_passed_on(self, wall: Wall) -> None:
        """Otherwise a mistake would go round for ever."""
        wall.timing.learn(NOW + 7200)
        assert wall.timing.now() == NOW + 7200
        assert wall.timing.portal_time() is None

    def test_a_time_from_the_portal_counts(self, wall: Wall) -> None:
        """Another machine does not change it."""
        wall.clock.observe("Fri, 15 Jan 2027 10:00:00 GMT")
        found = wall.timing.portal_time()
        assert found is not None
        assert found == wall.timing.now()
        wall.timing.learn(NOW + 70)
        assert wall.timing.now() == found

    def test_it_is_the_clock_of_the_portal(self) -> None:
        """The same as for requests."""
        stores = shared_stores(PROFILE, ADDRESS, None)
        stores._remote.timing.learn(time.time() + 5000)
        assert Clock.of(PROFILE).now() == pytest.approx(time.time() + 5000, abs=30)


class TestStores:
    """Where the documents of a profile with a store are."""

    @pytest.fixture(autouse=True)
    def _key(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SSO_PLUGIN_STORE_KEY", KEY)

    def test_a_profile_with_a_store_has_them_there(self) -> None:
        """And one without has none."""
        found = stores_of(PROFILE)
        assert isinstance(found, SharedStores)
        assert found.server is not None
        assert found.server.describe() == "the store redis://localhost:7"
        assert stores_of(PROFILE._replace(options=Options())).server is None

    @pytest.mark.parametrize(
        "change",
        [
            lambda profile: profile._replace(region="us-east-1"),
            lambda profile: profile._replace(start_url="https://x.awsapps.com/start"),
            lambda profile: profile._replace(session_name="other"),
            lambda profile: profile._replace(session_name=None),
        ],
    )
    def test_logins_have_names_of_their_own(
        self, change: Callable[[SsoProfile], SsoProfile]
    ) -> None:
        """By region, start URL and the name of the sso-session."""
        one, two = (
            shared_stores(each, ADDRESS, None)._remote.name("tokens", token_key(each))
            for each in (PROFILE, change(PROFILE))
        )
        assert one != two

    def test_profiles_of_one_login_share_them(self) -> None:
        """Also with different accounts and roles."""
        one, two = (
            shared_stores(each, ADDRESS, None)._remote.name("tokens", token_key(each))
            for each in (PROFILE, PROFILE._replace(name="prod", role_name="Admin"))
        )
        assert one == two
