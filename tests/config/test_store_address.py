"""The address of a store: which are valid, what they mean, and the errors."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_plugin import ConfigError
from sso_plugin.config.profile import Options, SsoProfile
from sso_plugin.config.store_address import StoreAddress, read_store_address

PLAIN = StoreAddress("", "localhost", 6379, "", 0, "", is_tls=False, ca_bundle="")
TLS = PLAIN._replace(host="cache.corp", is_tls=True)
SOCKET = PLAIN._replace(host="", port=0, socket="/run/redis.sock")

ADDRESSES = [
    ("redis://localhost", PLAIN),
    ("valkey://LOCALHOST:6379/", PLAIN._replace(host="LOCALHOST")),
    ("redis://127.0.0.1:7000/2", PLAIN._replace(host="127.0.0.1", port=7000, database=2)),
    ("redis://127.8.0.1", PLAIN._replace(host="127.8.0.1")),
    ("redis://[::1]:7000", PLAIN._replace(host="::1", port=7000)),
    ("rediss://cache.corp", TLS),
    ("ValkeyS://cache.corp:1", TLS._replace(port=1)),
    ("rediss://alice@cache.corp:65535/3", TLS._replace(username="alice", port=65535, database=3)),
    ("rediss://al%40ice@[2001:db8::1]", TLS._replace(host="2001:db8::1", username="al@ice")),
    ("rediss://my_cache", TLS._replace(host="my_cache")),
    ("unix:///run/redis.sock", SOCKET),
    ("unix:///run/redis.sock?db=4", SOCKET._replace(database=4)),
    ("unix://alice@/a%20b", SOCKET._replace(socket="/a b", username="alice")),
]


@pytest.mark.parametrize(("text", "address"), ADDRESSES)
def test_an_address_is_read(text: str, address: StoreAddress) -> None:
    """Scheme, user, host, port and database. The address itself is kept for messages."""
    assert read_store_address(text, "It") == address._replace(url=text)


HOSTS = ["10.0.0.5", "cache.corp", "127.0.0.1.corp", "localhost.corp", "[2001:db8::1]"]


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("scheme", ["redis", "valkey"])
def test_another_machine_needs_tls(scheme: str, host: str) -> None:
    """Or the permission to do without. The message says both."""
    text = f"{scheme}://user@{host}:6379"
    with pytest.raises(ConfigError) as caught:
        read_store_address(text, "The value of sso_store in x")
    assert str(caught.value) == (
        "The value of sso_store in x is the address of another machine without TLS. Set it to an "
        "address that begins with rediss://, or add sso_store_insecure = true to the config if the "
        "network protects the connection."
    )
    address = read_store_address(text, "It", is_insecure=True)
    assert not address.is_tls


def test_a_certificate_is_checked_with_an_insecure_network_too() -> None:
    """The permission is for connections without TLS only."""
    assert read_store_address("rediss://cache.corp", "It", is_insecure=True).is_tls


SECRET = "hush"
PASSWORDS = [
    f"redis://:{SECRET}@localhost",
    f"rediss://alice:{SECRET}@cache.corp:6379/0",
    f"rediss://alice:{SECRET}/{SECRET}@cache.corp",
    f"rediss://alice:{SECRET}@{SECRET}@cache.corp",
    f"rediss://cache.corp?password={SECRET}",
    f"unix://:{SECRET}@/run/redis.sock",
    f"unix:///run/redis.sock?db=1&Password={SECRET}",
    f"http://:{SECRET}@localhost",
]


@pytest.mark.parametrize("text", PASSWORDS)
def test_an_address_with_a_password_is_an_error(text: str) -> None:
    """It does not show the password, and says where passwords belong."""
    with pytest.raises(ConfigError) as caught:
        read_store_address(text, "The variable SSO_PLUGIN_STORE")
    assert str(caught.value) == (
        "The variable SSO_PLUGIN_STORE has a password. Set it to the address without the password, "
        "write the password to a file that only you can read, and set "
        "SSO_PLUGIN_STORE_PASSWORD_FILE to the path of that file."
    )
    assert SECRET not in repr(caught.value.kwargs)


INVALID = [
    *(f"redis://{rest}" for rest in ("", "/", "localhost:0", "localhost:65536", "localhost:x")),
    *(f"redis://{rest}" for rest in ("localhost/x", "localhost/1/2", "localhost#1", "a b", "@b")),
    *(
        f"redis://{rest}"
        for rest in ("[::1", "[1]", "::1", "-x", "x\ny", "\u00fc", ":hush", "h:hush")
    ),
    *(f"redis://localhost?{rest}" for rest in ("db=1", "ssl_cert_reqs=none", "")),
    *(
        "localhost",
        "localhost:6379",
        "hush",
        "redis:localhost",
        "http://localhost",
        "redis+ssl://x",
    ),
    *(f"unix://{rest}" for rest in ("", "run/redis.sock", "/", "/a?db=x", "/a?x=1", "/a%00b")),
]


@pytest.mark.parametrize("text", INVALID)
def test_an_invalid_address_is_an_error(text: str) -> None:
    """It gives examples. It does not show the value, which may be a password or a key."""
    with pytest.raises(ConfigError) as caught:
        read_store_address(text, "It")
    message = str(caught.value)
    assert message.startswith("It ")
    assert "Set it to one such as " in message
    assert "hush" not in message


@given(
    st.one_of(st.text(), st.from_regex(r"(redis|rediss|unix|valkeys)://[a-z0-9@:/?\[\].=&%#-]*")),
    st.booleans(),
)
def test_any_text_is_an_address_or_an_error(text: str, is_insecure: bool) -> None:  # noqa: FBT001 - drawn
    """An address has a host or a socket, and no password."""
    try:
        address = read_store_address(text, "It", is_insecure=is_insecure)
    except ConfigError:
        return
    assert bool(address.host) != bool(address.socket)
    assert address.host == "" or 0 < address.port < 65536
    assert ":" not in text.partition("://")[2].rpartition("@")[0]
    assert address.is_tls or address.socket or is_insecure or not address.host.endswith(".corp")


SESSION = {"sso_start_url": "https://corp.awsapps.com/start", "sso_region": "eu-west-1"}
PROFILE = {"sso_session": "corp", "sso_account_id": "111111111111", "sso_role_name": "Admin"}


def options(profile: dict[str, str], session: dict[str, str]) -> Options:
    config = {
        "profiles": {"dev": {**PROFILE, **profile}},
        "sso_sessions": {"corp": {**SESSION, **session}},
    }
    found = SsoProfile.find(config, "dev")
    assert found is not None
    assert hash(found) == hash(SsoProfile.find(config, "dev"))
    return found.options


class TestConfig:
    """The keys of a profile and its sso-session."""

    def test_the_sso_session_names_the_store(self) -> None:
        """The other two keys may be in the other section."""
        store = options(
            {"sso_store_insecure": "true"},
            {"sso_store": "redis://10.0.0.5", "sso_store_ca_bundle": "~/ca.pem"},
        ).store
        assert store == PLAIN._replace(
            url="redis://10.0.0.5", host="10.0.0.5", ca_bundle=str(Path.home() / "ca.pem")
        )

    def test_the_value_of_the_profile_wins(self) -> None:
        """An empty value: no store."""
        session = {"sso_store": "redis://localhost"}
        assert options({}, session).store is not None
        assert options({"sso_store": ""}, session).store is None

    @pytest.mark.parametrize(
        ("key", "value", "expected"),
        [
            ("sso_store_insecure", "yes", "false or true"),
            ("sso_store_ca_bundle", "ca.pem", "a path that is absolute or begins with ~/"),
        ],
    )
    def test_an_invalid_value_is_an_error(self, key: str, value: str, expected: str) -> None:
        """Also if there is no store."""
        with pytest.raises(ConfigError) as caught:
            options({key: value}, {})
        assert str(caught.value) == (
            f'The value of {key} in the profile "dev" in ~/.aws/config is "{value}", which is not '
            f"valid. Set it to {expected}."
        )

    def test_the_error_names_the_section(self) -> None:
        """And the file."""
        with pytest.raises(ConfigError) as caught:
            options({"sso_store": "nonsense"}, {})
        assert str(caught.value).startswith(
            'The value of sso_store in the profile "dev" in ~/.aws/config does not begin with a '
            "known scheme. Set it to one such as rediss://"
        )


class TestVariable:
    """``SSO_PLUGIN_STORE``."""

    def test_it_applies_to_all_profiles(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Also to one whose config names another store, or none."""
        monkeypatch.setenv("SSO_PLUGIN_STORE", " rediss://cache.corp ")
        for profile in ({}, {"sso_store": "redis://localhost"}, {"sso_store": ""}):
            store = options(profile, {"sso_store_ca_bundle": "/ca.pem"}).store
            assert store == TLS._replace(url="rediss://cache.corp", ca_bundle="/ca.pem")

    def test_an_empty_one_is_not_set(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """As with other variables."""
        monkeypatch.setenv("SSO_PLUGIN_STORE", " ")
        assert options({}, {}) == Options()
        assert options({"sso_store": "redis://localhost"}, {}).store is not None

    def test_an_error_names_the_variable(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The config file is not its place."""
        monkeypatch.setenv("SSO_PLUGIN_STORE", "redis://10.0.0.5")
        with pytest.raises(ConfigError) as caught:
            options({}, {})
        assert str(caught.value).startswith("The variable SSO_PLUGIN_STORE is the address of ")


def test_a_profile_without_a_store_does_not_import_this_module() -> None:
    """Nor does one with other own keys."""
    code = (
        "import sys\n"
        "from sso_plugin.config.profile import options_of\n"
        "options_of({})\n"
        "options_of({'sso_login': 'never', 'sso_store': ''})\n"
        "print('sso_plugin.config.store_address' in sys.modules)\n"
    )
    run = [sys.executable, "-c", code]
    assert subprocess.run(run, check=True, capture_output=True, text=True).stdout == "False\n"
