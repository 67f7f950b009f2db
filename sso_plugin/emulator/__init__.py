"""A local IAM Identity Center for tests: portal, OIDC and STS on one loopback port.

    with Emulator() as emulator:
        os.environ.update(emulator.environment())
        token = emulator.sign_in("alice")

`emulator` has the class to use. `state` has the data, `http` the server and the services, `control`
the requests with which another process controls it. Needs Werkzeug:
`pip install sso-plugin[emulator]`. No other package of sso_plugin imports the emulator.
"""

from .emulator import Emulator
from .state.completed_sign_in import SignIn
from .state.identities import Account, Assignment, Role, User, VanityUrl
from .state.injected_fault import Fault
from .state.organization import Organization
from .state.request_log import LoggedRequest
from .state.service_errors import UnexpectedRequestError
from .state.settings import Settings

__all__ = [
    "Account",
    "Assignment",
    "Emulator",
    "Fault",
    "LoggedRequest",
    "Organization",
    "Role",
    "Settings",
    "SignIn",
    "UnexpectedRequestError",
    "User",
    "VanityUrl",
]
