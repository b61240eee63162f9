"""What an account may be called."""

import re

ACCOUNT = r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$"


def is_account(text: str) -> bool:
    """True for a name that an account may have."""
    return re.fullmatch(ACCOUNT.strip("^$"), text) is not None
