"""The botocore code that we rely on although it is not a public interface, pinned by digest.

If a test fails here, botocore has changed a function that our code depends on. Read the function,
compare it with the code that the message names, change that code if necessary, and add the new
digest. ``python tests/session/test_seams.py`` prints the digests of the installed botocore.
"""

from __future__ import annotations

import sys
from pathlib import Path

import botocore
import pytest
from botocore.session import Session

from sso_plugin.session.seams import create_all_components

if __name__ == "__main__":
    sys.path.append(str(Path(__file__).parents[1] / "helpers"))

from seams import Seams, check_seam, missing_code, print_digests

SEAMS: Seams = {
    "session:ComponentLocator.get_component": (
        "session.seams.pending_factory",
        {"020180f566be", "5ee19b17a39d", "f76bc3166732"},
    ),
    "session:ComponentLocator.lazy_register_component": (
        "session.seams.pending_factory",
        {"f08b7d573990"},
    ),
    "session:Session.__init__": (
        "startup: initializers run when all is registered",
        {"9a7b3874d956"},
    ),
    "session:Session._register_credential_provider": (
        "session.plugin: component names",
        {"c5bda875522e"},
    ),
    "session:Session._register_token_provider": (
        "session.plugin: component names",
        {"55de97c666fd"},
    ),
    "session:Session._register_data_loader": ("session.plugin: component names", {"48dc3bd5baf3"}),
    "session:Session.get_auth_token": (
        "session.providers.SsoTokenProvider.load_token",
        {"fafaf6aee4b5", "f3a99e54e8cb"},
    ),
    "credentials:create_credential_resolver": (
        "session.plugin: order of the providers",
        {"ec31ad4f08c3", "fe8b077f6fd5"},
    ),
    "credentials:CredentialResolver.load_credentials": (
        "session.providers.SsoProvider.load",
        {"e2b668b3cdcc"},
    ),
    "credentials:ProfileProviderBuilder.providers": (
        "session.seams.wrap_source_profiles",
        {"e0a9aa41719d", "4b579b63ab3d"},
    ),
    "credentials:AssumeRoleProvider._resolve_credentials_from_profile": (
        "session.seams.wrap_source_profiles",
        {"aaf369a6e4bc", "01cd95f9ef0a"},
    ),
    "credentials:SSOProvider.__init__": (
        "session.providers.SsoProvider",
        {"db0aa1c506d9", "d6acbdfe73ca"},
    ),
    "credentials:SSOProvider.load": (
        "session.providers.SsoProvider.load",
        {"f832abfb8d38", "1932a09d3454"},
    ),
    "credentials:SSOProvider._load_sso_config": (
        "config.profile: validation",
        {"d0de905d4b95", "755b8456c985"},
    ),
    "credentials:SSOProvider._resolve_sso_session_reference": (
        "config.profile: validation",
        {"30f7697045a9"},
    ),
    "credentials:SSOCredentialFetcher._create_cache_key": (
        "credentials.role_credentials: file name",
        {"3ad855841ce0"},
    ),
    "credentials:SSOCredentialFetcher._get_credentials": (
        "credentials.role_credentials: file form",
        {"9774b39489ea", "dfd8606abe8a", "f8e49cd11096", "62a18d9d03fb"},
    ),
    "credentials:AssumeRoleCredentialFetcher._create_client": (
        "session.seams.wrap_source_profiles",
        {"64f3f0ce5531"},
    ),
    "endpoint:Endpoint._send_request": (
        "session.rejected_requests.RejectedCredentials.retry",
        {"1b3858112330", "087d629d2251"},
    ),
    "endpoint:Endpoint._needs_retry": (
        "session.rejected_requests.RejectedCredentials.retry",
        {"e247a9a084c2", "1b58c8d11c76"},
    ),
    "awsrequest:create_request_object": (
        "session.rejected_requests: one context for all attempts",
        {"5e8189f1c588"},
    ),
    "awsrequest:AWSPreparedRequest.reset_stream": (
        "session.rejection._can_be_sent_again",
        {"04f65d5441f0"},
    ),
    "signers:RequestSigner.sign": (
        "session.rejected_requests.RejectedCredentials.record_credentials",
        {"43dd92ae35d3", "63d8a0844c5b", "b193104f7514", "7b279e633b2f"},
    ),
    "credentials:DeferredRefreshableCredentials.__init__": (
        "credentials.refreshable.SsoCredentials",
        {"c4a7f55aca19", "a22b50b6888b", "3ebf207f0b96"},
    ),
    "credentials:RefreshableCredentials.get_frozen_credentials": (
        "credentials.refreshable.SsoCredentials",
        {"eb1b9fa101ee"},
    ),
    "credentials:RefreshableCredentials._seconds_remaining": (
        "credentials.refreshable.SsoCredentials",
        {"fdb7cc8fa9ce"},
    ),
    "tokens:TokenProviderChain.__init__": ("session.seams.token_providers", {"90328ee6f75d"}),
    "tokens:TokenProviderChain.load_token": (
        "session.providers.SsoTokenProvider",
        {"968b415e7447", "4553ab51dc59"},
    ),
    "tokens:SSOTokenProvider.__init__": ("session.providers.SsoTokenProvider", {"ebd264006dac"}),
    "tokens:SSOTokenProvider._refresher": (
        "credentials.token_source.TokenSource",
        {"b579b060ae6a", "d14c8985e6a4"},
    ),
    "tokens:SSOTokenProvider._attempt_create_token": (
        "credentials.access_token: form of the file",
        {"b23a04d3a56c"},
    ),
    "tokens:DeferredRefreshableToken.__init__": (
        "session.providers.SsoTokenProvider.load_token",
        {"1f707454ba00"},
    ),
    "tokens:DeferredRefreshableToken._protected_refresh": (
        "session.providers.SsoTokenProvider",
        {"6d60f38a8675"},
    ),
    "utils:SSOTokenLoader._generate_cache_key": ("storage.keys.token_key", {"40be05837c3d"}),
    "client:BaseClient._emit_api_params": (
        "session.token_parameter.AccessTokenParameter.provide",
        {"76ab1289aebc"},
    ),
    "regions:EndpointRulesetResolver._get_customized_builtins": (
        "session.token_parameter.AccessTokenParameter.route",
        {"24b3c421b8c6", "16c423aa76c9"},
    ),
    "loaders:Loader.load_data_with_path": ("models.add_data_path", {"568513acebdb"}),
    "exceptions:BotoCoreError.__init__": ("errors.SsoPluginError", {"ab39e5083d16"}),
}


@pytest.mark.parametrize("seam", SEAMS)
def test_botocore_has_not_changed(seam: str) -> None:
    """Each function that we depend on is one that we have checked."""
    check_seam("botocore", seam, SEAMS)


def test_our_code_that_depends_on_botocore_exists() -> None:
    """A name in SEAMS is a module of sso_plugin, or a class or function in one."""
    assert missing_code(SEAMS) == []


@pytest.mark.parametrize(("version", "left"), [("1.31.84", 0), ("1.31.85", 1), ("1.44.5", 1)])
def test_all_components_of_an_old_botocore_are_created_at_once(
    monkeypatch: pytest.MonkeyPatch, version: str, left: int
) -> None:
    """There, a renewal in the background fails while another thread creates a client."""
    session = Session()
    monkeypatch.setattr(botocore, "__version__", version)
    create_all_components(session)
    deferred = [*vars(session)["_components"]._deferred]
    deferred += vars(session)["_internal_components"]._deferred
    assert bool(deferred) == bool(left)


if __name__ == "__main__":
    print_digests("botocore", SEAMS)
