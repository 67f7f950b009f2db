"""A local IAM Identity Center: portal, OIDC and STS behind one loopback port.

    with Emulator() as emulator:
        os.environ.update(emulator.environment())
        token = emulator.sign_in("alice")

Needs Werkzeug (`pip install sso-plugin[emulator]`). Nothing else in this package imports it.
"""

from .server import Emulator
from .state.errors import UnexpectedRequestError
from .state.fault import Fault
from .state.identities import Account, Assignment, Role, User, VanityUrl
from .state.organization import Organization
from .state.request_log import LoggedRequest
from .state.settings import Settings
from .state.signin import SignIn

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
