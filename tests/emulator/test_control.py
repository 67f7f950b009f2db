"""Control over HTTP, as another process uses it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_plugin.emulator import Emulator, SignIn

PRODUCTION = "1" * 12


@pytest.fixture
def control(ask: Callable[..., tuple[int, str]]) -> Callable[..., Any]:
    """Send a control request; returns status and the decoded answer."""

    def send(method: str, name: str, **arguments: Any) -> Any:
        status, text = ask(method, f"/_emulator/{name}", arguments or None)
        return status, json.loads(text)

    return send


def test_another_process_controls_the_emulator(sso_emulator: Emulator) -> None:
    """Nothing but HTTP is needed."""
    script = (
        "import sys, urllib.request as r;"
        "r.urlopen(r.Request(sys.argv[1] + '/_emulator/clock', b'{\"advance\": 3600}'))"
    )
    before = sso_emulator.clock.now()

    subprocess.run([sys.executable, "-c", script, sso_emulator.url], check=True)

    assert sso_emulator.clock.now() >= before + 3600


def test_a_sign_in_is_what_the_cli_would_have_cached(control: Callable[..., Any], sso: Any) -> None:
    """The answer can be written into the cache as it is."""
    _, answer = control("POST", "sign_in", user="bob")

    assert {"startUrl", "region", "expiresAt", "clientSecret", "refreshToken"} < answer.keys()
    assert len(sso.list_accounts(accessToken=answer["accessToken"])["accountList"]) == 2


def test_requests_can_be_read_counted_and_forgotten(
    control: Callable[..., Any], sso: Any, alice: SignIn
) -> None:
    """Control requests themselves are not counted, and no secret is shown."""
    sso.list_accounts(accessToken=alice.access_token)

    _, log = control("GET", "requests")
    assert [each["operation"] for each in log["requests"]] == ["ListAccounts"]
    assert alice.access_token not in json.dumps(log)
    assert control("GET", "count?operation=ListAccounts") == (200, {"count": 1})
    assert control("GET", "count?operation=CreateToken") == (200, {"count": 0})
    assert control("GET", "count?operation=ListAccounts&status=200") == (200, {"count": 1})
    assert control("GET", "count?status=500") == (200, {"count": 0})
    assert control("GET", "count?stauts=500")[0] == 400

    control("DELETE", "requests")
    assert control("GET", "count") == (200, {"count": 0})


def test_settings_change_all_or_none(control: Callable[..., Any], sso_emulator: Emulator) -> None:
    """One wrong value leaves all as they were."""
    assert control("PATCH", "settings", page_size=7)[1]["page_size"] == 7

    status, answer = control("PATCH", "settings", access_token=5, page_size=0)

    assert (status, answer["message"]) == (
        400,
        "Setting 'page_size': must be 1 to 100, not 0.",
    )
    assert sso_emulator.settings.access_token == 8 * 3600
    assert control("GET", "settings")[1] == sso_emulator.settings.as_dict()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("acess_token", 1),
        ("access_token", 0),
        ("access_token", True),
        ("access_token", "1h"),
        ("poll_interval", 0.5),
        ("refresh_tokens", "sometimes"),
        ("requests_per_second", 0),
        ("retry_after", "soon"),
        ("date_offset", None),
        ("date_offset", float("inf")),
    ],
)
def test_a_wrong_setting_is_refused(
    control: Callable[..., Any], sso_emulator: Emulator, name: str, value: object
) -> None:
    """Over HTTP and from Python alike."""
    status, answer = control("PATCH", "settings", **{name: value})
    assert (status, name in answer["message"]) == (400, True)

    with pytest.raises(ValueError, match=name):
        setattr(sso_emulator.settings, name, value)


def test_device_codes_are_seen_approved_and_denied(
    control: Callable[..., Any], oidc: Any, sso_emulator: Emulator
) -> None:
    """Oldest first; a code is decided on once."""
    client = oidc.register_client(clientName="test", clientType="public")
    identity = {key: client[key] for key in ("clientId", "clientSecret")}
    codes = [
        oidc.start_device_authorization(**identity, startUrl=sso_emulator.start_url)["userCode"]
        for _ in range(2)
    ]
    assert control("GET", "pending") == (200, {"pending": codes})

    assert control("POST", "approve", user_code=codes[0], user="bob") == (200, {})
    assert control("POST", "deny", user_code=codes[1]) == (200, {})

    assert control("GET", "pending") == (200, {"pending": []})
    assert control("POST", "deny", user_code=codes[1])[0] == 400


def test_assignments_and_sign_ins_can_be_taken_away(
    control: Callable[..., Any], alice: SignIn, sso_emulator: Emulator
) -> None:
    """What Python can do, HTTP can."""
    arguments = {"user": "bob", "account_id": PRODUCTION, "role": "Auditor"}
    assert control("POST", "assign", **arguments) == (200, {})
    assert sso_emulator.state.assignments.roles("bob", PRODUCTION) == ["Auditor"]
    assert control("POST", "unassign", **arguments) == (200, {})
    assert sso_emulator.state.assignments.roles("bob", PRODUCTION) == []

    assert control("POST", "revoke", access_token=alice.access_token) == (200, {})
    assert control("POST", "revoke", access_token=alice.access_token)[0] == 400
    assert control("POST", "revoke", user="bob") == (200, {})


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("approve", {}),
        ("approve", {"user_code": "BCDF-GHJK"}),
        ("approve", {"user_code": 1}),
        ("approve", {"user_cod": "BCDF-GHJK"}),
        ("sign_in", {"user": "mallory"}),
        ("revoke", {}),
        ("revoke", {"user": "alice", "access_token": "x"}),
        ("assign", {"user": "alice", "account_id": "9" * 12, "role": "Auditor"}),
        ("unassign", {"user": "alice", "account_id": PRODUCTION, "role": "Auditor"}),
        ("clock", {"advance": "1h"}),
        ("clock", {"advance": True}),
        ("faults", {"operation": "GetRoleCredential"}),
        ("faults", {"status": 200}),
        ("faults", {"times": 0}),
        ("faults", {"latency": -1}),
        ("faults", {"kind": "fire"}),
        ("faults", {"kind": "cut", "status": 500}),
        ("faults", {"kind": "truncated", "size": -1}),
        ("faults", {"kind": "page", "status": 100}),
        ("faults", {"rate": 0}),
        ("faults", {"rate": 1.5}),
        ("faults", {"after": -1}),
        ("faults", {"after": 5, "until": 5}),
        ("faults", {"retry_after": -1}),
        ("schedule", {}),
        ("schedule", {"schedule": [[0, 1]]}),
        ("schedule", {"schedule": ["fault"]}),
        ("schedule", {"schedule": [[0, "1", {"status": 500}]]}),
        ("schedule", {"schedule": [[0, 1, {"state": 500}]]}),
        ("schedule", {"schedule": [[0, 1, {"status": 500}], [1, 1, {"status": 500}]]}),
    ],
)
def test_a_wrong_argument_is_explained(
    control: Callable[..., Any], name: str, arguments: dict[str, Any]
) -> None:
    """With 400 and a sentence."""
    status, answer = control("POST", name, **arguments)

    assert status == 400
    assert answer["message"].endswith(".")
    assert control("GET", "faults") == (200, {"faults": []})


def test_reset_puts_everything_back(
    control: Callable[..., Any], sso: Any, alice: SignIn, sso_emulator: Emulator
) -> None:
    """Tokens, clock, settings, faults, log and assignments."""
    first = sso_emulator.settings.as_dict()
    sso_emulator.clock.advance(1000)
    sso_emulator.settings.access_token = 1
    sso_emulator.faults.add(status=500)
    sso_emulator.unassign("bob", "2" * 12, "ReadOnlyAccess")
    now = sso_emulator.clock.now()

    assert control("POST", "reset") == (200, {})

    assert sso_emulator.clock.now() < now
    assert sso_emulator.settings.as_dict() == first
    assert sso_emulator.state.assignments.roles("bob", "2" * 12) == ["ReadOnlyAccess"]
    with pytest.raises(sso.exceptions.UnauthorizedException):
        sso.list_accounts(accessToken=alice.access_token)


def test_an_unknown_request_fails_the_check(
    control: Callable[..., Any],
    ask: Callable[..., tuple[int, str]],
    sso_emulator: Emulator,
) -> None:
    """A client that asks for what the emulator lacks does not pass unnoticed."""
    status, _ = ask("GET", "/no/such/thing")
    assert status == 404
    assert ask("DELETE", "/token")[0] == 404

    with pytest.raises(AssertionError, match="Unknown request: GET /no/such/thing"):
        sso_emulator.check()

    assert len(control("GET", "failures")[1]["failures"]) == 2
    assert sso_emulator.requests.count("Unknown") == 2
    sso_emulator.reset()


def test_a_bug_of_the_emulator_fails_the_check(
    ask: Callable[..., tuple[int, str]], sso_emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its client gets an answer, the test the traceback."""
    monkeypatch.setattr(sso_emulator.state, "clients", None)

    assert ask("POST", "/client/register", {"clientName": "x", "clientType": "public"})[0] == 500

    with pytest.raises(AssertionError, match="RegisterClient failed:\nTraceback"):
        sso_emulator.check()

    sso_emulator.reset()
