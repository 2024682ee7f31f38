"""Comb disintegration: factors of a joint distribution along an order of variables.

The comb of a district is its c-factor (Tian & Pearl 2002).
"""

from collections.abc import Collection

import numpy as np


def comb(
    joint: np.ndarray, members: Collection[int], axes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the product Π_{i in members} P(v_i | v_1 ... v_{i-1}) of a joint distribution.

    Every distribution that factorises into a comb with these members as outputs and one with the
    other variables determines both, except where P(v_1 ... v_{i-1}) = 0 for a member i. There
    P(v_i | ...) may be any distribution: unless another factor is 0, such a cell may be anything
    from 0 to the product of the other factors.

    Parameters
    ----------
    joint : array, shape (batch..., one axis for each variable)
    members : collection of int
        Positions among the variables.
    axes : int
        The number of variables.

    Returns
    -------
    lowest, highest : arrays, shape (batch..., axis or 1, ...)
        Equal where the joint distribution determines the product. Axes after the last member have
        size 1.

    References
    ----------
    Jacobs, Kissinger & Zanasi (2019), Causal inference by string diagram surgery, for combs of two
    outputs. The c-factors Q of Tian & Pearl (2002) are such combs.

    Examples
    --------
    >>> joint = np.array([[0.1, 0.3], [0.0, 0.6]])
    >>> lowest, highest = comb(joint, [1], 2)
    >>> highest
    array([[0.25, 0.75],
           [0.  , 1.  ]])
    >>> bool((lowest == highest).all())
    True
    """
    first = joint.ndim - axes
    value = np.ones([1] * joint.ndim)
    undefined = np.zeros([1] * joint.ndim, bool)
    for member in sorted(members):
        axis = first + member
        later = tuple(range(axis + 1, joint.ndim))
        numerator = joint.sum(axis=later, keepdims=True)
        condition = numerator.sum(axis=axis, keepdims=True)
        unity = np.ones_like(numerator)
        value = value * np.divide(numerator, condition, out=unity, where=condition > 0)
        if joint.shape[axis] > 1:
            undefined = undefined | (condition <= 0)
    return np.where(undefined, 0.0, value), value
