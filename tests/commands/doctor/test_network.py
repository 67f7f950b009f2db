"""The checks of the two services, the start URL and the clock."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest
from findings import findings, sign_in, unhealthy
from fixed_server import Server, server

from sso_plugin.commands.doctor import diagnose
from sso_plugin.commands.doctor.network import check_network
from sso_plugin.signin.configured_login import ConfiguredLogin

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Callable

    from world import World


@pytest.mark.long
def test_an_unreachable_portal_is_a_problem(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the address, the reason and what to check."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", "http://127.0.0.1:9")
    [(status, message, fix)] = unhealthy()
    assert status == "problem"
    assert message.startswith("The portal at http://127.0.0.1:9 cannot be reached: ")
    assert fix == ("Check sso_region and the network. If a proxy is required, set HTTPS_PROXY.")


@pytest.mark.parametrize(
    ("offset", "status", "words"),
    [
        (0.0, "ok", "agrees with the clock of the portal."),
        (90.0, "warning", "is 90 seconds ahead of the clock of the portal: sso_plugin corrects it"),
        (-1000.0, "problem", "behind the clock of the portal: AWS may reject signed requests."),
    ],
)
def test_a_wrong_clock_is_found(world: World, offset: float, status: str, words: str) -> None:
    """By the Date header of a response."""
    login = ConfiguredLogin.find("dev")
    clock = list(check_network(login, lambda: time.time() + offset))[-1]
    assert (clock.check, clock.status) == ("clock", status)
    # Some time passes between the response and the look at the clock.
    assert words in re.sub(r"is (89|9\d) ", "is 90 ", clock.message)


OTHERS: dict[str, Callable[[], contextlib.AbstractContextManager[Server]]] = {
    "a page": lambda: server(200, b"<html>welcome</html>", Server="nginx"),
    "an empty page": lambda: server(200, b""),
    "no such page": lambda: server(404, b"<html>no</html>"),
    "no such page, in JSON": lambda: server(404, b'{"message": "Not Found"}'),
    "a redirect to a login page": lambda: server(302, b"", Location="https://hotel.example.com/"),
    "another service of AWS": lambda: server(
        400, b'{"__type": "x#UnknownOperationException"}', x_amzn_RequestId="1"
    ),
    "another OAuth server": lambda: server(400, b'{"error": "invalid_request"}'),
    "another service without this operation": lambda: server(
        404, b'{"message": "x"}', x_amzn_ErrorType="UnknownOperationException"
    ),
}


@pytest.mark.long
@pytest.mark.one_quick_case
@pytest.mark.parametrize("case", OTHERS)
@pytest.mark.parametrize("service", ["SSO", "SSO_OIDC"])
def test_a_server_that_is_not_identity_center_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, case: str, service: str
) -> None:
    """For any response. It gets no credentials."""
    with OTHERS[case]() as other:
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", other.url)
        [(status, message, fix)] = unhealthy()
    name = "portal" if service == "SSO" else "OIDC service"
    assert status == "problem"
    assert message.startswith(f"The server at {other.url} is not the {name} of Identity Center: ")
    assert str(other.answer[0]) in message
    assert fix == (f"Check AWS_ENDPOINT_URL_{service}, endpoint_url in the config, and sso_region.")


@pytest.mark.long
def test_swapped_endpoints_are_a_problem(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The OIDC service is not the portal."""
    with server(400, b"{}", x_amzn_ErrorType="InvalidClientException") as other:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", other.url)
        [(status, message, _)] = unhealthy()
    assert (status, message.partition(":")[0]) == ("problem", "The server at http")


@pytest.mark.one_quick_case
@pytest.mark.parametrize("status", [500, 503])
def test_an_error_of_a_service_is_a_problem(world: World, status: int) -> None:
    """It is not the same as an unreachable service."""
    world.emulator.faults.add("ListAccounts", status=status)
    assert unhealthy()[0] == (
        "problem",
        f"The portal at {world.emulator.url} returns an error ({status}).",
        "Check AWS_ENDPOINT_URL_SSO, or try again.",
    )


@pytest.mark.long
def test_a_throttled_request_is_a_warning(world: World) -> None:
    """The service works."""
    world.emulator.faults.add("ListAccounts", status=429, code="TooManyRequestsException")
    assert unhealthy() == [
        (
            "warning",
            f"The portal at {world.emulator.url} is throttling requests (429).",
            "Try again later.",
        )
    ]


@pytest.mark.long
def test_a_slow_response_is_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also if it comes byte by byte, so that no socket timeout ends it."""
    with server(200, b"x" * 60, pause=0.1) as slow:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", slow.url)
        found = next(check_network(ConfiguredLogin.find("dev"), timeout=0.5))
    assert (found.status, found.message) == (
        "problem",
        f"The portal at {slow.url} cannot be reached: no response within 0.5 seconds",
    )


@pytest.mark.long
@pytest.mark.parametrize("user", ["user:hushhush@", ""])
def test_secrets_in_an_endpoint_are_not_printed(monkeypatch: pytest.MonkeyPatch, user: str) -> None:
    """Neither if it responds nor if it does not."""
    with server() as other:
        monkeypatch.setenv(
            "AWS_ENDPOINT_URL_SSO", f"{other.url}?key=hushhush".replace("//", f"//{user}")
        )
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSO_OIDC", f"http://{user}127.0.0.1:9/?key=hushhush")
        texts = [each.message + each.fix for each in diagnose("dev")]
    assert not [text for text in texts if "hushhush" in text]
    assert any(f"The server at {other.url} is not the portal" in text for text in texts)
    assert any("The OIDC service at http://127.0.0.1:9 cannot be reached" in text for text in texts)


@pytest.mark.one_quick_case
@pytest.mark.parametrize("status", [200, 404])
def test_a_start_url_that_does_not_lead_to_aws_is_a_problem(world: World, status: int) -> None:
    """Any web server responds with 200 or 404."""
    with server(status) as other:
        url = other.url.replace("127.0.0.1", "localhost")
        world.configure(world.emulator.profile().replace(world.emulator.start_url, url))
        sign_in(world, startUrl=url)
        found = [each for each in findings("network") if each.status != "ok"]
    [(message, fix)] = [(each.message, each.fix) for each in found]
    assert message.startswith(f"The start URL {url} cannot be resolved: ")
    assert "Set sso_start_url" not in message
    assert fix == "Set sso_start_url to the address of the AWS access portal."
