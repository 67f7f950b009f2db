"""A local IAM Identity Center: portal, OIDC and STS behind one loopback port.

    with Emulator() as emulator:
        os.environ.update(emulator.environment())
        token = emulator.sign_in("alice")

Needs Werkzeug (`pip install sso-plugin[emulator]`). Nothing else in this package imports it.
"""

from .errors import UnexpectedRequestError
from .fault import Fault
from .organization import Account, Assignment, Organization, Role, User, VanityUrl
from .requestlog import LoggedRequest
from .server import Emulator
from .settings import Settings
from .signin import SignIn

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
