"""Sessions with the files of the user, in a command of ``exec``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sso_plugin.commands.aws_variables import IN_EXEC, record
from sso_plugin.commands.own_sessions import open_own_session

if TYPE_CHECKING:
    from pathlib import Path

FILES = {"AWS_CONFIG_FILE": "config", "AWS_SHARED_CREDENTIALS_FILE": "credentials"}


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return the environment of a command of exec, which has files of its own."""
    own: dict[str, str] = {}
    inner: dict[str, str] = {}
    for variable, name in FILES.items():
        for kind, values in (("own", own), ("inner", inner)):
            path = tmp_path / f"{kind}-{name}"
            path.write_text(f"[default]\noutput = {path.name}\n")
            values[variable] = str(path)
            monkeypatch.setenv(variable, str(path))
    return {**inner, IN_EXEC: record(own, inner)}


def settings(environ: dict[str, str], *, without_profile: bool = False) -> dict[str, str]:
    session = open_own_session(environ, without_profile=without_profile)
    return {
        "output": session.get_scoped_config()["output"],
        "credentials": session.get_config_variable("credentials_file").rpartition("/")[2],
    }


@pytest.mark.parametrize("without_profile", [True, False])
def test_the_files_before_exec_are_read(environ: dict[str, str], *, without_profile: bool) -> None:
    """With and without a profile."""
    assert settings(environ, without_profile=without_profile) == {
        "output": "own-credentials",
        "credentials": "own-credentials",
    }


def test_a_file_that_was_changed_since_is_kept(environ: dict[str, str], tmp_path: Path) -> None:
    """The user has chosen it in the shell of exec."""
    (tmp_path / "mine").write_text("[default]\noutput = mine\n")
    changed = {**environ, "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "mine")}
    session = open_own_session(changed)
    assert session.get_config_variable("config_file") == str(tmp_path / "own-config")


def test_outside_of_exec_nothing_is_changed(environ: dict[str, str]) -> None:
    """Botocore reads the variables itself."""
    del environ[IN_EXEC]
    assert settings(environ)["credentials"] == "inner-credentials"
