"""Secrets stay in: out of logs at DEBUG level, out of reprs, out of tracebacks that show locals."""

from __future__ import annotations

import json
import logging
import pickle
import time
import traceback
from typing import TYPE_CHECKING, Any

import boto3
import pytest

import sso_plugin
from sso_plugin import NoAccess, PortalError, redact
from sso_plugin.redact import Secret, conceal, mask

if TYPE_CHECKING:
    from collections.abc import Callable

    from world import World

# A life of a script, with every logger at DEBUG: it logs in by both flows, renews, assumes a role,
# fails. What it knows of secrets it writes to standard output, what is logged to a file.
SCRIPT = """
import json, logging, pathlib, sys, urllib.request
logging.basicConfig(filename=sys.argv[1], level=logging.DEBUG)
import boto3, sso_plugin
from quick_login import login
from botocore.exceptions import BotoCoreError, ClientError

emulator, home = sys.argv[2], pathlib.Path.home()
secrets = set()

def post(action, **words):
    body = json.dumps(words).encode()
    request = urllib.request.Request(
        f"{emulator}/_emulator/{action}", body, {"Content-Type": "application/json"}
    )
    return json.load(urllib.request.urlopen(request))

def learn():
    for file in [*home.glob(".aws/*/cache/*.json")]:
        document = json.loads(file.read_text())
        for held in (document, document.get("Credentials", {})):
            for key, value in held.items():
                if any(word in key.lower() for word in ("token", "secret")):
                    secrets.add(value)

def approve(prompt):
    if prompt.user_code:
        post("approve", user_code=prompt.user_code, user="alice")

def open_browser(url):
    if "/authorize" in url:
        location = post("authorize", url=url, user="alice")["location"]
        secrets.add(location.split("code=")[1].split("&")[0])
        urllib.request.urlopen(location).read()

def expire():
    for file in home.glob(".aws/sso/cache/*.json"):
        document = json.loads(file.read_text())
        if "accessToken" in document:
            file.write_text(json.dumps({**document, "expiresAt": "2020-01-01T00:00:00Z"}))
    for file in home.glob(".aws/cli/cache/*.json"):
        file.unlink()

sso_plugin.enable()
for flow in ("device", "browser"):
    login("dev", flow=flow, force=True, show=approve, open_browser=open_browser)
    learn()
for _ in range(2):
    session = boto3.Session(profile_name="dev")
    session.client("sts").get_caller_identity()
    session.client("sso").list_accounts()
    chained = boto3.Session(profile_name="chained")
    chained.client("sts").get_caller_identity()
    secrets.update(chained.get_credentials().get_frozen_credentials()[1:3])
    learn()
    expire()
for name in ("no-access", "dev"):
    post("faults", operation="CreateToken", status=500, times=9)
    try:
        boto3.Session(profile_name=name).client("sts").get_caller_identity()
    except (BotoCoreError, ClientError):
        logging.exception("it failed")
sso_plugin.logout("dev")
print(json.dumps(sorted(secrets)))
"""

CHAINED = """
[profile chained]
region = eu-central-1
role_arn = arn:aws:iam::111111111111:role/Deploy
source_profile = dev
"""


@pytest.mark.long
def test_with_every_logger_at_debug_no_secret_is_logged(world: World) -> None:
    """Stock botocore logs the bearer token, the refresh token and every key in clear."""
    no_access = world.emulator.profile("no-access", role_name="Nope").split("\n\n", 1)[1]
    world.configure(world.emulator.profile() + no_access + CHAINED)
    log = world.home / "log"
    arguments = f"import sys; sys.argv[1:] = {[str(log), world.emulator.url]!r}\n"
    process = world.run(arguments + SCRIPT)
    assert process.returncode == 0, process.stderr
    secrets = json.loads(process.stdout)
    logged = log.read_text()
    assert [secret for secret in secrets if secret in logged] == []
    assert len(secrets) >= 10
    # The log is not empty either: botocore said what it did.
    for operation in ("GetRoleCredentials", "CreateToken", "RegisterClient", "AssumeRole"):
        assert operation in logged


