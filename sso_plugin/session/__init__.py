"""Changes botocore sessions so that sso_plugin serves them, and undoes the changes.

`plugin` changes a session, `providers` has the providers that replace those of botocore,
`rejected_requests` and `token_parameter` handle events of clients, `seams` has all access to
private parts of botocore.
"""
