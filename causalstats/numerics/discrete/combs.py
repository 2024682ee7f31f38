"""Joint distributions taken apart along an order of their variables, with what no joint distribution can tell."""

from collections.abc import Collection

import numpy as np


def comb(joint: np.ndarray, members: Collection[int], axes: int) -> tuple[np.ndarray, np.ndarray]:
    """Π_{i in members} P(v_i | v_1 ... v_{i-1}) for the variables of the last `axes` axes of a joint distribution, in their order: (lowest, highest).

    Both have shape (batch..., axis or 1...): axes after the last member have size 1. Every distribution that factorises into a comb with these members as
    outputs and one with the others determines both, but where P(v_1 ... v_{i-1}) = 0 for a member i: there P(v_i | ...) may be any distribution. Unless another
    factor is 0, such a cell may be anything from 0, its `lowest`, to the product of the other factors, its `highest`; elsewhere the two are equal.

    Jacobs, Kissinger & Zanasi (2019) for combs of two outputs; the factors Q of Tian & Pearl (2002) are such combs.
    """
    first = joint.ndim - axes
    value, undefined = np.ones([1] * joint.ndim), np.zeros([1] * joint.ndim, bool)
    for member in sorted(members):
        own = first + member
        upto = joint.sum(axis=tuple(range(own + 1, joint.ndim)), keepdims=True)
        before = upto.sum(axis=own, keepdims=True)
        value = value * np.divide(upto, before, out=np.ones_like(upto), where=before > 0)
        if joint.shape[own] > 1:
            undefined = undefined | (before <= 0)
    return np.where(undefined, 0.0, value), value
