"""The public functions, such as ``login``. Each finds its login, then calls the packages below.

`sso_plugin` imports this package when one of the functions is first used.
"""
