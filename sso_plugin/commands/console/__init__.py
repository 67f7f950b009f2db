"""``sso-plugin console``: a link that signs in to the AWS console as a role."""
