"""The doctor and the network: who answers, and whether the role of the profile can be had."""

from __future__ import annotations

import contextlib
import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

import sso_plugin
from sso_plugin.commands.doctor import Finding, diagnose
from sso_plugin.commands.doctor.network import look_at_network
from sso_plugin.commands.doctor.role import look_at_role
from sso_plugin.config.profile import SsoProfile
from sso_plugin.signin.configured_login import ConfiguredLogin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from world import World

PAST = "2020-01-01T00:00:00Z"
ROLE = "the role AdministratorAccess in the account 111111111111"


@pytest.fixture(autouse=True)
def _live(world: World) -> None:
    sso_plugin.enable()
    sign_in(world)


def sign_in(world: World, **changes: Any) -> None:
    world.sign_in(**changes)
    world.token_file().parent.chmod(0o700)
    world.token_file().chmod(0o600)


def findings(check: str, profile: str | None = "dev") -> list[Finding]:
    return [each for each in diagnose(profile) if each.check == check]


def bad() -> list[tuple[str, str, str]]:
    return [
        (each.status, each.message, each.mend)
        for each in diagnose("dev")
        if each.status != "ok" and each.check != "hook"
    ]


class Server(ThreadingHTTPServer):
    """Answers each request in the same way."""

    def __init__(self, status: int, body: bytes, headers: dict[str, str], pause: float) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = status, body, headers
        self.pause = pause
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def _send(self) -> None:
        status, body, headers = self.server.answer
        self.send_response_only(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(OSError):
            for number in range(len(body)):
                self.wfile.write(body[number : number + 1])
                time.sleep(self.server.pause)

    do_GET = do_POST = do_HEAD = _send  # noqa: N815 - names of http.server

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def server(
    status: int = 200, body: bytes = b"{}", pause: float = 0.0, **headers: str
) -> Iterator[Server]:
    found = {name.replace("_", "-"): value for name, value in headers.items()}
    with Server(status, body, found, pause) as running:
        yield running
        running.shutdown()


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
    "another service that knows the operation not": lambda: server(
        404, b'{"message": "x"}', x_amzn_ErrorType="UnknownOperationException"
    ),
}


@pytest.mark.parametrize("case", OTHERS)
@pytest.mark.parametrize("service", ["SSO", "SSO_OIDC"])
def test_a_server_that_is_not_identity_center_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, case: str, service: str
) -> None:
    """However it answers. No credentials are asked of it."""
    with OTHERS[case]() as other:
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", other.url)
        [(status, message, mend)] = bad()
    name = "portal" if service == "SSO" else "OIDC service"
    assert status == "problem"
    assert message.startswith(f"What answers at {other.url} is not the {name} of Identity Center: ")
    assert str(other.answer[0]) in message
    assert mend == (
        f"Check AWS_ENDPOINT_URL_{service}, endpoint_url in the config, and sso_region."
    )


