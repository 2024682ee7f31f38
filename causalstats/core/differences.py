"""Whether the difference of two fits' answers is one of like with like."""

from __future__ import annotations

from collections.abc import Sequence

from causalstats.core.check import Check

SAME_QUANTITY = "one quantity in both answers"
SAME_PARTS = "the same parts in both answers"
_PAIR = " ~ "


def difference_checks(
    one: Sequence[str], other: Sequence[str], left_out: Sequence[str]
) -> tuple[Check, ...]:
    """Return cautions of a difference between the answers of two fits; none of like with like.

    Parameters
    ----------
    one, other : sequence of str
        Description, unit and contrast of each answer, and its sentence.
    left_out : sequence of str
        Entries that only one of the answers has.

    Examples
    --------
    >>> first, second = ["Effect of t on wage."], ["Effect of t on log wage."]
    >>> [check.name for check in difference_checks(first, second, [])]
    ['one quantity in both answers']
    >>> difference_checks(first, first, [])
    ()
    """
    checks = []
    apart = [pair for pair in zip(one, other, strict=True) if pair[0] != pair[1]]
    if apart:
        first, second = apart[0]
        checks.append(
            Check(
                name=SAME_QUANTITY,
                passed=None,
                value=None,
                expected="the same outcome, contrast and unit in both answers",
                finding=f"the one answer is '{first}', the other '{second}'",
                remedy="A difference of effects on two outcomes, of two treatments or in two "
                "units is no number about either: give both fits the same columns, in the same "
                "units.",
                caution=True,
            )
        )
    pairs = [name for name in left_out if _PAIR in name]
    if pairs:
        checks.append(
            Check(
                name=SAME_PARTS,
                passed=None,
                value=float(len(pairs)),
                expected="the same parts in both fits",
                finding=f"{len(pairs):,} pairs are in one of the two fits only, such as {pairs[0]}",
                remedy="A partial correlation is that given the other parts, and with other parts "
                "another: fit `data.subcomposition([...])` of the parts that both have, or ask "
                "for `at=[...]` of these.",
                caution=True,
            )
        )
    return tuple(checks)
