"""How sso_plugin sits in a session of botocore: what is replaced, and how that is undone.

`plugin` changes a session, `providers` has what the session gets, `seams` has the places of
botocore without a public interface.
"""
