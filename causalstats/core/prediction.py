"""Observable statistics beside their posterior predictive replications."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """An observed statistic by group, beside its posterior predictive replications.

    Parameters
    ----------
    name : str
    groups : tuple of str
    observed : array, shape (groups,)
    size : array, shape (groups,)
        The number of observations in each group.
    replicated : array, shape (replications, groups)
    remedy : str
        The advice where observed and replicated differ.
    allowed : str
        Why the answer holds where the model does not reproduce the statistic; empty otherwise.

    Examples
    --------
    >>> import numpy as np
    >>> rates = np.array([[0.1, 0.2], [0.2, 0.3]])
    >>> size, observed = np.array([50, 60]), np.array([0.1, 0.3])
    >>> prediction = Prediction(
    ...     name="rate", groups=("a", "b"), observed=observed, size=size, replicated=rates
    ... )
    >>> (prediction.replicated >= prediction.observed).mean(axis=0).tolist()
    [1.0, 0.5]
    """

    name: str
    groups: tuple[str, ...]
    observed: np.ndarray
    size: np.ndarray
    replicated: np.ndarray
    remedy: str = (
        "It is not linear in these features: add splines or interactions "
        "through `formula=`."
    )
    allowed: str = ""
