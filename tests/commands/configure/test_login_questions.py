"""Which login a first `configure` is about: what is asked, and what is found without a question."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from fixed_server import server

from sso_plugin import ConfigError
from sso_plugin.commands.configure.login_questions import (
    GivenLogin,
    NewLogin,
    ask_profile_region,
    complete_login,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sso_plugin.commands.configure.login_questions import Question

T = TypeVar("T")

IN_REGION = "https://ssoins-1.portal.eu-central-1.app.aws"
UNKNOWN = "http://127.0.0.1:9/start"
"""A start URL whose region is not known."""

KNOWN = {"corp": {"sso_start_url": IN_REGION, "sso_region": "eu-central-1"}}


NO_CONFIG: Mapping[str, Any] = {"profiles": {}, "sso_sessions": {}}


class Answers:
    """A person who answers by option. An empty answer takes the default."""

    def __init__(self, **answers: str) -> None:
        self._answers = answers
        self.asked: list[str] = []
        self.texts: list[str] = []
        self.defaults: list[str] = []
        self.said: list[str] = []

    def ask(self, question: Question, read: Callable[[str], T]) -> T:
        self.asked.append(question.option)
        self.texts.append(question.text)
        self.defaults.append(question.default)
        option = question.option.removeprefix("--").replace("-", "_")
        return read(self._answers[option] or question.default)

    def say(self, text: str) -> None:
        self.said.append(text)


def complete(
    person: Answers,
    given: GivenLogin = GivenLogin(),  # noqa: B008 - a frozen value
    known: Mapping[str, Mapping[str, object]] | None = None,
    environ: Mapping[str, str] | None = None,
    profiles: Mapping[str, Mapping[str, object]] | None = None,
) -> object:
    config = {"profiles": profiles or {}, "sso_sessions": known or {}}
    return complete_login(given, config, person, environ or {})


def test_a_person_without_a_config_is_asked() -> None:
    """For what cannot be found, and in this order."""
    person = Answers(start_url=UNKNOWN, sso_region="eu-west-1", sso_session="mine")
    assert complete(person) == NewLogin("mine", UNKNOWN, "eu-west-1")
    assert person.asked == ["--start-url", "--sso-region", "--sso-session"]


def test_the_region_is_found_where_the_portal_names_it() -> None:
    """By its host, without a request."""
    person = Answers(start_url=IN_REGION, sso_session="")
    assert complete(person) == NewLogin("sso", IN_REGION, "eu-central-1")
    assert person.asked == ["--start-url", "--sso-session"]
    assert person.said == [
        "The region of your Identity Center is eu-central-1: its portal says so."
    ]


def test_the_region_is_found_on_the_page_of_the_portal() -> None:
    """It is requested once."""
    with server(body=b'<meta name="region" content="us-west-2">') as portal:
        person = Answers(start_url=portal.url, sso_session="x")
        assert complete(person) == NewLogin("x", portal.url, "us-west-2")


def test_the_default_of_the_region_is_that_of_the_environment() -> None:
    """As it was before ``sso-plugin env``."""
    person = Answers(start_url=UNKNOWN, sso_region="", sso_session="x")
    environ = {"AWS_DEFAULT_REGION": "ap-south-1"}
    assert complete(person, environ=environ) == NewLogin("x", UNKNOWN, "ap-south-1")


def test_what_is_given_is_not_asked() -> None:
    """Without questions, the name has a default."""
    given = GivenLogin("n", "d-1234567890", "eu-west-1")
    url = "https://d-1234567890.awsapps.com/start"
    assert complete(Answers(), given) == NewLogin("n", url, "eu-west-1")
    given = given._replace(sso_session=None)
    found = complete_login(given, NO_CONFIG, Answers(), {}, ask_all=False)
    assert found == NewLogin("sso", url, "eu-west-1")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (GivenLogin(), GivenLogin("corp")),
        (GivenLogin("corp"), GivenLogin("corp")),
        (GivenLogin("crop"), GivenLogin("crop")),
        (GivenLogin(None, f"{IN_REGION}/#/"), GivenLogin("corp")),
        (GivenLogin("corp", f"{IN_REGION}/#/"), GivenLogin("corp")),
        (GivenLogin("corp", "https://x.example"), GivenLogin("corp", "https://x.example")),
    ],
)
def test_a_login_of_the_config_is_used(given: GivenLogin, expected: GivenLogin) -> None:
    """Also by its start URL. Nothing is asked."""
    person = Answers()
    assert complete(person, given, KNOWN) == expected
    assert person.asked == []


def test_one_of_several_sso_sessions_is_chosen_by_name() -> None:
    """The question lists them, and an error the similar ones."""
    known = {**KNOWN, "other": {}}
    person = Answers(sso_session="other")
    assert complete(person, known=known) == GivenLogin("other")
    assert person.texts == ["Which sso-session (corp, other)"]
    with pytest.raises(ConfigError, match=r'no sso-session "othr" .* Available: corp, other'):
        complete(Answers(sso_session="othr"), known=known)


def test_the_default_is_the_login_of_a_profile_without_an_sso_session() -> None:
    """Its region too, if its start URL is used. An older AWS CLI wrote such profiles."""
    profile = {"sso_start_url": f"{UNKNOWN}/#", "sso_region": "eu-west-3"}
    profiles = {"a": {"region": "x"}, "b": {**KNOWN["corp"], "sso_session": "x"}, "c": profile}
    person = Answers(start_url="", sso_region="", sso_session="x")
    assert complete(person, profiles=profiles) == NewLogin("x", UNKNOWN, "eu-west-3")
    person = Answers(start_url="http://127.0.0.1:9", sso_region="eu-west-1", sso_session="x")
    assert complete(person, profiles=profiles) == NewLogin("x", "http://127.0.0.1:9", "eu-west-1")
    assert "eu-west-3" not in person.defaults


def test_a_second_login_gets_another_name() -> None:
    """The default is not that of the first one."""
    known = {"sso": {"sso_start_url": IN_REGION}}
    person = Answers(sso_session="")
    found = complete(person, GivenLogin(None, "d-1234567890", "eu-west-1"), known)
    assert found == NewLogin("sso-2", "https://d-1234567890.awsapps.com/start", "eu-west-1")


@pytest.mark.parametrize(
    ("answers", "problem"),
    [
        ({"start_url": "a b"}, '"a b" is not a valid start URL'),
        ({"start_url": UNKNOWN, "sso_region": "X"}, '"X" is not a valid region'),
        (
            {"start_url": UNKNOWN, "sso_region": "eu-west-1", "sso_session": "a b"},
            '"a b" is not a valid name for an sso-session',
        ),
    ],
)
def test_an_invalid_answer_is_refused(answers: dict[str, str], problem: str) -> None:
    """With a sentence, so that the person can answer again."""
    with pytest.raises(ConfigError, match=problem):
        complete(Answers(**answers))


def test_a_name_of_another_login_is_refused() -> None:
    """Its section would be used in place of the new one."""
    given = GivenLogin(None, "d-1234567890", "eu-west-1")
    with pytest.raises(ConfigError, match='has another sso-session "corp"'):
        complete(Answers(sso_session="corp"), given, KNOWN)


@pytest.mark.parametrize(
    ("answer", "region"), [("", "eu-west-1"), ("us-east-1", "us-east-1"), ("None", None)]
)
def test_profiles_can_have_no_region(answer: str, region: str | None) -> None:
    """The default is the region of Identity Center, unless the environment has one."""
    assert ask_profile_region(Answers(region=answer), "eu-west-1", {}) == region
    environ = {"AWS_REGION": "ap-south-1"}
    assert ask_profile_region(Answers(region=""), "eu-west-1", environ) == "ap-south-1"
