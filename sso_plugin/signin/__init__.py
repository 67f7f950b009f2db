"""Getting a person to log in: by a browser on this machine, or by a code anywhere.

`sign_in` chooses the flow and runs it, `ask_person` does so for a script that needs a login.
"""
