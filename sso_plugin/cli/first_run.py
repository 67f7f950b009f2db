"""`configure` for a login that the config file does not have: asks for it, logs in, and cleans up.

Until the profiles are written, a person can stop at each place. A login of this run is then ended.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from sso_plugin.commands.config_file import ConfigFile
from sso_plugin.commands.configure.configure_options import ROLE_OPTIONS
from sso_plugin.commands.configure.login_questions import (
    GivenLogin,
    NewLogin,
    ask_profile_region,
    complete_login,
)
from sso_plugin.signin.configured_login import ConfiguredLogin
from sso_plugin.signin.display import StreamDisplay
from sso_plugin.signin.sign_in import log_in_if_needed
from sso_plugin.web.browser import open_in_browser

from . import output
from .picker import pick_roles
from .questions import Questions

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from sso_plugin.signin.sign_in import FlowName

__all__ = ["FirstRun", "LoginWay", "first_run"]


@dataclass(frozen=True)
class LoginWay:
    """How a person logs in: the options of `sso-plugin login`."""

    flow: FlowName = "auto"
    no_browser: bool = False
    no_qr: bool = False

    def log_in(self, found: ConfiguredLogin) -> bool:
        """Log in if that is needed. Return whether it was."""
        display = StreamDisplay(sys.stderr, has_qr_code=not self.no_qr)
        open_browser = None if self.no_browser else open_in_browser
        return log_in_if_needed(found, display, flow=self.flow, open_browser=open_browser)


@dataclass
class FirstRun:
    """What was asked.

    :param values: the options of the command, completed by the answers.
    :param is_new: whether the config file does not have the login yet.
    :param picks: whether the person chooses among the roles, because no option does that.
    """

    values: dict[str, Any]
    _questions: Questions
    is_new: bool = False
    picks: bool = False
    _undo: Callable[[], object] = field(default=lambda: None)

    def confirm(self, text: str) -> bool:
        """Ask for a yes."""
        return self._questions.confirm(text)

    def pick(self, roles: Sequence[Any], chosen: Collection[Any]) -> list[Any]:
        """Let the person choose among roles."""
        questions = self._questions if self.is_new else Questions({"--account": "PATTERN"})
        return pick_roles(roles, chosen, questions)

    def decline(self) -> None:
        """End the login that this run has made: nothing in the config file uses it."""
        self._undo()

    def say_next_step(self, profiles: Sequence[str]) -> None:
        """Show how to use a profile that was written."""
        if self.is_new and profiles:
            name = shlex.quote(profiles[0])
            output.say(f"To see that it works, run: sso-plugin whoami --profile {name}")
            output.say(f"To use it in a script, run: AWS_PROFILE={name} python your_script.py")


@contextlib.contextmanager
def first_run(values: dict[str, Any], way: LoginWay, *, yes: bool) -> Iterator[FirstRun]:
    """Ask for what is missing, and log in. If the person stops, end that login.

    :param values: the options of the command.
    :param yes: whether to ask only what the options must say.
    """
    given = GivenLogin(*(values[name] for name in GivenLogin._fields))
    config = ConfigFile.in_use().parsed()
    known = config["sso_sessions"]
    questions = Questions(_required(given, known))
    found = complete_login(given, config, questions, os.environ, ask_all=not yes)
    values = {**values, **found._asdict()}
    if not isinstance(found, NewLogin):
        if found.sso_session in known and way != LoginWay():
            way.log_in(ConfiguredLogin.find(sso_session=found.sso_session))
        yield FirstRun(values, Questions({"--yes": ""}))
        return
    login = found.find()
    is_begun = way.log_in(login)

    def undo() -> None:
        if is_begun:
            login.end([])

    try:
        if values["regions"] is None and not yes:
            region = ask_profile_region(questions, found.sso_region, os.environ)
            values["regions"] = (region,) if region else None
        picks = not (yes or any(values[name] for name in ROLE_OPTIONS))
        yield FirstRun(values, questions, is_new=True, picks=picks, _undo=undo)
    except (click.Abort, click.UsageError, KeyboardInterrupt, SystemExit):
        undo()
        raise


def _required(given: GivenLogin, known: Collection[str]) -> dict[str, str]:
    """Return the options without which a question is asked, and what each takes."""
    if known and given.start_url is None:
        return {"--sso-session": "NAME", "--yes": ""}
    options = {"--start-url": given.start_url, "--sso-region": given.sso_region}
    values = {"--start-url": "URL", "--sso-region": "REGION"}
    missing = {option: values[option] for option, value in options.items() if value is None}
    return {**missing, "--yes": ""}
