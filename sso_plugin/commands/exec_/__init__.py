"""``sso-plugin exec``: a command whose credentials are renewed for as long as it runs."""
