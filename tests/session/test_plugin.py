"""What enable() changes in a session, and nothing else, and that disable() undoes it."""

from __future__ import annotations

import gc
import os
import sys
import threading
import weakref
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
import pytest
from botocore.credentials import ProfileProviderBuilder, SSOProvider
from botocore.exceptions import InvalidConfigError
from botocore.loaders import Loader
from botocore.tokens import SSOTokenProvider
from long_tests import long
from stock import make_slim_data

import sso_plugin
from sso_plugin.config.profile import SsoProfile
from sso_plugin.models import DATA_PATH
from sso_plugin.session.providers import SsoProvider, SsoTokenProvider

if TYPE_CHECKING:
    from pathlib import Path

    from world import World

CHAIN = """
[profile chained]
region = eu-central-1
role_arn = arn:aws:iam::111111111111:role/Deploy
source_profile = dev

[profile twice]
region = eu-central-1
role_arn = arn:aws:iam::111111111111:role/Deploy
source_profile = chained
"""


def methods(session: Any) -> list[str]:
    return [provider.METHOD for provider in providers(session)]


def providers(session: Any) -> list[Any]:
    core = getattr(session, "_session", session)
    found: list[Any] = core.get_component("credential_provider").providers
    return found


def arn(session: boto3.Session) -> str:
    return str(session.client("sts").get_caller_identity()["Arn"])


def test_our_provider_replaces_the_one_of_botocore(world: World) -> None:
    """It has the same position, the same METHOD and the same name."""
    before = methods(boto3.Session(profile_name="dev"))
    sso_plugin.enable()
    session = boto3.Session(profile_name="dev")
    assert methods(session) == before
    resolver = session._session.get_component("credential_provider")
    assert isinstance(resolver.get_provider("sso"), SsoProvider)
    assert not any(type(provider) is SSOProvider for provider in providers(session))


