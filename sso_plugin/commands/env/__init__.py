"""``sso-plugin env``: the credentials of a profile as lines for a shell."""
