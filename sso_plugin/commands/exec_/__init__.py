"""``sso-plugin exec``: a command with credentials that are renewed while it runs."""
