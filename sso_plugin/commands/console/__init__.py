"""``sso-plugin console``: the sign-in to the AWS console with the credentials of a role."""
