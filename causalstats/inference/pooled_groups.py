"""Networks of k groups, drawn towards what they have in common, and their differences.

Fits under prior="horseshoe" are replaced by one joint fit of k precision matrices, each the common
one plus differences of its group (`joint_horseshoe_gibbs`).

Under prior="matching" each group stays as it was fitted, and its partial correlations enter by
their posterior on the scale of Fisher's z = atanh r, which is nearly normal. The partial pooling is
that of `numerics.testing.partial_pooling`: a mixture over which groups differ and by how much,
learned over all pairs. It is no joint model of the precision matrices: pairs are pooled one by one,
by the same mixture, and the pooled values of one group need not be those of a positive definite
matrix.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations

import numpy as np
import pandas as pd
import xarray as xr

from causalstats.core.argument_validation import Inside, NotNegative, checked
from causalstats.core.check import Check
from causalstats.core.effect import INTERVAL, Effect
from causalstats.errors import ModelError
from causalstats.inference.fit import Fit
from causalstats.inference.joint_groups import joint_answers
from causalstats.models.partial_correlation import PartialCorrelation
from causalstats.models.partial_correlation.resolution_of_groups import (
    small_differences,
)
from causalstats.models.partial_correlation.rows_of_groups import (
    groups_of_other_subjects,
    refuse_shared_rows,
)
from causalstats.numerics.compositions.pair_names import matched
from causalstats.numerics.sampling.centre import estimate_columns
from causalstats.numerics.testing.partial_pooling import (
    Pooled,
    difference_signs,
    draw,
    false_sign_rates,
    pool,
)
from causalstats.samplers.gibbs import Gibbs

_DRAWS = (4, 1000)  # chains and draws
_DIFFERENT = 0.1  # partial correlations
_ANSWERS = ("partial_correlation", "excess")
_PRIORS = ("horseshoe", "matching")


@dataclass(frozen=True, eq=False)
class PooledGroups:
    """Answers of k groups after partial pooling, from `pool_groups`.

    Parameters
    ----------
    answers : mapping of str to Effect
        The pooled answer of each group. `minus` takes differences of two draw by draw.
    pooled : Pooled or None
        The posterior mixture, on the scale of Fisher's z; None of a joint fit.
    excess : PooledGroups or None
        Of partial correlations, the same less the value without a link, which differs between
        groups whose parts vary differently: what is decided about. None of the excess itself.
    """

    answers: Mapping[str, Effect]
    pooled: Pooled | None = None
    excess: PooledGroups | None = None

    @property
    def share_different(self) -> float:
        """Posterior mean share of the pairs in which any group differs from the others.

        Of a mixture, differences that are far smaller than their standard errors count too; of a
        joint fit, in which no two groups are wholly alike, those of more than .1 between any two.
        They are differences of the excess over the value without a link.
        """
        if self.excess is not None:
            return self.excess.share_different
        if self.pooled is None:
            draws = np.array([each.draws.to_numpy() for each in self.answers.values()])
            return float((np.ptp(draws, axis=0) > _DIFFERENT).mean())
        null = self.pooled.variances.max(axis=1) == 0
        return float(self.pooled.chances[~null].sum(axis=0).mean())

    @checked(ModelError)
    def decide(self, fdr: Inside = 0.05, prob: Inside = INTERVAL) -> pd.DataFrame:
        """Return which pairs differ between which groups, the surest first.

        Partial correlations without a link differ between groups whose parts vary differently: the
        decision is about their excess over that value, whose difference is then a column too.

        Parameters
        ----------
        fdr : float
            The rate of false signs among the selected, differences of 0 included.
        prob : float
            Probability of the intervals.

        Returns
        -------
        DataFrame
            A row for each two groups and each pair: mean, lower and upper of the difference, first
            less second; `positive`, P(difference > 0), and `equal`, P(no difference), which is 0
            of a joint fit; `error`, the local false sign rate; `q_value`, twice its mean over all
            that are as sure; `selected`, never of a pair that either group leaves undetermined;
            `doubts`, the names of the checks that the difference of the two groups carries.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.PartialCorrelation(prior="matching")
        >>> fits = {
        ...     name: cs.fit(
        ...         model, model.simulate(k, rows=40, parts=4).data, seed=1, progress=False
        ...     )
        ...     for k, name in enumerate(["lean", "obese"])
        ... }
        >>> cs.pool_groups(fits).decide().columns.tolist()[3:]
        ['positive', 'equal', 'excess', 'error', 'q_value', 'selected', 'doubts']
        """
        tables, asked = [], []
        for (k, one), (m, other) in combinations(enumerate(self.answers), 2):
            difference = self._difference(one, other)
            table = difference.numbers(prob)
            table = table[estimate_columns(table)]
            decided = self if self.excess is None else self.excess
            above, below = decided._signs(k, m)
            table = table.assign(positive=above, equal=np.maximum(1 - above - below, 0))
            if self.excess is not None:
                over = self.excess._difference(one, other).draws
                table = table.assign(excess=over.mean(("chain", "draw")).to_numpy())
            names = "; ".join(check.name for check in difference.doubts)
            table = table.assign(error=1 - np.maximum(above, below), doubts=names)
            determined = difference.determined and difference.determined()
            asked.append(
                np.ones(len(table), bool) if determined is None else determined
            )
            table.index = pd.MultiIndex.from_product(
                [[f"{one} - {other}"], table.index], names=["groups", table.index.name]
            )
            tables.append(table)
        whole = pd.concat(tables)
        known = np.concatenate(asked)
        rates = np.full(len(whole), np.nan)
        rates[known] = false_sign_rates(whole["error"].to_numpy()[known])
        doubts = whole.pop("doubts")
        whole = whole.assign(q_value=rates, selected=rates <= fdr, doubts=doubts)
        return whole.sort_values("error", kind="stable")

    def _difference(self, one: str, other: str) -> Effect:
        return self.answers[one].minus(self.answers[other], f"{one} - {other}")

    def _signs(self, one: int, other: int) -> tuple[np.ndarray, np.ndarray]:
        """Return P(difference > 0) and P(difference < 0) of each pair.

        Parameters
        ----------
        one, other : int
            The positions of two groups.
        """
        if self.pooled is not None:
            return difference_signs(self.pooled, one, other)
        names = list(self.answers)
        values = self._difference(names[one], names[other]).draws.to_numpy()
        return (values > 0).mean(axis=(0, 1)), (values < 0).mean(axis=(0, 1))


@checked(ModelError)
def pool_groups(
    fits: Mapping[str, Fit],
    estimand: str = "partial_correlation",
    scale: NotNegative | None = None,
    sampler: Gibbs | None = None,
) -> PooledGroups:
    """Pool the partial correlations of k groups, each of which is fitted alone.

    Under prior="horseshoe" all groups are fitted jointly, by a Gibbs sampler. Each precision of
    amounts before closure has partial correlations -R_gij = -(c_ij + δ_gij),

        c_ij ~ Normal(0, (τ λ_ij)²),  δ_gij ~ Normal(0, (ρ κ_gij τ λ_ij)²)

    with half-Cauchy(1) λ, κ and ρ, τ as in a group alone, and log ω_gj ~ Normal(μ_j, σ_δ²). What
    groups share is learned from the rows of all, and what differs is looked for among links. τ is
    cut at the model's `least_global_shrinkage` where that is given, and nowhere by the number of
    parts, as in a group alone. Distances of parts are refused: no joint fit uses them.

    Under prior="matching", z_g ~ Normal(c + d_g, s_g²) pair by pair, with the mean z_g and the
    standard deviation s_g of atanh r in group g, c flat, and d a mixture over which groups differ
    and by how much that is learned over all pairs (adaptive shrinkage).

    Parameters
    ----------
    fits : mapping of str to Fit
        Of `PartialCorrelation(prior="horseshoe")` or "matching", the same for all, by the names of
        the groups, about the same parts.
    estimand : "partial_correlation" or "excess"
    scale : float, optional
        Under "matching", standard deviation of d_g instead of the mixture: 0 takes all groups for
        one, and a large number each for itself.
    sampler : Gibbs, optional
        Of the joint fit, under "horseshoe". By default 4 chains, as long as suits the parts.

    Returns
    -------
    PooledGroups

    Raises
    ------
    ModelError
        If there are fewer than two groups, two of them have rows in common, their parts or models
        differ, their prior is another one, or under "horseshoe" their parts have distances.

    References
    ----------
    Stephens (2017), False discovery rates: a new deal, Biostatistics 18. Danaher, Wang & Witten
    (2014), The joint graphical lasso for inverse covariance estimation across multiple classes,
    Journal of the Royal Statistical Society B 76: the same aim by a penalty.

    Examples
    --------
    >>> import causalstats as cs
    >>> model = cs.PartialCorrelation(prior="matching")
    >>> fits = {
    ...     name: cs.fit(model, model.simulate(k, rows=40, parts=4).data, seed=1, progress=False)
    ...     for k, name in enumerate(["lean", "obese"])
    ... }
    >>> list(cs.pool_groups(fits).answers)
    ['lean', 'obese']
    """
    prior = _refuse(fits, estimand)
    if prior == "horseshoe":
        if scale is not None:
            raise ModelError(
                "`scale` is that of differences under prior='matching'; under 'horseshoe' "
                f"expected none, got {scale:g}: it is learned."
            )
        joint = joint_answers(fits, estimand, sampler or Gibbs())
        pooled = PooledGroups(joint, excess=_jointly_in_excess(joint))
        return _with_checks_of_groups(pooled, fits, is_learned=True)
    if sampler is not None:
        raise ModelError(
            "`sampler` is that of a joint fit, under prior='horseshoe'; under 'matching' nothing "
            "is sampled again."
        )
    refuse_shared_rows({name: fit.data for name, fit in fits.items()})
    excess = None
    if estimand == "partial_correlation":
        excess = _pooled_pairs(fits, "excess", scale)
    pooled = replace(_pooled_pairs(fits, estimand, scale), excess=excess)
    return _with_checks_of_groups(pooled, fits, is_learned=scale is None)


def _with_checks_of_groups(
    pooled: PooledGroups, fits: Mapping[str, Fit], is_learned: bool
) -> PooledGroups:
    """Return answers that carry, beside their own doubts, those about all groups together.

    Parameters
    ----------
    pooled : PooledGroups
    fits : mapping of str to Fit
    is_learned : bool
        Whether it is learned how much groups differ.
    """
    groups = {name: fit.data for name, fit in fits.items()}
    together = groups_of_other_subjects(groups)
    if is_learned:
        together += small_differences(groups)
    if not together:
        return pooled
    answers = {
        name: replace(answer, make_doubts=partial(_doubts, together, answer))
        for name, answer in pooled.answers.items()
    }
    return replace(pooled, answers=answers)


def _doubts(together: tuple[Check, ...], answer: Effect) -> tuple[Check, ...]:
    return (*together, *answer.doubts)


def _jointly_in_excess(joint: Mapping[str, Effect]) -> PooledGroups | None:
    """Return answers less their values without a link, of the same draws; None of the excess."""
    over = {
        name: answer.over_null()
        for name, answer in joint.items()
        if answer.over_null is not None
    }
    return PooledGroups(over) if over else None


def _pooled_pairs(
    fits: Mapping[str, Fit], estimand: str, scale: float | None
) -> PooledGroups:
    """Return an answer of each group, pooled pair by pair.

    Parameters
    ----------
    fits : mapping of str to Fit
    estimand : str
    scale : float or None
        Standard deviation of differences instead of the mixture.
    """
    answers = {name: fit.effect(estimand) for name, fit in fits.items()}
    first = next(iter(answers.values()))
    dim = str(first.draws.dims[-1])
    labels = list(first.draws[dim].to_numpy())
    scores = []
    for name, answer in answers.items():
        entries = matched(labels, list(answer.draws[dim].to_numpy()))
        values = answer.draws.to_numpy().reshape(-1, answer.draws.sizes[dim])
        if len(values) == 0 or len(entries.here) < len(labels):
            raise ModelError(
                f"Expected draws of the same pairs in every group, got others in {name!r}: fit "
                "`data.subcomposition([...])` of the parts that all groups have."
            )
        scores.append(np.arctanh(values[:, entries.there]))
    estimates = np.array([each.mean(axis=0) for each in scores])
    errors = np.array([each.std(axis=0) for each in scores])
    pooled = pool(estimates, errors, scale)
    drawn = np.tanh(draw(pooled, _DRAWS[0] * _DRAWS[1], np.random.default_rng(0)))
    drawn = drawn.reshape(*_DRAWS, len(answers), len(labels))
    coords = {dim: labels}
    key = "pooled " + " ".join(answer.drawn_from for answer in answers.values())
    return PooledGroups(
        {
            name: _pooled_answer(
                answer,
                xr.DataArray(
                    drawn[:, :, k], coords, ("chain", "draw", dim), answer.name
                ),
                f"{name}, partially pooled with {_others(answers, name)}",
                key,
            )
            for k, (name, answer) in enumerate(answers.items())
        },
        pooled,
    )


def _others(answers: Mapping[str, Effect], name: str) -> str:
    return ", ".join(each for each in answers if each != name)


def _pooled_answer(
    answer: Effect, draws: xr.DataArray, contrast: str, key: str
) -> Effect:
    """Return the pooled answer of a group, with the doubts of its own fit.

    Parameters
    ----------
    answer : Effect
        Of the group alone.
    draws : DataArray
    contrast : str
    key : str
        Of draws that belong together.
    """

    def doubts() -> tuple[Check, ...]:
        return answer.doubts

    return replace(
        answer,
        draws=draws,
        contrast=contrast,
        description=answer.description + " Partially pooled over groups, pair by pair.",
        marginals=None,
        savage_dickey=None,
        over_null=None,
        determined=None,
        make_doubts=doubts,
        sentence="",
        drawn_from=key,
    )


def _refuse(fits: Mapping[str, Fit], estimand: str) -> str:
    """Refuse groups that cannot be pooled, and return the name of their prior.

    Raises
    ------
    ModelError
        Saying which, and what to do.
    """
    if len(fits) < 2:
        raise ModelError(f"Expected fits of two groups or more, got {len(fits)}.")
    if estimand not in _ANSWERS:
        listed = " or ".join(repr(name) for name in _ANSWERS)
        raise ModelError(f"Expected estimand {listed}, got {estimand!r}.")
    priors = {}
    for name, fit in fits.items():
        model = fit.model
        if not isinstance(model, PartialCorrelation):
            raise ModelError(
                f"Expected fits of `PartialCorrelation`, got {type(model).__name__} for {name!r}."
            )
        prior = model.for_data(fit.data).prior
        if prior not in _PRIORS:
            raise ModelError(
                "Expected fits under prior='horseshoe', which are replaced by a joint fit, or "
                f"'matching', got {prior!r} for {name!r}: what a prior has shrunk once would be "
                "shrunk twice. Differences of two groups under any prior are "
                "`one.effect('excess').minus(other.effect('excess'), contrast=...)`."
            )
        priors[name] = prior
    if len(set(priors.values())) > 1:
        listed = ", ".join(f"{prior!r} of {name!r}" for name, prior in priors.items())
        raise ModelError(f"Expected one prior of all groups, got {listed}.")
    return str(prior)
