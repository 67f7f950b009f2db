"""What docs/fleet.md shows can be copied: the server, its certificate, the config and commands."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import botocore.session
import pytest
from caches import KEY
from command import run
from findings import findings
from redis_server import WHY_NOT
from scenario import log_in

from sso_plugin.commands.store import ACL
from sso_plugin.config.profile import SsoProfile
from sso_plugin.storage.network import server as server_module
from sso_plugin.storage.network import store_key
from sso_plugin.storage.sealing.key_file import read_key_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis_server import RedisServer
    from world import World

PAGE = (Path(__file__).parents[2] / "docs" / "fleet.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_user_of_the_server_is_that_of_the_command() -> None:
    """`sso-plugin store init` prints it."""
    [server] = blocks("text")
    assert f"\n{ACL}\n" in server


def test_the_config_is_valid(world: World) -> None:
    """The profile, its sso-session and the address of the store."""
    [text] = blocks("ini")
    world.configure(text)
    profile = SsoProfile.of(botocore.session.Session(profile="dev"))
    assert profile
    assert profile.options.store
    assert (profile.options.store.host, profile.options.store.is_tls) == ("cache.corp", True)


@pytest.mark.long
@pytest.mark.skipif(bool(WHY_NOT), reason=f"not installed: {WHY_NOT}")
@pytest.mark.skipif(shutil.which("openssl") is None, reason="not installed: openssl")
def test_the_server_works(
    world: World,
    start_redis: Callable[..., RedisServer],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the certificate, the user and the settings of the page, for another host and port."""
    [make] = [each for each in blocks("sh") if each.startswith("openssl")]
    local = make.replace("cache.corp", "localhost")
    subprocess.run(local, shell=True, cwd=tmp_path, check=True, capture_output=True)  # noqa: S602
    [text] = blocks("text")
    shown = text.replace("/etc/valkey/", f"{tmp_path}/").splitlines()
    kept = [each for each in shown if each and not each.startswith(("port", "tls-port", "user"))]
    rules = ACL.partition(">PASSWORD ")[2]
    # The helper chooses the port, and starts its own user with the permissions of the page.
    server = start_redis(rules=rules, password="PASSWORD")
    server.kill()
    lines = (*kept, "port 0", f"tls-port {server.port}")
    server.options = replace(server.options, lines=lines)
    server.start()
    (tmp_path / "password").write_text("PASSWORD\n")
    (tmp_path / "password").chmod(0o600)
    monkeypatch.setenv("SSO_PLUGIN_STORE_PASSWORD_FILE", str(tmp_path / "password"))
    monkeypatch.setenv("SSO_PLUGIN_STORE_KEY", KEY)
    server_module.server_at.cache_clear()
    store_key._sealing.cache_clear()
    session = "[sso-session corp]\n"
    store = f"sso_store = rediss://localhost:{server.port}\n"
    authority = f"sso_store_ca_bundle = {tmp_path}/server.crt\n"
    world.configure(world.emulator.profile().replace(session, session + store + authority))
    found = findings("store")
    assert [each.message for each in found if each.status != "ok"] == []
    assert any("with a valid certificate" in each.message for each in found)
    log_in(world, "alice")
    changes = {"HOME": str(tmp_path / "other"), "AWS_CONFIG_FILE": str(world.config_file)}
    done = run("credential-process", "--profile", "dev", **changes)
    assert (done.returncode, done.stderr) == (0, "")
    assert world.count("CreateToken") == 1


@pytest.mark.long
def test_a_home_in_a_volume_of_kubernetes_works(
    world: World, redis_server: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All users can write the volume. So the home is a folder in it, which does not exist."""
    assert "HOME, value: /scratch/home}" in PAGE
    assert "mountPath: /scratch}" in PAGE
    monkeypatch.setenv("SSO_PLUGIN_STORE_KEY", KEY)
    session = "[sso-session corp]\n"
    store = f"sso_store = {redis_server.url}\n"
    world.configure(world.emulator.profile().replace(session, session + store))
    log_in(world, "alice")
    volume = tmp_path / "scratch"
    volume.mkdir()
    volume.chmod(0o2777)
    changes = {"HOME": str(volume / "home"), "AWS_CONFIG_FILE": str(world.config_file)}
    for _ in range(2):
        done = run("credential-process", "--profile", "dev", **changes)
        assert (done.returncode, done.stderr) == (0, "")
    assert world.count("GetRoleCredentials") == 1


def test_a_new_key_is_put_in_front(tmp_path: Path) -> None:
    """The old one stays as the last one. The file has the same mode."""
    path = tmp_path / "store.key"
    path.write_text(f"# A comment.\n{KEY}\n")
    path.chmod(0o600)
    [command] = [each for each in blocks("sh") if each.startswith("(umask")]
    subprocess.run(["/bin/sh", "-c", command], cwd=tmp_path, check=True)
    keys = read_key_file(str(path), "the file")
    assert keys is not None
    assert [len(keys), keys[-1].text] == [2, KEY]
    assert path.stat().st_mode & 0o777 == 0o600


def test_shell_and_python_are_valid() -> None:
    """The shell reads each block, and Python compiles it."""
    for text in blocks("sh"):
        subprocess.run(["/bin/bash", "-n"], input=text, text=True, check=True)
    for text in blocks("python"):
        subprocess.run([sys.executable, "-c", f"compile({text!r}, '', 'exec')"], check=True)
