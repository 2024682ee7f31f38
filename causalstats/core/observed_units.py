"""What was observed of each person, unit or row, with its likelihood and its replications."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, kw_only=True)
class ObservedUnits:
    """The pieces of the data that can be left out one at a time, one number observed of each.

    The likelihood is a product over them, given the parameters: leave-one-out cross-validation
    (LOO), LOO-PIT and influence follow from the log likelihood of each.

    Parameters
    ----------
    name : str
        The name of the variable in ArviZ's groups.
    dim : str
        What a piece is: "person", "unit" or "row". The name of its dim.
    labels : array, shape (n,)
    observed : array, shape (n,)
    meaning : str
        The number observed, and what its likelihood is of, in words.
    log_likelihood : function
        Returns the log likelihood of every piece, shape (chain · draw, n).
    replicate : function
        Returns posterior predictive replications of `observed`, shape (chain · draw, n).
    table : DataFrame
        A row a piece: columns by which pieces can be left out together.
    given_data : bool
        Whether replications need coefficients that are drawn given these data, so that none can be
        drawn from the prior.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> units = ObservedUnits(
    ...     name="y",
    ...     dim="row",
    ...     labels=np.arange(2),
    ...     observed=np.array([0.5, 1.5]),
    ...     meaning="y of each row",
    ...     log_likelihood=lambda: np.zeros((4, 2)),
    ...     replicate=lambda: np.ones((4, 2)),
    ...     table=pd.DataFrame({"clinic": ["a", "b"]}),
    ... )
    >>> len(units)
    2
    """

    name: str
    dim: str
    labels: np.ndarray
    observed: np.ndarray
    meaning: str
    log_likelihood: Callable[[], np.ndarray]
    replicate: Callable[[], np.ndarray]
    table: pd.DataFrame
    given_data: bool = False

    def __len__(self) -> int:
        return len(self.labels)
