"""A table of profiles, and of ways to use them, for tests that compare sso_plugin with stock."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from both_ways import KEYS_OF_PROCESS, Way, run_script
from world import World

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

    from sso_plugin.emulator import Emulator

__all__ = ["ARN", "PROFILES", "WAYS", "WRONG_VALUES", "as_stock", "run_table", "script_with"]

KEYS = "aws_access_key_id = AKIASTATIC\naws_secret_access_key = static\n"
PROCESS = f"""credential_process = {sys.executable} -c "print(open('process.json').read())"\n"""
LEGACY = "sso_start_url = https://example.awsapps.com/start\nsso_region = eu-central-1\n"
ROLE = "sso_account_id = 111111111111\nsso_role_name = AdministratorAccess\n"
SESSION = "sso_session = corp\n"

SESSIONS = f"""
[sso-session corp]
{LEGACY}
[sso-session without-region]
sso_start_url = https://example.awsapps.com/start

[sso-session without-url]
sso_region = eu-central-1

[sso-session empty]

[sso-session empty-region]
sso_start_url = https://example.awsapps.com/start
sso_region =

[sso-session wrong-option]
{LEGACY}
sso_cache = disk
"""

PROFILES = {
    "complete": SESSION + ROLE,
    "complete-legacy": LEGACY + ROLE,
    "nothing": "output = json\n",
    "role-without-account": SESSION + "sso_role_name = AdministratorAccess\n",
    "account-without-role": SESSION + "sso_account_id = 111111111111\n",
    "role-only": "sso_role_name = AdministratorAccess\n",
    "account-only": "sso_account_id = 111111111111\n",
    "account-name-only": "sso_account_name = Production\n",
    "account-name-of-session": SESSION + "sso_account_name = Production\n",
    "account-name-and-process": "sso_account_name = Production\n" + PROCESS,
    "account-name-and-keys": SESSION + "sso_account_name = Production\n" + KEYS,
    "login-only": SESSION,
    "login-only-legacy": LEGACY,
    "login-and-keys": SESSION + KEYS,
    "login-and-process": SESSION + PROCESS,
    "start-url-and-keys": "sso_start_url = https://example.awsapps.com/start\n" + KEYS,
    "start-url-and-process": "sso_start_url = https://example.awsapps.com/start\n" + PROCESS,
    "region-and-keys": "sso_region = eu-central-1\n" + KEYS,
    "role-and-keys": SESSION + "sso_role_name = AdministratorAccess\n" + KEYS,
    "legacy-without-region": "sso_start_url = https://example.awsapps.com/start\n" + ROLE,
    "legacy-without-url": "sso_region = eu-central-1\n" + ROLE,
    "region-differs": SESSION + ROLE + "sso_region = us-east-1\n",
    "region-differs-login-only": SESSION + "sso_region = us-east-1\n",
    "region-differs-and-keys": SESSION + "sso_region = us-east-1\n" + KEYS,
    "url-differs": SESSION + ROLE + "sso_start_url = https://other.awsapps.com/start\n",
    "session-missing": "sso_session = gone\n" + ROLE,
    "session-missing-login-only": "sso_session = gone\n",
    "session-missing-and-keys": "sso_session = gone\n" + KEYS,
    "session-empty": "sso_session = empty\n" + ROLE,
    "session-empty-login-only": "sso_session = empty\n",
    "session-without-region": "sso_session = without-region\n" + ROLE,
    "session-without-url": "sso_session = without-url\n" + ROLE,
    "session-name-empty": "sso_session =\n" + ROLE,
    "session-nested": "sso_session =\n  a = b\n" + ROLE,
    "options-and-keys": KEYS + "sso_login = perhaps\nsso_cache = disk\n",
    "off": SESSION + ROLE + "sso_plugin = off\n",
    "off-and-incomplete": SESSION + "sso_role_name = AdministratorAccess\nsso_plugin = off\n",
    "long-account": SESSION + "sso_account_id = 1111111111110\nsso_role_name = Admin\n",
    "commented-account": SESSION + "sso_account_id = 111111111111 # prod\nsso_role_name = A\n",
    "quoted-role": SESSION + 'sso_account_id = 111111111111\nsso_role_name = "Admin"\n',
}

# Values that stock does not check. Here they are errors, when credentials are used and not before.
# Stock sends empty values, and ignores our own keys.
WRONG_VALUES = {
    "empty-account": SESSION + "sso_account_id =\nsso_role_name = AdministratorAccess\n",
    "empty-role": SESSION + "sso_account_id = 111111111111\nsso_role_name =\n",
    "session-empty-region": "sso_session = empty-region\n" + ROLE,
    "wrong-switch": SESSION + ROLE + "sso_plugin = maybe\n",
    "wrong-login": LEGACY + ROLE + "sso_login = perhaps\n",
    "wrong-cache": SESSION + ROLE + "sso_cache = disk\n",
    "wrong-lifetime": SESSION + ROLE + "sso_minimum_lifetime = long\n",
    "wrong-rate": LEGACY + ROLE + "sso_requests_per_second = 0\n",
    "wrong-option-of-session": "sso_session = wrong-option\n" + ROLE,
}

ARN = "arn:aws:sts::111111111111:assumed-role/"
STATIC = {"AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "env"}
WAYS: dict[str, dict[str, Any]] = {
    "profile": {"profile": True, "more": True},
    "AWS_PROFILE": {},
    "keys in the environment": {"env": STATIC, "more": True},
    "keys in the environment and a profile": {"env": STATIC, "profile": True},
    "keys in the session": {"keys": ["AKIASESSION", "session"], "profile": True},
    "keys in the client": {"client": ["AKIACLIENT", "client"], "profile": True},
    "unsigned": {"unsigned": True, "profile": True},
    "role chain": {"profile": True, "chain": True},
}


def _config(profiles: Mapping[str, str]) -> str:
    chains = {
        f"chain-{name}": "role_arn = arn:aws:iam::111111111111:role/Deploy\n"
        f"source_profile = {name}\n"
        for name in profiles
    }
    sections = [f"[profile {name}]\n{text}" for name, text in {**profiles, **chains}.items()]
    return SESSIONS + "\n".join(sections)


def as_stock(ours: dict[str, Any], stock: dict[str, Any]) -> dict[str, Any]:
    """Return what stock shows if an `except` clause for its error catches ours, else ours."""
    caught = "error" in stock and stock["error"][0] in ours.get("error", [])
    return stock if caught else ours


def run_table(
    way: Way, script: str, plan: object, emulator: Emulator, folders: pytest.TempPathFactory
) -> dict[str, Any]:
    """Run a script with all these profiles; the plan is its input."""
    home = folders.mktemp(way)
    (home / ".aws").mkdir()
    world = World(home, emulator)
    world.configure(_config({**PROFILES, **WRONG_VALUES}))
    token = world.sign_in("alice", "corp").access_token
    for name in ("wrong-option", "empty-region", "", "https://example.awsapps.com/start"):
        world.sign_in("alice", name)
    (home / "process.json").write_text(KEYS_OF_PROCESS)
    return run_script(way, script, plan, home, TOKEN=token, **emulator.environment())


def script_with(calls: str) -> str:
    """Return a script that uses each profile in each way, and prints what happened.

    :param calls: code with the functions `new_session`, `make`, `call`, `token` and `method`.
    """
    return _START + calls + _SHOW


_START = """
import functools, json, os, sys
import botocore
from botocore.loaders import JSONFileLoader
# Reading models takes most of the time. They are the same for all.
JSONFileLoader.load_file = staticmethod(functools.cache(JSONFileLoader().load_file))
if sys.argv[1] == "with":
    import sso_plugin
    sso_plugin.enable()

