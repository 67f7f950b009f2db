"""Serves sessions of aiobotocore. Imported only beside it, when such a session has an SSO profile.

Its `providers` return `credentials` and tokens with the interface of aiobotocore. Behind them are
those of sync sessions, `shared` by all sessions, which call the portal with a `twin` of the session
in a background thread. `waiting` awaits that thread. `rejected_requests` and `token_parameter`
handle events of clients. `signing_client` is for role chains.
"""