@pytest.mark.parametrize(
    "line",
    [
        """b'{"accessToken":"SECRET","expiresIn":28800}'""",
        """{'accessToken': 'SECRET', 'x': 1}""",
        """{"clientSecret": "SECRET"}""",
        """{'headers': {'x-amz-sso_bearer_token': 'SECRET', 'b': 'c'}}""",
        """{'X-Amz-Security-Token': b'SECRET'}""",
        """x-amz-security-token:SECRET\\nx""",
        """<SecretAccessKey>SECRET</SecretAccessKey>""",
        """GET /?X-Amz-Security-Token=SECRET&a=b""",
        """GET /federation?SigninToken=SECRET""",
        """{"grantType": "authorization_code", "code": "SECRET"}""",
        """{'Authorization': 'Bearer SECRETSECRETSECRET'}""",
        r'"{\"refreshToken\":\"SECRET\"}"',
        """('x-amz-sso_bearer_token', b'SECRET:SECRET')""",
        """[(b'X-Amz-Security-Token', b'SECRET'), (b'Host', b'x')]""",
        """{b'x-amz-security-token': b'SECRET/+='}""",
        r"""b'X-Amz-Security-Token: SECRET\r\nHost: x\r\n'""",
        r"""b'Authorization: Bearer SECRETSECRETSECRET:SECRET\/SECRET\r\n'""",
        """access_token=SECRET&client_id=x""",
        """b'a=b&refresh_token=SECRET%2FSECRET'""",
        """aws_secret_access_key = SECRET/+=\n""",
        """{'aws_session_token': 'SECRET', 'client_id': 'x'}""",
        """create_token(client_id='x', client_secret='SECRET', device_code="SECRET")""",
        """{"code_verifier": "SECRET", "session_token": b'SECRET'}""",
        """Credentials(access_key='x', secret_key='SECRET', token='SECRET', account_id=None)""",
    ],
)
def test_secrets_are_masked_in_all_formats_that_botocore_prints(line: str) -> None:
    """The name stays, and shows that there was a secret."""
    masked = mask(line)
    assert "SECRET" not in masked
    assert "***" in masked


@pytest.mark.parametrize(
    "line",
    [
        "Loading credentials from the sso cache",
        '{"Code": "AccessDenied", "code": "x"}',
        "<Code>InvalidClientTokenId</Code>",
        "{'nextToken': 'abc'}",
        "Event before-call.sso.GetRoleCredentials: calling handler",
        "{'tokenType': 'Bearer', 'client_id': 'abc', 'next_token': 'def'}",
        "grant_type=refresh_token&client_id=abc&token_type=bearer&nextToken=def",
        '"grantType": "urn:ietf:params:oauth:grant-type:device_code", "clientId": "abc"',
        "['host', 'x-amz-security-token', 'x-amz-date']",
        "SignedHeaders=host;x-amz-date;x-amz-security-token, Signature=abc",
        "Credentials(access_key='abc', secret_key=None, session_token=None)",
        """{"accessToken": "", 'refreshToken': ''}""",
        r"""{\"accessToken\": \"\", \"expiresIn\": 1}""",
    ],
)
def test_other_lines_do_not_change(line: str) -> None:
    """Logs are for finding faults."""
    assert mask(line) == line


# Each with backslashes of its own, and with quotes of either kind.
ESCAPED_VALUES = ["SECRET/SECRET", "SECRET\\SECRET", "SECRET\tSECRET", "SECRET\"SECRET'SECRET"]


def nested(text: str, depth: int) -> str:
    """Put a text into JSON that is in JSON, and so on; that doubles the backslashes each time."""
    return nested(json.dumps({"body": text, "end": 1}), depth - 1) if depth else text


@pytest.mark.parametrize("depth", range(4))
@pytest.mark.parametrize("value", ESCAPED_VALUES)
@pytest.mark.parametrize("shown", [str, repr, lambda text: repr(text.encode())])
def test_a_value_with_backslashes_is_masked_completely(
    value: str, depth: int, shown: Callable[[str], str]
) -> None:
    """Not up to the first backslash; and what follows stays, JSON in JSON or in a repr or not."""
    document = json.dumps({"accessToken": value, "tokenType": "Bearer"}).replace("/", "\\/")
    expected = json.dumps({"accessToken": "***", "tokenType": "Bearer"})
    masked = mask(shown(nested(document, depth)))
    assert masked.replace("\\", "").strip("b'\"") == (
        shown(nested(expected, depth)).replace("\\", "").strip("b'\"")
    )


LENGTH = 200_000