def test_two_endpoints_in_each_others_place_are_found(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The OIDC service is no portal, although both are Identity Center."""
    with server(400, b"{}", x_amzn_ErrorType="InvalidClientException") as other:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", other.url)
        [(status, message, _)] = bad()
    assert (status, message.partition(":")[0]) == ("problem", "What answers at http")


@pytest.mark.parametrize("status", [500, 503])
def test_a_service_that_fails_is_a_problem(world: World, status: int) -> None:
    """As opposed to one that is not there."""
    world.emulator.faults.add("ListAccounts", status=status)
    assert bad()[0] == (
        "problem",
        f"The portal at {world.emulator.url} fails with {status}.",
        "Check AWS_ENDPOINT_URL_SSO, or try again.",
    )


def test_a_service_that_throttles_is_a_warning(world: World) -> None:
    """It is Identity Center all the same."""
    world.emulator.faults.add("ListAccounts", status=429, code="TooManyRequestsException")
    assert bad() == [
        (
            "warning",
            f"The portal at {world.emulator.url} refuses requests for the moment: there were too "
            "many (429).",
            "Try again later.",
        )
    ]


@pytest.mark.parametrize("what", ["network", "role"])
def test_the_time_for_an_answer_is_bounded(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """Also for one that comes byte by byte, which no timeout of a socket ends."""
    with server(200, b"x" * 60, pause=0.1) as slow:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", slow.url)
        login = ConfiguredLogin.find("dev")
        if what == "network":
            found = next(look_at_network(login, longest=0.5))
            message = f"The portal at {slow.url} cannot be reached: no answer within 0.5 seconds"
        else:
            profile = SsoProfile.of(login.session, "dev")
            assert profile
            [found] = look_at_role(ConfiguredLogin.of(login.session, profile), longest=0.5)
            message = "GetRoleCredentials was called: no answer within 0.5 seconds."
    assert (found.status, found.message) == ("problem", message)


@pytest.mark.parametrize("user", ["user:hushhush@", ""])
def test_what_is_secret_in_an_endpoint_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, user: str
) -> None:
    """Neither where it answers nor where it does not."""
    with server() as other:
        monkeypatch.setenv(
            "AWS_ENDPOINT_URL_SSO", f"{other.url}?key=hushhush".replace("//", f"//{user}")
        )
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSO_OIDC", f"http://{user}127.0.0.1:9/?key=hushhush")
        texts = [each.message + each.mend for each in diagnose("dev")]
    assert not [text for text in texts if "hushhush" in text]
    assert any(f"What answers at {other.url} is not the portal" in text for text in texts)
    assert any("The OIDC service at http://127.0.0.1:9 cannot be reached" in text for text in texts)


@pytest.mark.parametrize("status", [200, 404])
def test_a_start_url_of_another_server_is_a_problem(world: World, status: int) -> None:
    """Any web server answers 200 or 404; it does not lead to AWS."""
    with server(status) as other:
        url = other.url.replace("127.0.0.1", "localhost")
        world.configure(world.emulator.profile().replace(world.emulator.start_url, url))
        sign_in(world, startUrl=url)
        found = [each for each in findings("network") if each.status != "ok"]
    assert [(each.message, each.mend) for each in found] == [
        (
            f"The start URL {url} cannot be resolved: {url} is not an https address.",
            "Set sso_start_url to the address of the AWS access portal.",
        )
    ]


def test_the_role_is_asked_for(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Once. The keys are neither shown nor kept."""
    from sso_plugin.cli import main

    main(["doctor", "--profile", "dev", "--json"])
    out = capsys.readouterr().out
    [found] = [each for each in json.loads(out)["findings"] if each["check"] == "role"]
    assert found["status"] == "ok"
    assert re.fullmatch(
        rf"Identity Center gives credentials for {ROLE}, valid until \d{{4}}-.*Z\.",
        found["message"],
    )
    assert world.count("GetRoleCredentials") == 1
    assert world.role_files() == []
    assert "ASIA" not in out


def test_a_role_that_the_user_does_not_have_is_a_problem(world: World) -> None:
    """With the roles that there are."""
    world.configure(world.emulator.profile(role_name="Auditor"))
    assert bad() == [
        (
            "problem",
            "You do not have the role Auditor in the account 111111111111 (ForbiddenException, No "
            "access).",
            "Set sso_role_name to one of: AdministratorAccess, ReadOnlyAccess.",
        )
    ]


def test_an_account_that_the_user_does_not_have_is_a_problem(world: World) -> None:
    """With the accounts that there are."""
    world.configure(world.emulator.profile(account_id="9" * 12, role_name="Auditor"))
    [(status, _, mend)] = bad()
    assert status == "problem"
    assert mend == (
        "Set sso_account_id to an account in which you have a role: 111111111111 (production), "
        "222222222222 (staging), 333333333333 (sandbox)."
    )


@pytest.mark.parametrize(("name", "status"), [("production", "ok"), ("prod", "problem")])
def test_an_account_is_looked_up_by_its_name(world: World, name: str, status: str) -> None:
    """Without keeping what is found."""
    account = "sso_account_id = 111111111111"
    world.configure(world.emulator.profile().replace(account, f"sso_account_name = {name}"))
    [found] = findings("role")
    assert found.status == status
    assert not list((world.home / ".aws/sso-plugin").glob("accounts-*"))
    if status == "problem":
        assert f'asks for the account "{name}", which this user does not have.' in found.message


def test_a_token_that_was_revoked_is_a_problem(world: World) -> None:
    """By its file it is valid, so that a login without --force would do nothing."""
    world.emulator.revoke("alice")
    assert bad() == [
        (
            "problem",
            "Identity Center does not accept the token: UnauthorizedException, Session token not "
            "found or invalid.",
            "sso-plugin login --profile dev --force",
        )
    ]


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ({"status": 429, "code": "TooManyRequestsException"}, "warning"),
        ({"status": 500, "code": "InternalServerException"}, "problem"),
    ],
)
def test_a_request_that_is_refused_for_now_is_not_repeated(
    world: World, fault: dict[str, Any], status: str
) -> None:
    """The doctor does not wait; the reason is shown."""
    world.emulator.faults.add("GetRoleCredentials", message="Rate exceeded", **fault)
    assert bad() == [
        (
            status,
            f"Identity Center gives no credentials for {ROLE}: {fault['code']}, Rate exceeded.",
            "Try again later.",
        )
    ]
    assert world.count("GetRoleCredentials") == 1


