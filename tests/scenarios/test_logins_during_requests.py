"""A login or a logout during a request of another process: the login or logout wins."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from caches import file_cache
from scenario import log_in, user
from sealed import PLAIN, configure, login_id, set_key, token_file, users
from world import start, wait_until

import sso_plugin
from sso_plugin.storage.file_cache import FileCache

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from world import World

PAST = "2020-01-01T00:00:00Z"

pytestmark = pytest.mark.usefixtures("enabled")

DELAYED = """
import sys, time
from pathlib import Path
import boto3, sso_plugin
from sso_plugin.portal.client import Portal
sso_plugin.enable()
method, answered, go_on = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
real = getattr(Portal, method)
def delayed(*args, **kwargs):
    answer = real(*args, **kwargs)
    if not answered.exists():
        answered.touch()
        while not go_on.exists():
            time.sleep(0.01)
    return answer
setattr(Portal, method, delayed)
try:
    arn = boto3.Session(profile_name="dev").client("sts").get_caller_identity()["Arn"]
    print(arn.rsplit("/", 1)[1])
except Exception as exc:
    print(type(exc).__name__)
"""


class Delayed:
    """A process that gets the first response to one kind of request when the test says so."""

    def __init__(self, folder: Path, method: str) -> None:
        self.answered, self.go_on = folder / "answered", folder / "go_on"
        self.process = start(DELAYED, method, self.answered, self.go_on)
        wait_until(self.answered.exists)

    def finish(self) -> str:
        """Release the response, and return the user, or the name of the error."""
        self.go_on.touch()
        return self.process.communicate(timeout=60)[0].strip()


@pytest.mark.long
@pytest.mark.parametrize(
    ("method", "how"),
    [
        ("create_token", "ours"),
        ("get_role_credentials", "of the AWS CLI"),
        pytest.param("create_token", "of the AWS CLI", marks=pytest.mark.long),
        pytest.param("get_role_credentials", "ours", marks=pytest.mark.long),
    ],
)
def test_a_login_of_bob_during_a_request_of_alice_wins(
    two: World, tmp_path: Path, method: str, how: str
) -> None:
    """The renewed token of alice is not written, and her role credentials are not used."""
    two.sign_in("alice", expiresAt=PAST)
    delayed = Delayed(tmp_path, method)
    if how == "ours":
        log_in(two, "bob")
    else:
        two.sign_in("bob")
    token = json.loads(two.token_file().read_text())["accessToken"]
    assert delayed.finish() == "bob"
    assert json.loads(two.token_file().read_text())["accessToken"] == token
    assert user() == "bob"


@pytest.mark.long
@pytest.mark.usefixtures("two")
def test_a_login_wins_that_a_renewing_process_has_no_key_for(
    sealed: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process had read its options before the tokens were to be encrypted."""
    configure(sealed, **PLAIN)
    sealed.sign_in("alice", expiresAt=PAST)
    monkeypatch.delenv("SSO_PLUGIN_KEY")
    delayed = Delayed(tmp_path, "create_token")
    set_key(monkeypatch)
    configure(sealed)
    log_in(sealed, "bob")
    login, content = login_id(sealed), token_file(sealed).read_bytes()
    assert delayed.finish() == "LoginRequired"
    assert (login_id(sealed), token_file(sealed).read_bytes()) == (login, content)
    assert not sealed.token_file().exists()
    assert users(1) == ["bob"]


@pytest.mark.long
@pytest.mark.parametrize("method", ["create_token", "get_role_credentials"])
def test_a_logout_during_a_request_wins(world: World, tmp_path: Path, method: str) -> None:
    """Afterwards there are no token and no role credentials."""
    world.sign_in("alice", expiresAt=PAST)
    delayed = Delayed(tmp_path, method)
    sso_plugin.logout("dev")
    assert delayed.finish() == "LoginRequired"
    assert not world.token_file().exists()
    assert world.role_files() == []
    assert not list(world.home.rglob("*.tmp"))


@pytest.mark.long
def test_a_logout_before_the_role_file_is_written_leaves_no_role_file(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After writing it, the process checks the login again and deletes the file."""
    world.sign_in()
    put = FileCache.put

    def put_late(documents: FileCache, key: str, document: Any) -> None:
        if "Credentials" in document:
            sso_plugin.logout("dev")
        put(documents, key, document)

    monkeypatch.setattr(FileCache, "put", put_late)
    session: Any = boto3.Session(profile_name="dev")
    session.get_credentials().get_frozen_credentials()
    assert world.role_files() == []


def test_a_process_that_stops_before_a_write_cannot_undo_a_login(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its prepared file is deleted, so that it has to read the current one again."""
    documents, alice, bob = file_cache(tmp_path), {"accessToken": "a"}, {"accessToken": "b"}
    documents.put("key", alice)
    after_next_check(monkeypatch, documents, lambda: documents.supersede("key", bob))
    assert not documents.replace("key", {"accessToken": "a 2"}, replacing=alice)
    entry = documents.get("key")
    assert entry is not None
    assert entry.document == bob
    after_next_check(monkeypatch, documents, lambda: documents.delete("key"))
    assert not documents.replace("key", {"accessToken": "b 2"}, replacing=bob)
    assert list(tmp_path.iterdir()) == []


def after_next_check(
    monkeypatch: pytest.MonkeyPatch, documents: FileCache, act: Callable[[], object]
) -> None:
    """Call a function once, directly after a writer has checked which document is stored."""
    identity = documents.identity

    def checked(key: str) -> str | None:
        monkeypatch.setattr(documents, "identity", identity)
        found = identity(key)
        act()
        return found

    monkeypatch.setattr(documents, "identity", checked)


def test_a_damaged_file_is_replaced_by_a_renewal(tmp_path: Path) -> None:
    """It has no login that the renewal could undo."""
    documents = file_cache(tmp_path)
    (tmp_path / "key.json").write_text("{")
    assert documents.replace("key", {"a": 1}, replacing={"a": 0})
    entry = documents.get("key")
    assert entry is not None
    assert entry.document == {"a": 1}
