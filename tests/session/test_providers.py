"""Our providers have the attributes of botocore's, and use the token cache that a program sets.

botocore has no public setting for the cache, so programs replace attributes of its providers.
"""

from __future__ import annotations

import gc
import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any
from unittest import mock

import boto3
import botocore.session
import pytest
from botocore.credentials import Credentials, SSOProvider
from botocore.exceptions import ParamValidationError, SSOTokenLoadError
from botocore.tokens import DeferredRefreshableToken, FrozenAuthToken, SSOTokenProvider
from botocore.utils import JSONFileCache
from caches import own_cache, role_cache, token_cache
from long_tests import long

import sso_plugin
from sso_plugin.config.profile import Options, SsoProfile
from sso_plugin.config.store_address import read_store_address
from sso_plugin.session.providers import SsoProvider, SsoTokenProvider, make_ask_person

if TYPE_CHECKING:
    from pathlib import Path

    from world import World

LEGACY = """
[profile legacy]
sso_start_url = {start_url}
sso_region = {region}
sso_account_id = 111111111111
sso_role_name = AdministratorAccess
region = eu-central-1
"""


class OwnCache(JSONFileCache):
    """The cache class of a program, which still uses a folder here."""

    folder = ""

    def __init__(self, *_: Any, **__: Any) -> None:
        super().__init__(OwnCache.folder)


@pytest.fixture
def apart(world: World, tmp_path: Path) -> Path:
    """Return a folder with the token of alice. The usual folder has no token."""
    world.configure(
        world.emulator.profile()
        + LEGACY.format(
            start_url=world.emulator.organization.start_url,
            region=world.emulator.organization.region,
        )
    )
    folder = tmp_path / "apart"
    folder.mkdir()
    for name in ("corp", world.emulator.organization.start_url):
        world.sign_in("alice", name)
        world.token_file(name).rename(folder / world.token_file(name).name)
    return folder


def arn(session: Any) -> str:
    return str(session.client("sts").get_caller_identity()["Arn"])


def bearer(session: Any) -> Any:
    return session._session.get_auth_token().get_frozen_token().token


@pytest.mark.parametrize("profile", ["dev", "legacy"])
@pytest.mark.parametrize("enabled", [False, True])
def test_the_cache_class_can_be_replaced(
    world: World, apart: Path, monkeypatch: pytest.MonkeyPatch, profile: str, *, enabled: bool
) -> None:
    """Public code and a test of botocore do so. sso-plugin then does not serve the session."""
    OwnCache.folder = str(apart)
    monkeypatch.setattr(SSOTokenProvider, "DEFAULT_CACHE_CLS", OwnCache)
    monkeypatch.setattr("botocore.credentials.JSONFileCache", OwnCache)
    if enabled:
        sso_plugin.enable()
    session = boto3.Session(profile_name=profile)
    assert arn(session).endswith("/alice")
    assert world.role_files() == []


@pytest.mark.one_quick_case
@pytest.mark.parametrize("profile", ["dev", "legacy"])
@pytest.mark.parametrize("enabled", [False, True])
def test_the_folder_can_be_replaced(
    world: World, apart: Path, monkeypatch: pytest.MonkeyPatch, profile: str, *, enabled: bool
) -> None:
    """By an attribute of botocore's classes, for all sessions of the process."""
    for provider in (SSOProvider, SSOTokenProvider):
        monkeypatch.setattr(provider, "_SSO_TOKEN_CACHE_DIR", str(apart))
    if enabled:
        sso_plugin.enable()
    assert arn(boto3.Session(profile_name=profile)).endswith("/alice")
    assert list(world.home.glob(".aws/sso/cache/*.json")) == []


@pytest.mark.parametrize("enabled", [False, True])
def test_a_cache_can_be_set_on_one_provider(world: World, apart: Path, *, enabled: bool) -> None:
    """Our provider shares the attributes of botocore's."""
    if enabled:
        sso_plugin.enable()
    session = boto3.Session(profile_name="legacy")
    provider: Any = session._session.get_component("credential_provider").get_provider("sso")
    provider._token_cache = JSONFileCache(str(apart))
    assert arn(session).endswith("/alice")
    assert list(world.home.glob(".aws/sso/cache/*.json")) == []


