"""``sso-plugin env``: the credentials of a profile as shell commands."""
