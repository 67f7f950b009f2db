"""``sso-plugin configure``: profiles for the roles of a user, written into the config file."""
