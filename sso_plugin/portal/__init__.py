"""The calls to Identity Center, typed and validated: its services ``sso`` and ``sso-oidc``.

`client` sends requests by a `service_client`. `responses` validates what comes back, `error_map`
turns botocore's errors into ours, and `unreachable` has the errors of failed connections.
`throttling` limits the request rate and retries throttled requests (429). The rate is a `budget`,
in a file or, for a fleet, on its server: `network_budget`. `outage` shares failures with other
processes. `listings` lists accounts and roles, on several threads by `concurrent_map`.
`account_choice` finds an account by its name or ID.
"""
