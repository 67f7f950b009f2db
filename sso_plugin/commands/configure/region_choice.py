"""The option ``--region``: one region for all profiles, or one for an account or a pattern."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..region_names import region_fault
from .patterns import is_pattern, matching_accounts, no_account

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sso_plugin.portal.listings import Account

    from .patterns import Unmatched

__all__ = ["RegionRule", "regions_by_account"]


class RegionRule(NamedTuple):
    """A region, and the account that it is for: an id, a name, a pattern, or None for all."""

    account: str | None
    region: str

    @classmethod
    def parse(cls, text: str) -> RegionRule:
        """Read ``[ACCOUNT=]REGION``. The name of an account may have a ``=``.

        :raises ValueError: if the region does not have the form of one.
        """
        account, separator, region = text.rpartition("=")
        if fault := region_fault(region):
            raise ValueError(fault)
        return cls(account if separator else None, region)

    @property
    def exactness(self) -> tuple[int, int]:
        """Its place in the order of rules: the last rule that matches an account counts."""
        if self.account is None:
            return 0, 0
        if not is_pattern(self.account):
            return 2, 0
        return 1, len(self.account) - sum(map(self.account.count, "*?"))


def regions_by_account(
    texts: Iterable[str], accounts: Collection[Account], unmatched: Unmatched
) -> dict[str, str]:
    """Return the region of each account, by its id. Accounts without a region are left out.

    :param texts: the values of the option.
    :raises ConfigError: if a value that was given is for an account that the user does not have.
    """
    regions: dict[str, str] = {}
    for rule in sorted(map(RegionRule.parse, texts), key=lambda rule: rule.exactness):
        found = accounts
        if rule.account is not None:
            found = matching_accounts(rule.account, accounts, "--region")
            if not found:
                unmatched.report("regions", no_account(rule.account, "--region", accounts))
        regions.update(dict.fromkeys((each.account_id for each in found), rule.region))
    return regions
