"""Sessions without SSO are the same with and without the plugin.

Two processes run the same table of sessions, one with sso_plugin enabled for every session. All
values and the texts of errors have to be the same.
"""

from __future__ import annotations

import sys
from typing import Any

import pytest
from both_ways import BOTH, KEYS_OF_PROCESS, run_script

CONFIG = f"""
[default]
region = eu-west-1
aws_access_key_id = AKIADEFAULT
aws_secret_access_key = default-secret

[profile static]
region = us-east-1
aws_access_key_id = AKIASTATIC
aws_secret_access_key = static-secret
aws_session_token = static-token

[profile process]
credential_process = {sys.executable} -c "print(open('process.json').read())"

[profile web]
role_arn = arn:aws:iam::111111111111:role/web
web_identity_token_file = web-token

[profile chain]
role_arn = arn:aws:iam::111111111111:role/chained
source_profile = static

[profile broken-chain]
role_arn = arn:aws:iam::111111111111:role/chained
source_profile = gone

[profile half]
aws_access_key_id = AKIAHALF

[profile off]
sso_plugin = off
sso_start_url = https://example.awsapps.com/start
sso_region = eu-central-1
sso_account_id = 111111111111
sso_role_name = AdministratorAccess
region = eu-central-1

[profile empty]
output = json

[profile services]
services = local

[services local]
s3 =
  endpoint_url = http://127.0.0.1:9
"""

CREDENTIALS = """
[shared]
aws_access_key_id = AKIASHARED
aws_secret_access_key = shared-secret
"""

KEYS = {"AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "env-secret"}

CASES: dict[str, dict[str, Any]] = {
    "no profile": {},
    "default by name": {"profile": "default"},
    "static": {"profile": "static"},
    "static by AWS_PROFILE": {"env": {"AWS_PROFILE": "static"}},
    "named over AWS_PROFILE": {"profile": "static", "env": {"AWS_PROFILE": "shared"}},
    "shared credentials file": {"profile": "shared"},
    "a profile that does not exist": {"profile": "gone"},
    "AWS_PROFILE that does not exist": {"env": {"AWS_PROFILE": "gone"}},
    "environment keys": {"env": KEYS},
    "environment keys and AWS_PROFILE": {"env": {**KEYS, "AWS_PROFILE": "static"}},
    "environment keys and a named profile": {"env": KEYS, "profile": "static"},
    "explicit keys": {"keys": ["AKIAEXPLICIT", "explicit-secret"]},
    "credential_process": {"profile": "process"},
    "web identity": {"profile": "web"},
    "web identity by environment": {
        "env": {
            "AWS_ROLE_ARN": "arn:aws:iam::1:role/w",
            "AWS_WEB_IDENTITY_TOKEN_FILE": "no-such-file",
        }
    },
    "role chain without SSO": {"profile": "chain"},
    "role chain to nowhere": {"profile": "broken-chain"},
    "half a pair of keys": {"profile": "half"},
    "an SSO profile that is off": {"profile": "off"},
    "a profile without credentials": {"profile": "empty"},
    "a profile with services": {"profile": "services"},
}

SCRIPT = """
import functools, json, os, sys
import boto3
from botocore.loaders import JSONFileLoader
# Reading models takes most of the time. They are the same for all.
JSONFileLoader.load_file = staticmethod(functools.cache(JSONFileLoader().load_file))
if sys.argv[1] == "with":
    import sso_plugin
    sso_plugin.enable()

def result(act):
    try:
        return act()
    except Exception as error:
        return [type(error).__module__, type(error).__name__, str(error)]

def kind(credentials):
    return [type(credentials).__name__, credentials.method]

def keys(credentials):
    frozen = credentials and credentials.get_frozen_credentials()
    return frozen and [*frozen]

def show(case):
    session = boto3.Session(*case.get("keys", []), profile_name=case.get("profile"))
    core = session._session
    providers = core.get_component("credential_provider").providers
    tokens = core.get_component("token_provider")._providers
    return {
        "profile": result(lambda: session.profile_name),
        "profiles": result(lambda: session.available_profiles),
        "region": result(lambda: session.region_name),
        "type": result(lambda: kind(core.get_credentials())),
        "keys": result(lambda: keys(core.get_credentials())),
        "providers": [f"{type(one).__module__}.{type(one).__name__}" for one in providers],
        "tokens": [f"{type(one).__module__}.{type(one).__name__}" for one in tokens],
        "endpoint": result(lambda: session.client("s3").meta.endpoint_url),
        "services": len(core.get_available_services()),
        "search paths": core.get_component("data_loader").search_paths,
        "waiters": result(lambda: session.client("sso").waiter_names),
        "sso without a token": result(lambda: session.client("sso").list_accounts()),
        "wrapt": "wrapt" in sys.modules,
    }

clean = dict(os.environ)
results = {}
for name, case in json.load(sys.stdin).items():
    os.environ.clear()
    os.environ.update({**clean, **case.get("env", {})})
    results[name] = result(lambda: show(case))
json.dump(results, sys.stdout)
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Run the table with and without the plugin, in one home directory."""
    home = tmp_path_factory.mktemp("home")
    (home / ".aws").mkdir()
    (home / ".aws/config").write_text(CONFIG)
    (home / ".aws/credentials").write_text(CREDENTIALS)
    (home / "web-token").write_text("a web identity token")
    (home / "process.json").write_text(KEYS_OF_PROCESS)
    endpoint = {"AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9"}
    return {way: run_script(way, SCRIPT, CASES, home, **endpoint) for way in BOTH}


@pytest.mark.one_quick_case
@pytest.mark.parametrize("case", CASES)
def test_a_session_without_sso_is_the_same_with_the_plugin(
    results: dict[str, dict[str, Any]], case: str
) -> None:
    """Providers, credentials, region, endpoints and errors. wrapt is not imported."""
    assert results["with"][case] == results["without"][case]


def test_the_table_has_known_results(results: dict[str, dict[str, Any]]) -> None:
    """Some cases have known results, so not every case fails in the same way."""
    without = results["without"]
    assert (
        without["static"]["keys"]
        == ["AKIASTATIC", "static-secret", "static-token", None][: len(without["static"]["keys"])]
    )
    assert without["credential_process"]["keys"][0] == "AKIAPROCESS"
    assert without["environment keys"]["keys"][0] == "AKIAENV"
    assert without["web identity"]["type"][1] == "assume-role-with-web-identity"
    assert without["role chain without SSO"]["type"][1] == "assume-role"
    assert without["a profile that does not exist"][1] == "ProfileNotFound"
    assert without["an SSO profile that is off"]["keys"][1] in (
        "SSOTokenLoadError",
        "UnauthorizedSSOTokenError",
    )
