"""Parameters in the query and in the form."""

from __future__ import annotations

import pytest
from werkzeug import Request
from werkzeug.test import create_environ

from sso_plugin.emulator.http.parameters import required_parameter, seconds_parameter
from sso_plugin.emulator.state.service_errors import ServiceError


def request(query: str = "", form: dict[str, str] | None = None) -> Request:
    return Request(create_environ(f"/?{query}", method="POST" if form else "GET", data=form))


def test_a_parameter_can_be_in_the_query_or_in_the_form() -> None:
    """As with STS."""
    assert required_parameter(request("Name=a"), "Name", "Invalid") == "a"
    assert required_parameter(request(form={"Name": "a"}), "Name", "Invalid") == "a"


@pytest.mark.parametrize("query", ["", "Name="])
def test_a_missing_parameter_is_an_error_with_the_given_code(query: str) -> None:
    """Each service has its own code. An empty parameter is missing too."""
    with pytest.raises(ServiceError, match=r"^Invalid: Missing parameter Name$"):
        required_parameter(request(query), "Name", "Invalid")


def test_seconds_are_a_whole_number() -> None:
    """With a default."""
    assert seconds_parameter(request("Seconds=60"), "Seconds", "Invalid", default=1) == 60
    assert seconds_parameter(request(), "Seconds", "Invalid", default=1) == 1
    with pytest.raises(ServiceError, match=r"^Invalid: Seconds must be a number$"):
        seconds_parameter(request("Seconds=1.5"), "Seconds", "Invalid", default=1)