def keys_of_client(way):
    return dict(zip(["aws_access_key_id", "aws_secret_access_key"], way.get("client", [])))
"""

_SHOW = """
def result(act):
    try:
        return {"value": act()}
    except Exception as error:
        return {"error": [kind.__name__ for kind in type(error).__mro__], "text": str(error)}

def registered(session, way):
    portal = make(session, way, "sso-oidc")
    return bool(call(portal, "register_client", clientName="a", clientType="public"))

def listed(session, way):
    found = call(make(session, way, "sso"), "list_accounts", accessToken=os.environ["TOKEN"])
    return found["accountList"][0]["accountId"]

def show(profile, way):
    name = f"chain-{profile}" if way.get("chain") else profile
    if not way.get("profile"):
        os.environ["AWS_PROFILE"] = name
    chosen = name if way.get("profile") else None
    def session():
        return new_session(way.get("keys", []), chosen)
    client = []
    def arn():
        return client and call(client[0], "get_caller_identity")["Arn"].rsplit("/", 1)[0]
    found = {
        "credentials": result(lambda: method(session())),
        "client": result(lambda: client.append(make(session(), way))),
        "call": result(arn),
    }
    if way.get("more"):
        found["token"] = result(lambda: token(session()))
        found["unsigned call"] = result(lambda: registered(session(), way))
        found["sso client"] = result(lambda: listed(session(), way))
    return found

clean = dict(os.environ)
results = {}
plan = json.load(sys.stdin)
for profile in plan["profiles"]:
    for name, way in plan["ways"].items():
        os.environ.clear()
        os.environ.update({**clean, **way.get("env", {})})
        results[f"{profile} / {name}"] = show(profile, way)
json.dump(results, sys.stdout)
"""
