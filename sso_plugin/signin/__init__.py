"""Logs a user in: in a browser on this machine, or with a code in any browser.

`sign_in` chooses the flow and runs it. `prompt` has the text that the user sees, `callback` the
page that the browser shows afterwards. `ask_person` starts a login for a script that needs one.
`flows` has the two OAuth flows, `polling` the pauses of the device flow, `registration` the OAuth
client, `vanity` a company's own start URLs. `configured_login` finds, shows and ends the login that
a call is about, `every_login` all of them.
"""