@pytest.mark.long
@pytest.mark.one_quick_case
@pytest.mark.parametrize(
    ("start", "again"),
    [
        ("accessToken", " "),
        ("accessToken: b", "\\"),
        ('"accessToken": "', "\\"),
        ('"accessToken": "', "\\a"),
        ('"accessToken": ' + "\\" * 1000 + '"', "a" + "\\" * 1000 + "'"),
        ("access_token=", "\\u0026"),
        ("", "access_token = "),
        ("", '"accessToken":"'),
        ("", "x-amz-security-token:"),
        ("bearer", " "),
        ("", "(\\"),
    ],
)
def test_the_time_is_proportional_to_the_length_of_a_line(start: str, again: str) -> None:
    """No pattern reads the same characters again and again: this line would take minutes."""
    line = start + again * (LENGTH // len(again))
    began = time.process_time()
    mask(line)
    assert time.process_time() - began < 10


def test_a_record_that_cannot_be_formatted_does_not_change() -> None:
    """The program continues, and logging reports the error as usual."""
    record = logging.LogRecord("botocore", logging.DEBUG, "", 1, "%d items", ("some",), None)
    assert redact._Masking().filter(record)
    assert (record.msg, record.args) == ("%d items", ("some",))


def test_a_secret_is_a_string_with_a_masked_repr() -> None:
    """It is equal to the string, can be written as JSON, and can be used."""
    document = conceal({"accessToken": "abc", "nested": [{"SecretAccessKey": "def"}], "other": "x"})
    assert document == {"accessToken": "abc", "nested": [{"SecretAccessKey": "def"}], "other": "x"}
    assert (
        repr(document)
        == "{'accessToken': '***', 'nested': [{'SecretAccessKey': '***'}], 'other': 'x'}"
    )
    assert json.loads(json.dumps(document)) == document
    assert f"{document['accessToken']}" == "abc"
    secret = Secret("0123456789")
    parts = [secret[:4], secret[2], secret[::-1], secret + "x", "x" + secret, secret[:2] + secret]
    assert [repr(part) for part in parts] == ["'***'"] * len(parts)
    assert "x" + secret[8:] + "y" == "x89y"
    assert type(pickle.loads(pickle.dumps(document))["accessToken"]) is str  # noqa: S301


def shown_with_locals(exc: BaseException) -> str:
    """Format an exception with the locals of each frame."""
    shown = traceback.TracebackException.from_exception(exc, capture_locals=True)
    return "".join(shown.format())


def secrets_of(world: World) -> list[str]:
    documents = [json.loads(world.token_file().read_text())]
    documents += [json.loads(file.read_text())["Credentials"] for file in world.role_files()]
    names = ("accessToken", "refreshToken", "clientSecret", "SecretAccessKey", "SessionToken")
    return [document[name] for document in documents for name in names if name in document]


@pytest.mark.one_quick_case
@pytest.mark.parametrize(
    ("operation", "status"),
    [("GetRoleCredentials", 403), ("GetRoleCredentials", 500), ("CreateToken", 500), (None, 0)],
)
def test_a_traceback_with_locals_shows_no_secret(
    world: World, operation: str | None, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In our frames, in those of botocore, and in a pickle of the error."""
    world.sign_in(
        expiresAt="2020-01-01T00:00:00Z" if operation == "CreateToken" else "2100-01-01T00:00:00Z"
    )
    if operation is None:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", "http://127.0.0.1:9")
    else:
        world.emulator.faults.add(operation, status=status, code="ForbiddenException")
    sso_plugin.enable()
    session: Any = boto3.Session(profile_name="dev")
    with pytest.raises((PortalError, NoAccess)) as caught:
        session.get_credentials().get_frozen_credentials()
    shown = shown_with_locals(caught.value)
    assert "_renew_and_wait" in shown
    for secret in secrets_of(world):
        assert secret not in shown
        assert secret.encode() not in pickle.dumps(caught.value)


def test_the_filter_is_added_once_and_not_removed(world: World) -> None:
    """Also after disable(): credentials of existing sessions are still renewed."""
    logger = logging.getLogger("botocore.endpoint")
    redact.mask_logs()
    redact.mask_logs()
    assert sum(isinstance(one, redact._Masking) for one in logger.filters) == 1
    sso_plugin.disable()
    assert sum(isinstance(one, redact._Masking) for one in logger.filters) == 1


@pytest.mark.long
def test_a_program_without_sso_has_no_filter(world: World) -> None:
    """A session without SSO keys pays nothing."""
    script = """
import logging, boto3, sso_plugin
sso_plugin.enable()
boto3.Session(aws_access_key_id="A", aws_secret_access_key="B", region_name="x").client("s3")
print(logging.getLogger("botocore.endpoint").filters)
"""
    assert world.run(script).stdout.strip() == "[]"


def test_callers_get_plain_strings(world: World) -> None:
    """As in botocore."""
    world.sign_in()
    sso_plugin.enable()
    credentials: Any = boto3.Session(profile_name="dev").get_credentials()
    frozen = credentials.get_frozen_credentials()
    kinds = {type(value) for value in (*frozen[:3], credentials.secret_key, credentials.token)}
    assert kinds == {str}
    assert not any(isinstance(value, Secret) for value in frozen)


WARM = """
import logging, boto3, sso_plugin
logging.basicConfig(level=logging.DEBUG)
sso_plugin.enable()
session = boto3.Session(profile_name="dev")
session.client("sts").get_caller_identity()
print(*session.get_credentials().get_frozen_credentials()[1:3])
"""


@pytest.mark.long
def test_no_secret_is_logged_with_cached_credentials(world: World) -> None:
    """A process that sends no request to the portal logs signed requests only."""
    world.sign_in()
    assert world.run(WARM).returncode == 0
    done = world.run(WARM)
    assert world.count("GetRoleCredentials") == 1
    assert "x-amz-security-token" in done.stderr
    for secret in done.stdout.split():
        assert secret not in done.stderr


@pytest.mark.parametrize("name", ["userCode", "verificationUriComplete"])
def test_the_code_of_a_device_login_is_masked(name: str) -> None:
    """Anyone who reads it in a log could approve it as another user."""
    assert "WDJB-MJHT" not in redact.mask(f'Response body: {{"{name}": "https://x/WDJB-MJHT"}}')
