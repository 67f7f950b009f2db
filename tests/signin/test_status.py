"""The status of a login in a notebook."""

from __future__ import annotations

import importlib
import re
from dataclasses import replace
from typing import Any

from sso_plugin import Status

STATUS = Status(
    subject='The profile "dev"',
    start_url="https://corp.awsapps.com/start",
    region="eu-central-1",
    session_name="corp",
    state="usable",
    expires_at=1769897700.0,
    renewable_until=None,
    token_file="/home/me/.aws/sso/cache/x.json",
    login_command="sso-plugin login --profile dev",
)


def rows(status: Status) -> dict[str, str]:
    return dict(re.findall(r"<th[^>]*>(.*?)</th><td[^>]*>(.*?)</td>", status._repr_html_()))


def test_a_notebook_shows_a_table() -> None:
    """Only of what is known."""
    assert rows(STATUS) == {
        "Login of": "The profile &quot;dev&quot;",
        "State": "usable",
        "Expires": "2026-01-31 22:15 UTC",
        "sso-session": "corp",
        "Start URL": "https://corp.awsapps.com/start",
    }


def test_the_table_says_how_to_log_in_and_what_is_wrong() -> None:
    """If a login is needed."""
    shown = rows(replace(STATUS, state="login needed", expires_at=None, fault="it is <empty>"))
    assert shown["To log in"] == "sso-plugin login --profile dev"
    assert shown["Problem"] == "it is &lt;empty&gt;"
    assert "Expires" not in shown


def test_there_is_text_where_no_html_is_shown() -> None:
    """One property per line, by IPython."""
    pretty: Any = importlib.import_module("IPython.lib.pretty")
    assert "State: usable\n" in pretty.pretty(STATUS)