def test_an_attribute_can_be_replaced_for_a_time(world: World, enabled: None) -> None:
    """As tests of programs do. Afterwards it is that of botocore's provider again."""
    provider: Any = boto3.Session(profile_name="dev")._session.get_component("credential_provider")
    ours = provider.get_provider("sso")
    before = ours.cache
    with mock.patch.object(ours, "cache", {"other": 1}):
        assert ours.original.cache == {"other": 1}
    assert ours.cache is ours.original.cache is before


def test_a_collection_of_garbage_keeps_the_session(world: World, enabled: None) -> None:
    """Python 3.13.0 emptied it, because our provider had the same ``__dict__`` as botocore's."""
    world.sign_in()
    credentials = boto3.Session(profile_name="dev").get_credentials()
    assert credentials is not None
    gc.collect()
    assert credentials.get_frozen_credentials().access_key


def test_a_token_is_renewed_in_a_replaced_folder(
    world: World, apart: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by botocore. The usual folder stays empty."""
    monkeypatch.setattr(SSOTokenProvider, "_SSO_TOKEN_CACHE_DIR", str(apart))
    file = apart / world.token_file().name
    old = json.loads(file.read_text())
    file.write_text(json.dumps({**old, "expiresAt": "2020-01-01T00:00:00Z"}))
    sso_plugin.enable()
    assert type(bearer(boto3.Session(profile_name="dev"))) is str
    new = json.loads(file.read_text())
    assert new["accessToken"] != old["accessToken"]
    assert new["expiresAt"] > "2026"
    assert list(world.home.glob(".aws/sso/cache/*.json")) == []


def test_the_sso_client_gets_its_token_from_a_replaced_folder(
    world: World, apart: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Credentials and the parameter ``accessToken`` come from the same login."""
    monkeypatch.setattr(SSOTokenProvider, "_SSO_TOKEN_CACHE_DIR", str(apart))
    sso_plugin.enable()
    portal = boto3.Session(profile_name="dev").client("sso")
    assert portal.list_accounts()["accountList"]
    assert world.count("ListAccounts") == 1


def test_the_sso_client_of_a_session_that_is_not_served_needs_its_token(
    world: World, apart: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As without sso-plugin, which does not read a cache of another class."""
    OwnCache.folder = str(apart)
    monkeypatch.setattr(SSOTokenProvider, "DEFAULT_CACHE_CLS", OwnCache)
    sso_plugin.enable()
    portal = boto3.Session(profile_name="dev").client("sso")
    with pytest.raises(ParamValidationError):
        portal.list_accounts()
    assert world.count("ListAccounts") == 0


def test_the_home_directory_is_read_when_botocore_is_imported(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Botocore does so for tokens. Role credentials are in the same home directory."""
    world.sign_in()
    monkeypatch.setenv("HOME", str(tmp_path / "another"))
    sso_plugin.enable()
    assert arn(boto3.Session(profile_name="dev")).endswith("/alice")
    assert len(world.role_files()) == 1
    assert not (tmp_path / "another").exists()


def test_a_replaced_token_folder_does_not_change_our_other_folders(
    world: World, apart: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Role credentials and our own files stay in the usual folders."""
    monkeypatch.setattr(SSOTokenProvider, "_SSO_TOKEN_CACHE_DIR", str(apart))
    found = [cache.describe("x") for cache in (token_cache(), role_cache(), own_cache())]
    aws = world.home / ".aws"
    assert found == [f"{apart}/x.json", f"{aws}/cli/cache/x.json", f"{aws}/sso-plugin/x.json"]


def test_a_relative_token_folder_is_ignored(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Botocore does not expand ``~`` without a home directory. We do not write there."""
    monkeypatch.setattr(SSOTokenProvider, "_SSO_TOKEN_CACHE_DIR", "~/.aws/sso/cache")
    assert token_cache().describe("x") == f"{world.home}/.aws/sso/cache/x.json"


class TestProviders:
    """Our providers are subclasses of botocore's, and share their attributes."""

    @pytest.fixture
    def core(self, world: World) -> botocore.session.Session:
        world.sign_in()
        sso_plugin.enable()
        return botocore.session.Session(profile="dev")

    def test_the_credential_provider_is_one_of_botocore(
        self, core: botocore.session.Session
    ) -> None:
        """Libraries find it by its class, and use its attributes."""
        provider: Any = core.get_component("credential_provider").get_provider("sso")
        assert [isinstance(provider, kind) for kind in (SSOProvider, SsoProvider)] == [True, True]
        assert provider._load_sso_config()["sso_role_name"] == "AdministratorAccess"
        assert type(provider._token_cache) is JSONFileCache
        assert type(provider._token_provider) is SSOTokenProvider
        assert provider._token_provider.load_token().get_frozen_token().token
        assert provider.cache == {}

    def test_the_token_provider_is_one_of_botocore(self, core: botocore.session.Session) -> None:
        """Its private methods work as in botocore, including the client for `sso-oidc`."""
        [provider] = [
            each
            for each in core.get_component("token_provider")._providers
            if isinstance(each, SSOTokenProvider)
        ]
        inner: Any = provider
        assert isinstance(provider, SsoTokenProvider)
        assert inner._sso_config["session_name"] == "corp"
        assert inner._token_loader(inner._sso_config["sso_start_url"], session_name="corp")
        assert inner._client.meta.service_model.service_name == "sso-oidc"
        assert inner._refresher().token == bearer(boto3.Session(botocore_session=core))

    def test_an_attribute_that_is_set_on_our_provider_stays_after_disable(
        self, core: botocore.session.Session
    ) -> None:
        """The provider that is restored has the same attributes."""
        resolver = core.get_component("credential_provider")
        mapping: dict[str, Any] = {}
        resolver.get_provider("sso").cache = mapping
        sso_plugin.disable()
        provider = resolver.get_provider("sso")
        assert type(provider) is SSOProvider
        assert provider.cache is mapping

    def test_a_bearer_token_is_a_plain_string(self, core: botocore.session.Session) -> None:
        """Some programs check for exactly that type."""
        assert type(bearer(boto3.Session(botocore_session=core))) is str


FAR = "2099-01-01T00:00:00Z"
TOKEN = {"accessToken": "made up", "expiresAt": FAR}
KEYS = {"AccessKeyId": "AKIAMADEUP", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": FAR}
FROZEN = FrozenAuthToken("made up", expiration=datetime(2099, 1, 1, tzinfo=timezone.utc))
PARTS = {
    "botocore.credentials.SSOProvider.load": Credentials("AKIAMADEUP", "made up"),
    "botocore.credentials.SSOCredentialFetcher._get_credentials": {"Credentials": KEYS},
}
TOKEN_PARTS = {
    "botocore.tokens.SSOTokenProvider.load_token": DeferredRefreshableToken(
        "made up", lambda: FROZEN
    ),
    "botocore.tokens.SSOTokenProvider._refresher": FROZEN,
    "botocore.utils.SSOTokenLoader.__call__": TOKEN,
    "botocore.utils.JSONFileCache.__getitem__": TOKEN,
}


def key(session: Any) -> Any:
    return session.get_credentials().get_frozen_credentials().access_key


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("enabled", [False, True])
class TestReplacedParts:
    """Tests of programs replace parts of botocore by mocks, which have to be used."""

    @pytest.fixture(autouse=True)
    def start(self, world: World, *, enabled: bool) -> None:
        """Sign in, so that parts that are not replaced work."""
        world.sign_in()
        if enabled:
            sso_plugin.enable()

    @pytest.mark.parametrize("part", PARTS)
    def test_a_method_that_returns_credentials_can_be_mocked(self, world: World, part: str) -> None:
        """The session uses the mock, and sso-plugin does not serve it."""
        with mock.patch(part, return_value=PARTS[part]):
            assert key(boto3.Session(profile_name="dev")) == "AKIAMADEUP"
        assert world.role_files() == []

    @pytest.mark.one_quick_case
    @pytest.mark.parametrize("part", TOKEN_PARTS)
    def test_a_method_that_returns_tokens_can_be_mocked(self, part: str) -> None:
        """Even if the session was created before the mock."""
        session = boto3.Session(profile_name="dev")
        session._session.get_component("token_provider")
        with mock.patch(part, return_value=TOKEN_PARTS[part]):
            assert bearer(session) == "made up"
            assert bearer(boto3.Session(profile_name="dev")) == "made up"
        assert bearer(boto3.Session(profile_name="dev")) != "made up"

    def test_the_config_of_a_provider_can_be_mocked(self) -> None:
        """The result of the mock is used, not the profile."""
        with mock.patch("botocore.credentials.SSOProvider._load_sso_config", return_value=None):
            assert boto3.Session(profile_name="dev").get_credentials() is None

    def test_the_loader_of_one_provider_can_be_mocked(self) -> None:
        """The mock is called, and the cache is not read."""
        session = boto3.Session(profile_name="dev")
        [*_, provider] = session._session.get_component("token_provider")._providers
        provider._token_loader = mock.Mock(return_value=TOKEN)
        assert bearer(session) == "made up"

    def test_a_class_can_be_replaced_by_a_subclass(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Sessions keep their providers of that class."""

        class Own(SSOProvider):
            def load(self) -> Credentials:  # type: ignore[override]
                return Credentials("AKIAMADEUP", "made up")

        monkeypatch.setattr("botocore.credentials.SSOProvider", Own)
        assert key(boto3.Session(profile_name="dev")) == "AKIAMADEUP"

    @pytest.mark.long
    @pytest.mark.parametrize(
        "part",
        [
            "tokens.SSOTokenProvider",
            *long("credentials.SSOProvider", "utils.JSONFileCache"),
        ],
    )
    def test_a_mock_of_a_class_does_not_affect_later_sessions(
        self, world: World, part: str, *, enabled: bool
    ) -> None:
        """No module of ours that is imported meanwhile uses the mock."""
        code = f"""
import boto3
from unittest import mock
with mock.patch("botocore.{part}"):
    session = boto3.Session(profile_name="dev")
    session.get_credentials()
    session._session.get_auth_token()
session = boto3.Session(profile_name="dev")
print(type(session._session.get_auth_token().get_frozen_token().token).__name__)
print(type(session.get_credentials().get_frozen_credentials().access_key).__name__)
print(type(session.get_credentials()).__module__)
"""
        start = "import sso_plugin; sso_plugin.enable()" if enabled else ""
        done = world.run(start + code, SSO_PLUGIN="on" if enabled else "off")
        module = "sso_plugin.credentials.refreshable" if enabled else "botocore.credentials"
        assert (done.stdout.split(), done.stderr) == (["str", "str", module], "")


@pytest.mark.parametrize("profile", ["dev", "legacy"])
def test_a_session_that_is_not_served_is_not_changed(
    world: World, apart: Path, monkeypatch: pytest.MonkeyPatch, profile: str
) -> None:
    """Its providers and service models are botocore's, and we write no file."""
    OwnCache.folder = str(apart)
    monkeypatch.setattr(SSOTokenProvider, "DEFAULT_CACHE_CLS", OwnCache)
    monkeypatch.setattr("botocore.credentials.JSONFileCache", OwnCache)
    sso_plugin.enable()
    session = boto3.Session(profile_name=profile)
    assert arn(session).endswith("/alice")
    core = session._session
    providers = [
        *core.get_component("credential_provider").providers,
        *core.get_component("token_provider")._providers,
    ]
    assert {type(each).__module__.partition(".")[0] for each in providers} == {"botocore"}
    assert [path for path in core.get_component("data_loader").search_paths if "sso" in path] == []
    assert session.client("sso").waiter_names == []
    assert not (world.home / ".aws/sso-plugin").exists()


@pytest.mark.parametrize("profile", ["dev", "legacy"])
def test_a_session_without_a_token_creates_no_file(world: World, apart: Path, profile: str) -> None:
    """And no folder. It fails as without sso-plugin."""
    before = sorted(world.home.rglob("*"))
    sso_plugin.enable()
    with pytest.raises(SSOTokenLoadError):
        arn(boto3.Session(profile_name=profile))
    assert sorted(world.home.rglob("*")) == before
    assert apart.exists()


@pytest.mark.parametrize(
    ("login", "asks"),
    [("auto", False), ("browser", False), ("device", False), ("never", False), ("wait", True)],
)
def test_a_machine_of_many_does_not_ask_a_person(login: Any, *, asks: bool) -> None:
    """It can wait for a login on another one."""
    address = read_store_address("redis://localhost:7", "sso_store")
    options = Options(login=login, store=address)
    profile = SsoProfile("dev", "https://x", "eu-central-1", options=options)
    ask = make_ask_person(botocore.session.Session, profile)
    assert (ask is not None) is asks
