"""The IPython extension."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from IPython.core.error import UsageError
from notebook_shell import Outputs, notebook_shell

from sso_plugin import ConfigError, LoginRequired, Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world import World


@pytest.fixture
def shell() -> Iterator[Any]:
    """Return the shell of a kernel that has loaded the extension."""
    with notebook_shell() as shell:
        shell.run_line_magic("load_ext", "sso_plugin")
        yield shell


def run(shell: Any, magic: str, line: str = "") -> Any:
    """Run a line magic; its errors are raised."""
    return shell.run_line_magic(magic, line)


def test_a_valid_login_is_reported(
    world: World, shell: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one line, without a value that the notebook shows."""
    world.sign_in()
    assert run(shell, "sso_login", "dev") is None
    out = capsys.readouterr().out
    assert out.startswith("Already logged in until 20")
    assert out.endswith("the portal may end it earlier. Use --force to log in again.\n")


def test_a_login_that_is_renewed_is_reported_as_valid(
    world: World, shell: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """No person was needed."""
    world.sign_in(expiresAt="2026-01-31T22:15:00Z")
    run(shell, "sso_login", "dev")
    assert capsys.readouterr().out.startswith("Already logged in until 20")
    assert world.count("CreateToken") == 1


def test_a_new_login_asks_in_the_notebook(
    world: World, shell: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And prints nothing."""
    world.emulator.settings.poll_interval = 0
    monkeypatch.setattr(
        "sso_plugin.signin.notebook.NotebookDisplay.sleep",
        lambda *_: world.emulator.approve(world.emulator.state.devices.pending()[0].user_code),
    )
    assert run(shell, "sso_login", "dev --flow device") is None
    assert Outputs(shell).text.startswith("Logged in until")
    assert capsys.readouterr() == ("", "")
    world.emulator.state.devices.pending()
    assert run(shell, "sso_login", "--force --flow device dev") is None
    assert len(Outputs(shell).shown) == 2


def test_the_status_is_a_value(world: World, shell: Any) -> None:
    """That the notebook shows as a table."""
    world.sign_in()
    found = run(shell, "sso_status", "dev")
    assert isinstance(found, Status)
    assert found.state == "usable"


def test_the_profile_is_optional(world: World, shell: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is that of AWS_PROFILE."""
    world.sign_in()
    monkeypatch.setenv("AWS_PROFILE", "dev")
    assert run(shell, "sso_status").subject == 'The profile "dev"'


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("dev --flow sms", "invalid choice: 'sms'"),
        ("dev other", "unrecognized arguments: other"),
        ("'dev", "No closing quotation"),
        ("missing", "The config profile (missing) could not be found"),
    ],
)
def test_a_usage_error_is_one_sentence(shell: Any, line: str, problem: str) -> None:
    """IPython prints it without a traceback."""
    with pytest.raises(UsageError) as caught:
        run(shell, "sso_login", line)
    message = str(caught.value)
    assert message.startswith("%sso_login: ")
    assert problem in message
    assert "\n" not in message


def test_other_errors_are_ours(world: World, shell: Any) -> None:
    """Which IPython shows as one sentence too."""
    world.configure("[profile dev]\nregion = eu-central-1\n")
    with pytest.raises(ConfigError):
        run(shell, "sso_login", "dev")


def test_browser_is_an_error_without_one(
    world: World, shell: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names the alternative."""
    monkeypatch.setenv("JUPYTERHUB_USER", "alice")
    monkeypatch.setenv("BROWSER", "")
    with pytest.raises(LoginRequired, match="Set sso_login = device"):
        run(shell, "sso_login", "dev --flow browser")
    assert not world.token_file().exists()


def test_the_help_describes_the_options(shell: Any) -> None:
    """IPython shows the docstring for ``%sso_login?``."""
    found = shell.object_inspect("%sso_login")
    for word in ("[PROFILE]", "--flow auto|browser|device", "--force"):
        assert word in found["docstring"]


def test_the_extension_can_be_unloaded(shell: Any) -> None:
    """And loaded again."""
    for command, exists in (("unload_ext", False), ("unload_ext", False), ("load_ext", True)):
        shell.run_line_magic(command, "sso_plugin")
        assert (shell.find_line_magic("sso_login") is not None) == exists