@pytest.mark.one_quick_case
@pytest.mark.parametrize("how", ["profile_name", "AWS_PROFILE", "default"])
def test_every_way_to_name_a_profile_works(
    world: World, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The profile is read when it is needed: boto3 sets it after it has created the session."""
    sso_plugin.enable()
    world.sign_in()
    if how == "AWS_PROFILE":
        monkeypatch.setenv("AWS_PROFILE", "dev")
    if how == "default":
        world.configure(world.emulator.profile("default"))
    session = boto3.Session(profile_name="dev") if how == "profile_name" else boto3.Session()
    assert arn(session).endswith("/alice")


def test_enabling_one_session_does_not_change_others(world: World) -> None:
    """For programs that want no global change."""
    world.sign_in()
    ours, other = botocore.session.Session(profile="dev"), botocore.session.Session(profile="dev")
    sso_plugin.enable(ours)
    assert any(isinstance(provider, SsoProvider) for provider in providers(ours))
    assert not any(isinstance(provider, SsoProvider) for provider in providers(other))


def test_a_boto3_session_can_be_enabled_after_it_was_made(world: World) -> None:
    """Its loader exists then, and is changed with its first client."""
    world.sign_in()
    session = boto3.Session(profile_name="dev")
    sso_plugin.enable(session)
    assert arn(session).endswith("/alice")
    assert DATA_PATH in session._session.get_component("data_loader").search_paths


def test_a_session_that_was_used_can_be_enabled(world: World) -> None:
    """Components that exist are changed in place."""
    world.sign_in()
    session = boto3.Session(profile_name="dev")
    before = methods(session)
    session._session.get_component("token_provider")
    sso_plugin.enable(session)
    assert methods(session) == before
    assert isinstance(
        session._session.get_component("credential_provider").get_provider("sso"), SsoProvider
    )
    assert arn(session).endswith("/alice")


def test_enabling_twice_has_no_further_effect(world: World) -> None:
    """Neither globally nor for a session."""
    sso_plugin.enable()
    sso_plugin.enable()
    session = boto3.Session(profile_name="dev")
    sso_plugin.enable(session)
    sso_plugin.enable(session._session)
    assert sum(isinstance(provider, SsoProvider) for provider in providers(session)) == 1
    session.client("sso")
    assert session._session.get_component("data_loader").search_paths.count(DATA_PATH) == 1
    assert not isinstance(
        session._session.get_component("credential_provider").get_provider("sso").original,
        SsoProvider,
    )


def test_enabling_a_session_creates_no_component(world: World) -> None:
    """A component that exists now is bound to the profile ``default``."""
    session = botocore.session.Session()
    sso_plugin.enable(session)
    assert session._components._components.keys().isdisjoint(  # type: ignore[attr-defined]
        {"credential_provider", "token_provider", "data_loader"}
    )
    assert session._config is None  # type: ignore[attr-defined]


@pytest.mark.parametrize("used", [True, False])
def test_disable_undoes_everything(world: World, *, used: bool) -> None:
    """In used and unused sessions, and in later ones."""
    world.configure(world.emulator.profile() + CHAIN)
    sso_plugin.enable()
    session = boto3.Session(profile_name="chained")._session
    if used:
        providers(session)
        session.get_component("token_provider")
    sso_plugin.disable()
    assert DATA_PATH not in session.get_component("data_loader").search_paths
    assert SsoProvider not in {type(provider) for provider in providers(session)}
    builder = providers(session)[0]._profile_provider_builder
    assert "providers" not in vars(builder)
    tokens = [type(one) for one in session.get_component("token_provider")._providers]
    assert SSOTokenProvider in tokens
    assert SsoTokenProvider not in tokens
    assert not any(
        isinstance(one, SsoProvider) for one in providers(boto3.Session(profile_name="dev"))
    )
    sso_plugin.disable()


def test_disable_removes_the_event_handlers(world: World) -> None:
    """A client that is created later needs its token as a parameter again."""
    from botocore.exceptions import ParamValidationError

    world.sign_in()
    session = boto3.Session(profile_name="dev")
    sso_plugin.enable(session)
    sso_plugin.disable()
    with pytest.raises(ParamValidationError, match="accessToken"):
        session.client("sso").list_accounts()


@pytest.mark.long
def test_a_session_can_be_garbage_collected(world: World) -> None:
    """Programs that create many sessions do not need more and more memory."""
    sso_plugin.enable()
    session = botocore.session.Session(profile="dev")
    providers(session)
    gone = weakref.ref(session)
    del session
    gc.collect()
    assert gone() is None


def test_disable_does_not_import_botocore(world: World) -> None:
    """Programs call it before they import anything that takes long."""
    done = world.run(
        "import sys, sso_plugin; sso_plugin.disable(); print('botocore' in sys.modules)"
    )
    assert done.stdout == "False\n"


def test_the_off_switch_applies_to_enable_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``SSO_PLUGIN=off`` turns everything off."""
    monkeypatch.setenv("SSO_PLUGIN", "off")
    session = boto3.Session(profile_name="dev")
    sso_plugin.enable(session)
    sso_plugin.enable()
    for one in (session, boto3.Session(profile_name="dev")):
        assert SsoProvider not in {type(provider) for provider in providers(one)}


def test_sessions_of_another_class_are_not_changed(world: World) -> None:
    """A subclass may work differently, as aiobotocore's sessions do."""

    class Other(botocore.session.Session):
        pass

    sso_plugin.enable()
    session = Other(profile="dev")
    sso_plugin.enable(session)
    sso_plugin.enable(object())
    assert SsoProvider not in {type(provider) for provider in providers(session)}
    assert DATA_PATH not in session.get_component("data_loader").search_paths


def test_a_resolver_of_another_class_is_not_changed(world: World) -> None:
    """A program keeps its own resolver, and gets no error from us."""
    session = botocore.session.Session(profile="dev")
    resolver = object()
    session.register_component("credential_provider", resolver)
    sso_plugin.enable(session)
    assert session.get_component("credential_provider") is resolver


def test_a_provider_of_another_class_is_not_replaced(world: World) -> None:
    """A program has replaced botocore's provider by a subclass of it."""

    class Theirs(SSOProvider):
        pass

    session = botocore.session.Session(profile="dev")
    theirs = Theirs(dict, session.create_client, "dev")
    session.get_component("credential_provider").providers[:] = [theirs]
    sso_plugin.enable(session)
    assert providers(session) == [theirs]


@pytest.mark.parametrize("profile", ["chained", "twice"])
def test_a_role_chain_starts_from_our_credentials(world: World, profile: str) -> None:
    """With one or more steps. In the first one, botocore creates another list of providers."""
    world.configure(world.emulator.profile() + CHAIN)
    world.sign_in()
    sso_plugin.enable()
    assert ":assumed-role/Deploy/" in arn(boto3.Session(profile_name=profile))
    assert len(world.role_files()) == 1


def test_a_role_chain_is_wrapped_in_its_own_session_only(world: World) -> None:
    """Botocore's class is not patched."""
    world.configure(world.emulator.profile() + CHAIN)
    before = ProfileProviderBuilder.providers
    sso_plugin.enable()
    providers(boto3.Session(profile_name="chained"))
    assert ProfileProviderBuilder.providers is before


@pytest.mark.long
def test_wrapt_is_imported_only_for_a_role_chain_to_sso(world: World) -> None:
    """Its import takes longer than the creation of a session."""
    static = "[profile static]\naws_access_key_id = A\naws_secret_access_key = B\n"
    chain = "[profile plain]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = static\n"
    world.configure(world.emulator.profile() + CHAIN + static + chain)
    world.sign_in()
    script = """
import sys, boto3, sso_plugin
sso_plugin.enable()
for name in ("dev", "static", "plain", "chained"):
    session = boto3.Session(profile_name=name)
    session.get_credentials()
    print(name, "wrapt" in sys.modules)
"""
    assert world.run(script).stdout.split("\n")[:4] == [
        "dev False",
        "static False",
        "plain False",
        "chained True",
    ]


@pytest.mark.long
def test_a_session_without_sso_imports_few_modules(world: World) -> None:
    """The list is exact."""
    world.configure("[profile static]\naws_access_key_id = A\naws_secret_access_key = B\n")
    script = """
import sys, boto3
import sso_plugin
sso_plugin.enable()
boto3.Session(profile_name="static").client("s3")
print(*sorted(name for name in sys.modules if name.startswith("sso_plugin")), sep="\\n")
"""
    assert world.run(script).stdout.split() == [
        "sso_plugin",
        "sso_plugin.config",
        "sso_plugin.session",
        "sso_plugin.session.plugin",
        "sso_plugin.session.seams",
        "sso_plugin.startup",
    ]


@pytest.mark.long
def test_threads_that_create_sessions_together_fetch_credentials_once(world: World) -> None:
    """Sixteen threads, each with its own session and client."""
    world.sign_in()
    sso_plugin.enable()
    begin = threading.Barrier(16)
    arns: list[str] = []

    def work() -> None:
        session = boto3.Session(profile_name="dev")
        begin.wait(60)
        arns.append(arn(session))

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [one.rsplit("/", 1)[1] for one in arns] == ["alice"] * 16
    assert world.count("GetRoleCredentials") == 1


def test_an_error_of_botocore_about_a_profile_is_raised_with_the_first_client(world: World) -> None:
    """As without sso-plugin. The message has the path of the file as the user wrote it."""
    world.configure(world.emulator.profile() + "sso_region = us-east-1\n")
    sso_plugin.enable()
    session = boto3.Session(profile_name="dev")
    with pytest.raises(InvalidConfigError) as caught:
        session.client("s3")
    assert str(caught.value).startswith("The value for sso_region is inconsistent between profile")
    assert os.environ["AWS_CONFIG_FILE"] in str(caught.value)


def test_an_error_of_ours_about_a_profile_is_raised_by_the_first_call(world: World) -> None:
    """Botocore ignores the key, so a client can be created."""
    world.configure(world.emulator.profile() + "sso_cache = disk\n")
    sso_plugin.enable()
    session = boto3.Session(profile_name="dev")
    client = session.client("sts", region_name="eu-central-1")
    with pytest.raises(InvalidConfigError) as caught:
        client.get_caller_identity()
    assert str(caught.value).startswith('The value of sso_cache in the profile "dev" in')


def test_a_cache_that_is_set_on_the_provider_stores_the_credentials(world: World) -> None:
    """Libraries find the provider by its name and set ``cache``, as the AWS CLI does."""
    world.sign_in()
    sso_plugin.enable()
    session = boto3.Session(profile_name="dev")
    provider = session._session.get_component("credential_provider").get_provider("sso")
    mapping: dict[str, Any] = {}
    provider.cache = mapping
    assert provider.cache is mapping
    assert arn(session).endswith("/alice")
    [document] = mapping.values()
    assert document["ProviderType"] == "sso"
    assert world.role_files() == []


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="fork does not exist on Windows")
@pytest.mark.parametrize("method", ["fork", *long("spawn")])
def test_processes_of_a_pool_share_the_cache(world: World, method: str) -> None:
    """The first worker fetches the credentials for all."""
    world.sign_in()
    script = """
import multiprocessing, sys
import boto3, sso_plugin

def work(_):
    sso_plugin.enable()
    return boto3.Session(profile_name="dev").client("sts").get_caller_identity()["UserId"]

if __name__ == "__main__":
    with multiprocessing.get_context(sys.argv[1]).Pool(4) as pool:
        print(len(pool.map(work, range(4))))
"""
    file = world.home / "pool.py"
    file.write_text(script)
    process = world.run(
        f"import runpy, sys; sys.argv.append({method!r}); "
        f"runpy.run_path({str(file)!r}, run_name='__main__')"
    )
    assert (process.stdout.split(), process.stderr) == (["4"], "")
    assert world.count("GetRoleCredentials") == 1


@pytest.mark.parametrize("slim", [True, False])
def test_a_session_without_sso_gets_our_models_only_if_botocore_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, slim: bool
) -> None:
    """With a botocore stripped of its data, every session can create the client ``sso``."""
    if slim:
        monkeypatch.setattr(Loader, "BUILTIN_DATA_PATH", str(make_slim_data(tmp_path / "data")))
    sso_plugin.enable()
    paths = boto3.Session()._session.get_component("data_loader").search_paths
    assert (DATA_PATH in paths) == slim


def test_the_values_of_the_sso_session_override_those_of_the_profile(world: World) -> None:
    """For a login, as in botocore's token provider. For a role, the difference is an error."""
    contradiction = "sso_region = us-east-1\nsso_start_url = https://other.awsapps.com/start\n"
    world.configure(world.emulator.profile() + contradiction)
    login = SsoProfile.login_of(botocore.session.Session(profile="dev"))
    assert login is not None
    assert (login.region, login.start_url) == ("eu-central-1", world.emulator.start_url)
    assert (login.account_id, login.role_name) == (None, None)