def test_an_answer_without_credentials_is_a_problem(world: World) -> None:
    """What comes back is read, and not only that something does."""
    world.emulator.faults.add("GetRoleCredentials", kind="truncated")
    [(status, message, mend)] = bad()
    assert (status, mend) == ("problem", "See the findings above.")
    assert message.startswith('The profile "dev" cannot reach Identity Center (sso in eu-central-1')
    assert "Run:" not in message


def test_a_token_that_has_expired_is_not_renewed(world: World) -> None:
    """The doctor changes nothing; the finding says why the role was not asked for."""
    sign_in(world, expiresAt=PAST)
    [found] = findings("role")
    assert (found.status, found.message) == (
        "ok",
        "GetRoleCredentials was not called: the token has to be renewed first.",
    )
    assert (world.count("GetRoleCredentials"), world.count("CreateToken")) == (0, 0)


def test_without_a_token_the_role_is_not_asked_for(world: World) -> None:
    """That a login is needed is said once."""
    world.token_file().unlink()
    assert findings("role") == []


SURPRISES = [
    (
        {"registrationExpiresAt": PAST},
        "The token in {token} cannot be renewed: its registration expired at 2020-01-01T00:00:00Z.",
    ),
    ({"refreshToken": None}, "The token in {token} cannot be renewed: it has no refresh token."),
    (
        {"startUrl": "https://other.awsapps.com/start"},
        "The token in {token} is of the start URL https://other.awsapps.com/start, not of "
        "https://example.awsapps.com/start.",
    ),
    (
        {"region": "us-east-1"},
        "The token in {token} is of the region us-east-1, not of eu-central-1.",
    ),
]


@pytest.mark.parametrize(("changes", "message"), SURPRISES)
def test_a_valid_token_with_a_surprise_is_a_warning(
    world: World, changes: dict[str, Any], message: str
) -> None:
    """It works now. A new login puts it right."""
    sign_in(world, **changes)
    text = message.format(token=world.token_file())
    assert bad() == [("warning", text, "sso-plugin login --profile dev --force")]


def test_a_start_url_of_another_spelling_is_the_same(world: World) -> None:
    """Browsers add a slash or a fragment."""
    sign_in(world, startUrl="https://example.awsapps.com/start/#/")
    assert bad() == []
