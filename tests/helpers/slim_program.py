"""Use a botocore without the data of our services; test_slim_botocore runs this program.

The argument is the URL of an emulator, standard input has a token. Prints its results as JSON.
"""

from __future__ import annotations

import inspect
import json
import sys
from typing import Any

import botocore
import botocore.session
from botocore.exceptions import ClientError, UnknownServiceError

from sso_plugin.models import SERVICES, add_data_path

Found = dict[str, Any]
REGION = "eu-central-1"


def before(session: botocore.session.Session) -> Found:
    """Return what is missing."""
    try:
        session.create_client("sso", REGION)
    except UnknownServiceError:
        refused = True
    else:
        refused = False
    return {
        "botocore": botocore.__file__,
        "services before": sorted(SERVICES.intersection(session.get_available_services())),
        "client refused before": refused,
    }


def offline(client: Any) -> Found:
    """Return what works without a request."""
    return {
        "pageable": sorted(filter(client.can_paginate, client.meta.method_to_api_mapping)),
        "waiters": client.waiter_names,
        "waiter": client.get_waiter("role_credentials_available").config.operation,
        "documentation": inspect.getdoc(client.get_role_credentials),
        "presigned": client.generate_presigned_url("list_accounts", {"accessToken": "none"}),
    }


def online(client: Any, token: str) -> Found:
    """Call all operations of the portal."""
    accounts = client.list_accounts(accessToken=token)["accountList"]
    account_id = accounts[0]["accountId"]
    roles = client.list_account_roles(accessToken=token, accountId=account_id)["roleList"]
    role = {"accountId": account_id, "roleName": roles[0]["roleName"]}
    credentials = client.get_role_credentials(accessToken=token, **role)["roleCredentials"]
    pages = client.get_paginator("list_accounts").paginate(
        accessToken=token, PaginationConfig={"PageSize": 1}
    )
    return {
        "accounts": [account["accountName"] for account in accounts],
        "roles": [role["roleName"] for role in roles],
        "credentials": sorted(credentials),
        "paged": list(pages.search("accountList[].accountName")),
        "logout": client.logout(accessToken=token)["ResponseMetadata"]["HTTPStatusCode"],
        "after logout": refusal(client, token),
    }


def refusal(client: Any, token: str) -> str:
    """Return the exception that a refused token raises."""
    try:
        client.list_accounts(accessToken=token)
    except ClientError as exc:
        return type(exc).__name__
    return "none"


def main(url: str, token: str) -> Found:
    """Check a session, add our data to it, and check it again."""
    session = botocore.session.Session()
    session.set_credentials("AKIDEXAMPLE", "made up")
    found = before(session)
    add_data_path(session.get_component("data_loader"))
    client = session.create_client("sso", REGION, endpoint_url=url)
    oidc: Any = session.create_client("sso-oidc", REGION, endpoint_url=url)
    registered = oidc.register_client(clientName="slim", clientType="public")
    return found | offline(client) | online(client, token) | {"registered": sorted(registered)}


if __name__ == "__main__":
    json.dump(main(sys.argv[1], sys.stdin.read()), sys.stdout)
