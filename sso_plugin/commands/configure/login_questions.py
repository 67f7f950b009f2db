"""Which login `configure` is about, if the config file does not say it: asked, found or given.

This prints and reads nothing itself: a `Person` answers the questions.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from sso_plugin.errors import ConfigError
from sso_plugin.models import open_session_for_login
from sso_plugin.portal.account_choice import suggestions
from sso_plugin.signin.configured_login import ConfiguredLogin

from ..aws_variables import REGIONS, environment_before
from .login_choice import checked_name, checked_region, new_login
from .notes import first_names
from .start_url import default_name, find_region, read_start_url

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "GivenLogin",
    "NewLogin",
    "Person",
    "Question",
    "ask_profile_region",
    "complete_login",
]

T = TypeVar("T")

_NONE = "none"
"""The answer for no region."""


class Question(NamedTuple):
    """A question to a person.

    :param text: without a question mark, as a label.
    :param option: the option that answers it.
    :param explanation: a sentence for a person who does not know the answer.
    :param default: the answer if the person gives none; empty if they have to give one.
    """

    text: str
    option: str
    explanation: str = ""
    default: str = ""


class Person(Protocol):
    """Who answers the questions."""

    def ask(self, question: Question, read: Callable[[str], T]) -> T:
        """Return the answer.

        :param read: returns the value of an answer; raises `ConfigError` if it is not valid.
        """

    def say(self, text: str) -> object:
        """Show a sentence."""


class GivenLogin(NamedTuple):
    """Which login the options name. None for an option that was not given."""

    sso_session: str | None = None
    start_url: str | None = None
    sso_region: str | None = None


class NewLogin(NamedTuple):
    """A login that the config file does not have yet. Nothing of it is written."""

    sso_session: str
    start_url: str
    sso_region: str

    def find(self) -> ConfiguredLogin:
        """Return the login, as if it were in the config file."""
        return ConfiguredLogin.of(open_session_for_login(), new_login(*self))


def complete_login(
    given: GivenLogin,
    config: Mapping[str, Any],
    person: Person,
    environ: Mapping[str, str],
    *,
    ask_all: bool = True,
) -> NewLogin | GivenLogin:
    """Return the new login that the options and the answers describe.

    Return `GivenLogin` if it names an sso-session, and no new one.

    :param config: what botocore reads in the config file.
    :param ask_all: whether to ask also what has a default.
    """
    known = config["sso_sessions"]
    if given.start_url is None and known:
        return given._replace(sso_session=given.sso_session or _known_name(known, person))
    legacy = _legacy_login(config["profiles"])
    start_url = _start_url(given, person, str(legacy.get("sso_start_url", "")))
    same = [name for name, each in known.items() if _has_start_url(each, start_url)]
    if same and (given.sso_session or same[0]) in same:
        return given._replace(sso_session=given.sso_session or same[0], start_url=None)
    if given.sso_session in known:
        return given
    default = str(legacy.get("sso_region", "")) if _has_start_url(legacy, start_url) else ""
    region = _region(given, start_url, person, default or _region_of(environ))
    name = _name(given, start_url, known, person if ask_all else None)
    return NewLogin(name, start_url, region)


def ask_profile_region(person: Person, default: str, environ: Mapping[str, str]) -> str | None:
    """Return the region of the profiles; None if they get none.

    :param default: the answer if the environment has no region.
    """

    def read(text: str) -> str | None:
        if text.lower() == _NONE:
            return None
        return checked_region(text)

    question = Question(
        'Region of the profiles, or "none"',
        "--region",
        "Your scripts use this region unless they name another one.",
        _region_of(environ) or default,
    )
    return person.ask(question, read)


def _known_name(known: Mapping[str, object], person: Person) -> str:
    """Return the name of the only sso-session, or of the one that the person chooses."""

    def read(text: str) -> str:
        if text not in known:
            raise ConfigError(
                problem=f'There is no sso-session "{text}" in the config file',
                fix=f"Available: {suggestions(known, text)}.",
            )
        return text

    if len(known) == 1:
        return next(iter(known))
    question = Question(f"Which sso-session ({first_names([*known])})", "--sso-session")
    return person.ask(question, read)


def _legacy_login(profiles: Mapping[str, Mapping[str, object]]) -> Mapping[str, object]:
    """Return the first profile that has a start URL itself, without an sso-session."""
    found = (each for each in profiles.values() if "sso_start_url" in each)
    return next((each for each in found if "sso_session" not in each), {})


def _has_start_url(section: Mapping[str, object], start_url: str) -> bool:
    """Return whether an sso-session has this start URL, in any spelling."""
    try:
        return read_start_url(str(section.get("sso_start_url"))) == start_url
    except ConfigError:
        return False


def _start_url(given: GivenLogin, person: Person, default: str) -> str:
    if given.start_url is not None:
        return read_start_url(given.start_url)
    question = Question(
        "Start URL",
        "--start-url",
        "Nothing is written before you agree. The start URL is the address of your AWS access "
        "portal, where you see your accounts, such as https://example.awsapps.com/start.",
        default,
    )
    return person.ask(question, read_start_url)


def _region(given: GivenLogin, start_url: str, person: Person, default: str) -> str:
    if given.sso_region is not None:
        return checked_region(given.sso_region)
    found = find_region(open_session_for_login(), start_url)
    if found is not None:
        person.say(f"The region of your Identity Center is {found}: its portal says so.")
        return found
    question = Question(
        "Region of Identity Center",
        "--sso-region",
        'The access portal shows it under "Access keys", as SSO region. Or ask your administrator.',
        default,
    )
    return person.ask(question, checked_region)


def _region_of(environ: Mapping[str, str]) -> str:
    before = environment_before(environ)
    return next((before[name] for name in REGIONS if before.get(name)), "")


def _name(
    given: GivenLogin, start_url: str, known: Mapping[str, object], person: Person | None
) -> str:
    """Return the name of a new sso-session.

    :param person: None to use the default.
    """
    if given.sso_session is not None:
        return checked_name(given.sso_session)
    default = default_name(start_url)
    others = (f"{default}-{number}" for number in itertools.count(2))
    default = next(name for name in itertools.chain([default], others) if name not in known)
    if person is None:
        return default

    def read(text: str) -> str:
        if text in known:
            raise ConfigError(
                problem=f'The config file has another sso-session "{text}"', fix="Use another name."
            )
        return checked_name(text)

    explanation = "Your profiles refer to this login by a name."
    question = Question("Name of the sso-session", "--sso-session", explanation, default)
    return person.ask(question, read)
