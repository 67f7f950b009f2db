"""``sso-plugin doctor``: its output and exit codes."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import pytest

import sso_plugin
from sso_plugin.cli import main
from sso_plugin.commands.doctor.finding import Finding, problem, warning

if TYPE_CHECKING:
    from world import World


@pytest.fixture(autouse=True)
def _healthy(world: World) -> None:
    """Enable the plugin, and sign a user in."""
    sso_plugin.enable()
    world.sign_in()
    for path in (world.token_file(), world.token_file().parent):
        path.chmod(0o700 if path.is_dir() else 0o600)


@pytest.mark.one_quick_case
@pytest.mark.parametrize("how", [["--profile", "dev"], ["--profile", "dev", "--json"]])
def test_no_secret_is_printed(
    world: World,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    how: list[str],
) -> None:
    """No secret of a file, of the environment, or in the URL of a proxy."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIASECRETSECRET")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hushhushhush")
    monkeypatch.setenv("http_proxy", "http://user:hushhushhush@127.0.0.1:9")
    monkeypatch.delenv("no_proxy")
    monkeypatch.delenv("NO_PROXY")
    assert main(["doctor", *how]) == 1
    captured = capsys.readouterr()
    text = captured.out + captured.err
    token = json.loads(world.token_file().read_text())
    for secret in ("AKIASECRET", "hushhush", token["accessToken"], token["refreshToken"]):
        assert secret not in text
    assert "Check HTTPS_PROXY, or add 127.0.0.1 to NO_PROXY." in text


@pytest.mark.long
def test_the_exit_code_is_1_if_there_is_a_problem(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """JSON contains the findings."""
    main(["doctor", "--profile", "dev", "--json"])
    document = json.loads(capsys.readouterr().out)
    assert document["healthy"] == all(each["status"] != "problem" for each in document["findings"])
    world.token_file().unlink()
    assert main(["doctor", "--profile", "dev"]) == 1
    out = capsys.readouterr().out
    assert f"problem  files     There is no token: {world.token_file()} does not exist.\n" in out
    indent = " " * 19
    assert f"{indent}Fix:\n{indent}  sso-plugin login --profile dev\n" in out


@pytest.mark.parametrize(
    ("finding", "code"),
    [(warning("clock", "It is off.", "Set it."), 0), (problem("x", "y", "z"), 1)],
)
def test_a_warning_is_not_a_problem(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    finding: Finding,
    code: int,
) -> None:
    """Neither for the exit code nor in JSON."""
    monkeypatch.setattr("sso_plugin.commands.doctor.diagnose", lambda *_, **__: [finding])
    assert main(["doctor"]) == code
    capsys.readouterr()
    assert main(["doctor", "--json"]) == code
    assert json.loads(capsys.readouterr().out) == {
        "healthy": code == 0,
        "findings": [asdict(finding)],
    }
