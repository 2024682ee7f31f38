"""Link functions of binary regressions, by the name that users write.

A new link is a file beside these, and a line in `LINKS`.
"""

from causalstats.numerics.selection.links.link import Link
from causalstats.numerics.selection.links.logit import LOGIT
from causalstats.numerics.selection.links.probit import PROBIT

LINKS = {link.name: link for link in (LOGIT, PROBIT)}

__all__ = ["LINKS", "Link"]
