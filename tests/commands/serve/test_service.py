"""The endpoint of ``serve``: its files, its clients, and logins that end."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import HTTPError

import pytest
from credentials_service import FOR_BOTO3, CredentialsService
from pages import get_credentials
from world import wait_until

from sso_plugin.commands.credentials_choice import CredentialsChoice
from sso_plugin.commands.serve.service import prepare, serving
from sso_plugin.errors import ConfigError, SsoPluginError

if TYPE_CHECKING:
    from world import World

DEV = CredentialsChoice("dev")


def token_of(values: dict[str, str | None]) -> str:
    """Return the token that a client reads."""
    path = Path(str(values["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]))
    return path.read_text(encoding="utf-8")


def test_its_files_are_private_and_deleted_at_the_end(world: World) -> None:
    """The token, the config file, and a credentials file without its default profile."""
    world.sign_in()
    credentials = world.home / ".aws/credentials"
    credentials.write_text("[default]\naws_access_key_id = AKIA\naws_secret_access_key = x\n[a]\n")
    with serving(prepare(DEV)) as service:
        paths = [Path(str(service.values[name])) for name in FILES]
        assert {path.name for path in paths} == {"token", "config", "credentials"}
        assert {stat.S_IMODE(path.stat().st_mode) for path in paths} == {0o600}
        [folder] = {path.parent for path in paths}
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert paths[2].read_text() == "[a]\n"
    assert not folder.exists()


FILES = (
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
)


def test_a_token_file_is_replaced_and_only_the_own_one_is_deleted(
    world: World, tmp_path: Path
) -> None:
    """Another service may have written the same file meanwhile."""
    world.sign_in()
    file = tmp_path / "token"
    file.write_text("old")
    with serving(prepare(DEV), token_file=file) as service:
        assert len(file.read_text()) > 40
        assert get_credentials(service.url, file.read_text())["AccessKeyId"].startswith("ASIA")
    assert not file.exists()
    with serving(prepare(DEV), token_file=file):
        file.write_text("of another service")
    assert file.read_text() == "of another service"


def test_a_token_file_that_cannot_be_written_is_an_error(world: World, tmp_path: Path) -> None:
    """No folder is made for it."""
    world.sign_in()
    with (
        pytest.raises(SsoPluginError, match=r"cannot be written: the folder .* does not exist"),
        serving(prepare(DEV), token_file=tmp_path / "missing/token"),
    ):
        pass
    assert not (tmp_path / "missing").exists()


@pytest.mark.parametrize("change", [{"token": "wrong"}, {"token": ""}, {"host": "evil.example"}])
def test_a_request_without_the_token_is_refused(world: World, change: dict[str, str]) -> None:
    """And one with a foreign Host header."""
    world.sign_in()
    with serving(prepare(DEV)) as service, pytest.raises(HTTPError) as caught:
        get_credentials(service.url, **{"token": token_of(service.values), **change})
    caught.value.close()
    assert caught.value.code == 403


def test_a_slow_client_does_not_block_others(world: World) -> None:
    """It has a connection open, and half a request sent."""
    world.sign_in()
    with serving(prepare(DEV)) as service:
        host, port = service.url.split("/")[2].split(":")
        with socket.create_connection((host, int(port)), timeout=60) as slow:
            slow.sendall(b"GET /credentials HTTP/1.1\r\nHost: ")
            found = get_credentials(service.url, token_of(service.values))
    assert found["AccessKeyId"].startswith("ASIA")


def test_without_a_login_it_starts_and_reports_how_to_log_in(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """And serves credentials after the login. It asks no person, for every value of sso_login."""
    world.configure(world.emulator.profile() + "sso_login = auto\n")
    with serving(prepare(DEV)) as service:
        assert "There are no credentials yet: " in caplog.text
        token = token_of(service.values)
        for _ in range(2):
            with pytest.raises(HTTPError) as caught:
                get_credentials(service.url, token)
            said = caught.value.read().decode()
            assert "Run: sso-plugin login --profile dev" in said
            assert "cannot ask for it here" not in said
            caught.value.close()
        world.sign_in()
        wait_until(lambda: is_served(service.url, token))
    assert caplog.text.count("A request got no credentials") == 1
    assert world.count("StartDeviceAuthorization") == 0


def is_served(url: str, token: str) -> bool:
    try:
        return bool(get_credentials(url, token)["AccessKeyId"])
    except HTTPError as exc:
        exc.close()
        return False


def test_an_error_of_the_config_ends_it_at_once(world: World) -> None:
    """A new login does not fix it."""
    world.configure("[profile plain]\nregion = eu-west-1\n")
    with pytest.raises(ConfigError, match="has no credentials"):
        prepare(CredentialsChoice("plain"))


@pytest.mark.long
@pytest.mark.skipif(FOR_BOTO3 != "", reason="this version of boto3 does not read a token file")
def test_a_client_goes_on_after_a_restart_on_the_same_port(world: World) -> None:
    """Also if the first service was killed: its files are replaced."""
    world.sign_in()
    with CredentialsService("--profile", "dev") as first:
        port = first.url.split(":")[2].split("/")[0]
        variables = {**os.environ, **first.variables, "SSO_PLUGIN": "off"}
        before = first.get()["AccessKeyId"]
        assert first.stop(signal.SIGKILL) == -signal.SIGKILL
        assert Path(first.token_file).exists()
    with CredentialsService("--profile", "dev", "--port", port) as second:
        assert second.variables == first.variables
        assert second.get()["AccessKeyId"] == before
        code = "import boto3; print(boto3.client('sts').get_caller_identity()['Account'])"
        assert world.run(code, **variables).stdout == "111111111111\n"
        assert second.stop() == 0


def test_the_switch_hides_other_credentials(world: World) -> None:
    """Those of an exec around it, too."""
    world.sign_in()
    environ = {"AWS_CONTAINER_AUTHORIZATION_TOKEN": "old", "AWS_PROFILE": "other"}
    with serving(prepare(DEV, environ), environ=environ) as service:
        switch = service.switch
    assert switch["AWS_CONTAINER_AUTHORIZATION_TOKEN"] is None
    assert switch["AWS_PROFILE"] is None
    undo = json.loads(str(switch["SSO_PLUGIN_UNDO"]))
    assert undo["AWS_PROFILE"] == ["other", None]
    assert "old" not in str(undo.values())
