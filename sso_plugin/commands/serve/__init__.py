"""``sso-plugin serve``: credentials on a port of this machine, for any program."""
