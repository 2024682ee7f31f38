"""The initial conditions problem of dynamic panels: unit effects given the first outcomes.

The first outcome of a unit depends on its unit effect, and has no equation of its own. So the unit
effect is taken given the first outcomes and the regressors of all periods (Wooldridge 2005), in the
form of Chamberlain (1982), a coefficient for each period, or of Mundlak (1978), for unit means,

    α_i = φ'(y_i0 ...) + Σ_s x_is'λ_s + u_i    or    φ'(y_i0 ...) + x̄_i'λ + u_i
"""

from __future__ import annotations

import numpy as np


def histories(
    first: np.ndarray,
    regressors: np.ndarray,
    started: np.ndarray,
    span: tuple[int, int] | None,
) -> np.ndarray:
    """Return the columns that unit effects are projected on.

    Parameters
    ----------
    first : array, shape (n, lags)
        The first outcomes.
    regressors : array, shape (n, T, q)
        Of the periods after them.
    started : bool array, shape (s,)
        Whether these units are first seen in each later period: each has a constant of its own.
    span : (first of these periods, number of periods of the panel), or None
        Chamberlain's form, in which a period that was not seen has the unit's mean; None for
        Mundlak's.

    Returns
    -------
    array, shape (n, h)

    Examples
    --------
    >>> one = np.array([[[1.0], [3.0]]])
    >>> histories(np.array([[5.0]]), one, np.array([False]), None)
    array([[5., 0., 2.]])
    >>> histories(np.array([[5.0]]), one, np.array([False]), (1, 3))
    array([[5., 0., 2., 1., 3.]])
    """
    means = regressors.mean(axis=1)
    projected = means
    if span is not None:
        begin, periods = span
        full = np.repeat(means[:, None], periods, axis=1)
        full[:, begin : begin + regressors.shape[1]] = regressors
        projected = full.reshape(len(full), -1)
    constants = np.broadcast_to(started, (len(first), len(started)))
    return np.hstack([first, constants, projected])
