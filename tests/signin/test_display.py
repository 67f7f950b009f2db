"""Where a person reads the prompt of a login, and how it ended."""

from __future__ import annotations

import io

from sso_plugin.signin.display import CallerDisplay, StreamDisplay
from sso_plugin.signin.prompt import LoginPrompt

PROMPT = LoginPrompt('The profile "dev"', "a reason", "https://corp.awsapps.com/", "ABCD-EFGH")


def test_a_stream_gets_the_prompt_and_the_end() -> None:
    """Line by line."""
    stream = io.StringIO()
    display = StreamDisplay(stream)
    display.show(PROMPT)
    assert "ABCD-EFGH" in stream.getvalue()
    display.report("Logged in.", is_logged_in=True)
    assert stream.getvalue().splitlines()[-1] == "Logged in."


def test_the_function_of_a_program_gets_the_prompt() -> None:
    """The program reports the end of the login itself."""
    shown: list[LoginPrompt] = []
    display = CallerDisplay(shown.append)
    display.show(PROMPT)
    display.report("Logged in.", is_logged_in=True)
    assert shown == [PROMPT]
