"""The aiobotocore code that we rely on although it is not a public interface, pinned by digest.

If a test fails here, aiobotocore has changed a function that our code depends on. Read it, compare
it with the code that the message names, change that code if necessary, and add the new digest.
``python tests/beside_aiobotocore/test_aio_seams.py`` prints the digests of the installed version.
What aiobotocore inherits from botocore is pinned in ``tests/session/test_seams.py``.
"""

from __future__ import annotations

import sys
from pathlib import Path

# Before other modules: in 2.23 and 2.24.0, `aiobotocore.utils` cannot be imported first.
import aiobotocore.session
import pytest

if __name__ == "__main__":
    sys.path.append(str(Path(__file__).parents[1] / "helpers"))

from seams import Seams, check_seam, missing_code, print_digests

SEAMS: Seams = {
    "session:AioSession.__init__": (
        "session.aio.new_session.open_aio_session",
        {"843f7dbf9bdf", "3ce6dc7ae463"},
    ),
    "session:AioSession._create_credential_resolver": (
        "session.plugin: component names",
        {"dc661bfe755a", "7187ef8a9be7"},
    ),
    "session:AioSession._create_token_resolver": (
        "session.plugin: component names",
        {"c641cd2ed39a"},
    ),
    "session:AioSession.get_credentials": (
        "session.aio.providers.AioSsoProvider.load",
        {"d67204f53cd6", "8482e169dd1b"},
    ),
    "session:AioSession.create_client": (
        "session.aio.signing_client.sign_with",
        {"e9bf0426d7be"},
    ),
    "session:ClientCreatorContext.__aenter__": (
        "session.aio.signing_client.sign_with",
        {"94aeb1659c5c"},
    ),
    "utils:create_nested_client": (
        "session.aio.signing_client.sign_with",
        {"7afc6ba0dc39"},
    ),
    "credentials:create_credential_resolver": (
        "session.seams.find_credential_provider",
        {"7a41f560fdf6", "cca522a61899", "f0d9d5b0bccc"},
    ),
    "credentials:AioProfileProviderBuilder._create_sso_provider": (
        "session.aio.providers.AioSsoProvider",
        {"05e217c4f835"},
    ),
    "credentials:AnyioProfileProviderBuilder._create_sso_provider": (
        "session.aio.providers.AioSsoProvider",
        {"a10b794d09bc"},
    ),
    "credentials:AioSSOProvider.load": (
        "session.aio.providers.AioSsoProvider.load",
        {"937abd06718e", "d4c332ecadeb", "a4b52e3dd3c7"},
    ),
    "credentials:AnyioSSOProvider.load": (
        "session.aio.providers.AioSsoProvider.load",
        {"a4b52e3dd3c7"},
    ),
    "credentials:AioCredentialResolver.load_credentials": (
        "session.aio.providers.AioLoginProvider.resolver",
        {"ef3fe992d97d"},
    ),
    "credentials:AioAssumeRoleProvider._resolve_credentials_from_profile": (
        "session.seams.wrap_source_profiles",
        {"7310cbf3c6d9", "07e6597b1136"},
    ),
    "credentials:AioAssumeRoleCredentialFetcher._create_client": (
        "session.aio.signing_client.sign_with",
        {"bb5b0e09ca03"},
    ),
    "credentials:AioRefreshableCredentials.get_frozen_credentials": (
        "session.aio.credentials.AioSsoCredentials",
        {"347ee0a9431b"},
    ),
    "credentials:AioRefreshableCredentials._refresh": (
        "session.aio.credentials.AioSsoCredentials",
        {"bcaa81976682"},
    ),
    "credentials:AioRefreshableCredentials.get_access_key": (
        "session.aio.credentials.AioSsoCredentials",
        {"1155eed890e2"},
    ),
    "credentials:AioRefreshableCredentials.get_account_id": (
        "session.aio.credentials.AioSsoCredentials",
        {"053196be7e64"},
    ),
    "credentials:AioRefreshableCredentials.access_key": (
        "session.aio.credentials.AioSsoCredentials",
        {"6c65c192d144", "a72b8bcc03d1", "97452b86277a"},
    ),
    "credentials:AioDeferredRefreshableCredentials.__init__": (
        "session.aio.credentials.AioSsoCredentials",
        {"80193628c5e3", "19245d9ea6d0", "c87d4216fb5d", "de04800130a0"},
    ),
    "tokens:create_token_resolver": (
        "session.seams.find_token_provider",
        {"a48ae69d24ef", "820da1af0090", "7fafa9de0158"},
    ),
    "tokens:AioSSOTokenProvider.load_token": (
        "session.aio.providers.AioSsoTokenProvider",
        {"f959cee4254f", "afd9a68a0c8c", "103dac4234b8"},
    ),
    "tokens:AnyioSSOTokenProvider.load_token": (
        "session.aio.providers.AioSsoTokenProvider",
        {"103dac4234b8"},
    ),
    "tokens:AioDeferredRefreshableToken.__init__": (
        "session.aio.credentials.AioSsoToken",
        {"7e682e4adace", "dd14cd62ec49"},
    ),
    "tokens:AioDeferredRefreshableToken.get_frozen_token": (
        "session.aio.credentials.AioSsoToken",
        {"07bb397736c8"},
    ),
    "tokens:AioDeferredRefreshableToken._refresh": (
        "session.aio.credentials.AioSsoToken",
        {"0286e80fe81f"},
    ),
    "endpoint:AioEndpoint._send_request": (
        "session.aio.rejected_requests.AioRejectedCredentials.retry",
        {"f3e10728ad2b", "dee4dca273a3"},
    ),
    "endpoint:AioEndpoint._needs_retry": (
        "session.aio.rejected_requests.AioRejectedCredentials.retry",
        {"a654d5df034a", "fa74b77fbf6e", "2a5711f49d56"},
    ),
    "signers:AioRequestSigner.sign": (
        "session.aio.rejected_requests.AioRejectedCredentials.record_credentials",
        {"c58a0c9cde5c", "c77d0faa3b0f", "b29d21f80feb", "a2bb3acac2a0"},
    ),
    "signers:AioRequestSigner.get_auth_instance": (
        "session.aio.credentials.AioSsoCredentials",
        {"605ede47997b", "fe2d0564630e", "4ae59b21f2b4", "1303fe81c9f6", "4c6e6bbd7122"},
    ),
    "hooks:AioHierarchicalEmitter._emit": (
        "session.plugin: handlers may be async",
        {"d4d876ecf36b"},
    ),
    "hooks:AioHierarchicalEmitter._verify_and_register": (
        "session.plugin: handlers may be async",
        {"e5bc9da26bd8"},
    ),
    "_helpers:resolve_awaitable": ("session.plugin: handlers may be async", {"dab0041449b3"}),
    "client:AioBaseClient._emit_api_params": (
        "session.aio.token_parameter.AioAccessTokenParameter.provide",
        {"56b3aa53e49f"},
    ),
    "regions:AioEndpointRulesetResolver._get_customized_builtins": (
        "session.token_parameter.AccessTokenParameter.route",
        {"9dbfbb329f90", "eeef64a632f9"},
    ),
    "regions:AioEndpointRulesetResolver._get_provider_params": (
        "session.aio.credentials.AioSsoCredentials: its account id",
        {"bcf0144c41ee", "cafcbc732483", "4293d267fbbf"},
    ),
    "args:AioClientArgsCreator._build_endpoint_resolver": (
        "session.aio.credentials.AioSsoCredentials: its account id",
        {
            "0501b97bef46",
            "fbda05a3d800",
            "e4b3e09e01b1",
            "2eb7dab790cc",
            "5159b3111c13",
            "146a3ae681c7",
        },
    ),
    "config:AioConfig.__init__": (
        "session.aio.twin.Twin: options for HTTP clients",
        {
            "0e68c64bbbd1",
            "43a359dbbeae",
            "a18c87f95649",
            "22f9aeba8127",
            "05130b81ee74",
            "81308793a607",
            "03a26bb1820d",
        },
    ),
    "config:AioConfig.merge": (
        "session.aio.twin.Twin: options for HTTP clients",
        {"5126345090cb", "6e536f092542"},
    ),
}

# Function -> the first version that has it. The others are as old as our support.
SINCE = {
    "utils:create_nested_client": (2, 24, 0),
    "credentials:AioRefreshableCredentials.get_access_key": (2, 21, 1),
    "credentials:AioRefreshableCredentials.get_account_id": (2, 21, 1),
    "credentials:AnyioProfileProviderBuilder._create_sso_provider": (3, 9, 0),
    "credentials:AnyioSSOProvider.load": (3, 9, 0),
    "tokens:AnyioSSOTokenProvider.load_token": (3, 9, 0),
}

_VERSION = tuple(map(int, aiobotocore.__version__.split(".")[:3]))
EXPECTED = [seam for seam in SEAMS if SINCE.get(seam, _VERSION) <= _VERSION]


@pytest.mark.parametrize("seam", EXPECTED)
def test_aiobotocore_has_not_changed(seam: str) -> None:
    """Each function that we depend on is there, and is one that we have checked."""
    check_seam("aiobotocore", seam, SEAMS)


def test_our_code_that_depends_on_aiobotocore_exists() -> None:
    """A name in SEAMS is a module of sso_plugin, or a class or function in one."""
    assert missing_code(SEAMS) == []


if __name__ == "__main__":
    print_digests("aiobotocore", EXPECTED)
