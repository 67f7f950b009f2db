"""The calls to Identity Center, typed and validated: its services ``sso`` and ``sso-oidc``.

`client` sends a request, `responses` validates the response, `error_map` turns botocore's errors
into ours. `throttling` retries throttled requests (429), `outage` shares failures with other
processes.
"""
