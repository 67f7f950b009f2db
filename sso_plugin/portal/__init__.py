"""The calls to Identity Center, typed and validated: its services ``sso`` and ``sso-oidc``.

`client` sends a request, `responses` validates what comes back, `error_map` turns botocore's errors
into ours, `throttling` retries throttled requests (429), `outage` shares failures between processes.
"""
