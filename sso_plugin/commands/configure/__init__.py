"""``sso-plugin configure``: writes a profile for each role of a user into the config file.

`configuring` makes a plan and writes it. `login_choice` and `role_choice` read the options,
`profile_names` and `role_profiles` choose the profile of each role. `config_text` and
`profile_text` change the text of the file.
"""
