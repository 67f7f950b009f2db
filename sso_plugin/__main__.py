"""``python -m sso_plugin``: runs the command ``sso-plugin``."""

import sys

from .cli import main

sys.exit(main())
