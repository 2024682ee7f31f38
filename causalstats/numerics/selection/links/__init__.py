"""Link functions of binary regressions, by the name that users write.

A new link is a file beside these, and a line in `LINKS`.
"""

from collections.abc import Mapping
from typing import Literal

from causalstats.numerics.selection.links.link import Link
from causalstats.numerics.selection.links.logit import LOGIT
from causalstats.numerics.selection.links.probit import PROBIT

LinkName = Literal["logit", "probit"]
LINKS: Mapping[LinkName, Link] = {"logit": LOGIT, "probit": PROBIT}

__all__ = ["LINKS", "Link", "LinkName"]
