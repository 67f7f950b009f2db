"""The diff that is shown to the user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sso_plugin.cli import main
from sso_plugin.commands.config_change import Change
from sso_plugin.commands.configure.plan import Plan

if TYPE_CHECKING:
    import pytest
    from world import World


def test_the_diff_masks_secrets_next_to_the_change(
    world: World, session_text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The lines around a change are shown, and can have any content."""
    world.configure(
        f"{session_text}\n[profile old]\naws_access_key_id = AKIA\n"
        "aws_secret_access_key = hush\naws_session_token=hushhush\n"
    )
    assert main(["configure", "--dry-run", "--diff"]) == 0
    out = capsys.readouterr().out
    assert " aws_secret_access_key =********" in out
    assert "hush" not in out


def test_the_diff_shows_a_missing_last_line_end() -> None:
    """As `diff` does, because a program that reads the file may need the line end."""
    plan = Plan("config", "[a]\nx = 1", "[a]\nx = 1\n", (), (), (), {}, (), (), Change())
    assert list(plan.diff()) == [
        "--- config",
        "+++ config",
        "@@ -1,2 +1,2 @@",
        " [a]",
        "-x = 1\n\\ No newline at end of file",
        "+x = 1",
    ]
