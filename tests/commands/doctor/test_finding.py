"""The result of one check."""

from __future__ import annotations

from sso_plugin.commands.doctor.finding import ok, problem, warning, without_fix
from sso_plugin.errors import ConfigError


def test_each_status_has_its_function() -> None:
    """A finding without a problem has no fix."""
    assert (ok("clock", "a").status, ok("clock", "a").fix) == ("ok", "")
    assert (warning("clock", "a", "b").status, warning("clock", "a", "b").fix) == ("warning", "b")
    assert (problem("clock", "a", "b").status, problem("clock", "a", "b").fix) == ("problem", "b")


def test_an_error_is_shown_without_its_fix() -> None:
    """A finding has its own fix. The message ends with one full stop."""
    exc = ConfigError(subject="The profile", problem="is wrong", fix="Run: sso-plugin doctor")
    assert without_fix(exc) == "The profile is wrong."
    assert without_fix(ConfigError(problem="It is wrong")) == "It is wrong."
