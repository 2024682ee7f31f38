"""The link functions, one a file, in the table that users' names refer to."""

from causalstats.numerics.selection.links.link import Link
from causalstats.numerics.selection.links.logit import LOGIT
from causalstats.numerics.selection.links.probit import PROBIT

LINKS = {link.name: link for link in (LOGIT, PROBIT)}

__all__ = ["LINKS", "Link"]
