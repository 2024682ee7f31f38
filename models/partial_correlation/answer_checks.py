"""Checks of an answer about pairs: undetermined and unresolved pairs, shrinkage, many links."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from causalstats.core.check import Check
from causalstats.core.formatting import some_of
from causalstats.data import Composition
from causalstats.models.partial_correlation.marginal_posteriors import (
    pair_labels,
    pairs,
)
from causalstats.models.partial_correlation.observation import observation_of
from causalstats.models.partial_correlation.priors.base import (
    ExactPrior,
    ShrinkagePrior,
)
from causalstats.models.partial_correlation.row_dependence import row_dependence_of
from causalstats.numerics.compositions.counting_information import (
    counting_information,
    shared_information,
)
from causalstats.numerics.compositions.log_ratios import linearly_dependent
from causalstats.numerics.compositions.shrinkage_bias import link_shrinkage
from causalstats.numerics.sampling.convergence_diagnostics import split_r_hats

if TYPE_CHECKING:
    from causalstats.models.partial_correlation.model import PartialCorrelation

_MANY_PARTS = 20  # among which a link leaves little excess in other pairs
_LEAST_SHARED = 0.5  # share of rows by whose counts a pair is determined
_FEWEST_TOGETHER = 10  # rows in which both parts of a determined pair can be present
_LARGEST_R_HAT = 1.05  # of a pair that the chains resolve
_LARGEST_UNRESOLVED = 0.01  # share of pairs, beyond which chains are too short
_LARGEST_WEIGHT = 0.5  # of the prior, beside the data
_PARTS_OF_A_NETWORK = (
    10  # from which a strong link can be one among many pairs without any
)
_ROWS_A_PART = 4.0  # from which a strong link makes the weight of the prior small
_PARTS_FOR_SPARSITY = 6  # from which few links and many can be told apart
_MOST_PARTNERS = 4.0  # of a part, where few amounts are linked
_LARGEST_SHARE = 0.4  # of pairs that are links, likewise
# The same where the scale of the horseshoe is cut, so that unlinked amounts seem linked too
_FEW_PARTS = 8
_LARGEST_SHARE_OF_FEW = 0.47
_LINK = 0.1  # partial correlation of amounts that counts as a link, in size
_LARGEST_SHIFT = 1.0  # posterior standard deviations by which a link may be shrunk
# The same of priors of single links: an interval of 95 % shifted by so much covers .89
_LARGEST_SHIFT_OF_ONE = 0.7
_ROWS_FOR_ESTIMATES = 2.0  # a part, from which there are estimates without a prior
_FEWEST_DRAWS = 400  # of all chains, from which pairs have an R-hat
_PAIRS_NAMED = 3


def answer_checks(
    model: PartialCorrelation, name: str, draws: xr.Dataset, data: Composition
) -> tuple[Check, ...]:
    """Return checks of pairs: determined, resolved, excess without link, shrunk and many links.

    Parameters
    ----------
    model : PartialCorrelation
    name : str
        The estimand.
    draws : Dataset
        Posterior draws.
    data : Composition
    """
    checks = []
    if name == "excess" and len(data.parts) < _MANY_PARTS:
        checks.append(_excess_without_link(len(data.parts)))
    determined = _counted_pairs(draws, data)
    if determined is not None and not determined.all():
        checks.append(_not_determined(determined))
    resolved = _resolved_pairs(model, draws)
    if resolved is not None and not resolved.all():
        checks.append(_not_resolved(resolved, determined, data.parts))
    prior = model.covariance_prior
    drawn = "precision" in draws and draws.sizes["draw"]
    if isinstance(prior, ShrinkagePrior) and drawn:
        weight = float(prior.shrinkage_draws(model, draws, data)[1].mean())
        exact = model.errors == "normal" and observation_of(data).exact
        known = exact and row_dependence_of(data).independent
        scatter = data.scatter if known else None
        checks += _strong_links(weight, scatter, draws, data)
    if "basis_correlation" in draws and drawn:
        checks += _links_drawn_in(model, draws, data)
    if "basis_correlation" in draws and len(data.parts) >= _PARTS_FOR_SPARSITY:
        checks += _many_links(draws, len(data.parts))
    return tuple(checks)


def determined_pairs(
    model: PartialCorrelation, draws: xr.Dataset, data: Composition
) -> np.ndarray | None:
    """Return whether counts determine each pair of parts, and chains resolve it.

    None where parts are not counted, and chains resolve every pair.

    Parameters
    ----------
    model : PartialCorrelation
    draws : Dataset
        Posterior draws.
    data : Composition
    """
    counted = _counted_pairs(draws, data)
    resolved = _resolved_pairs(model, draws)
    if resolved is None or resolved.all():
        return counted
    return resolved if counted is None else counted & resolved


def _counted_pairs(draws: xr.Dataset, data: Composition) -> np.ndarray | None:
    """Return whether counts determine each pair of parts; None where parts are not counted.

    They do where the effective share of rows Σ_i I_ia I_ib / n, with the share I of the information
    about a log abundance that its count gives, is at least one half: of the rows in which both can
    be present, which are 10 at least.
    """
    if not data.counts or "precision" not in draws:
        return None
    theta = draws["precision"].transpose(..., "part", "other_part").to_numpy()
    precisions = np.diagonal(theta, axis1=-2, axis2=-1).mean(axis=(0, 1), dtype=float)
    exposures = data.exposures
    if data.present is not None:
        exposures = np.exp(data.offsets)
    information = counting_information(data.values, precisions, exposures)
    share = shared_information(information)
    enough = np.ones_like(share, bool)
    if data.present is not None:
        together = data.present.T.astype(float) @ data.present
        enough = together >= _FEWEST_TOGETHER
        share *= len(data) / np.maximum(together, 1)
    return (enough & (share >= _LEAST_SHARED))[pairs(len(data.parts))]


def _resolved_pairs(model: PartialCorrelation, draws: xr.Dataset) -> np.ndarray | None:
    """Return whether the R-hat of each pair is small; None of draws that are not of chains.

    A pair whose link is uncertain is near 0 in some stretches of a chain and strong in others,
    which parameters that all pairs share need not show.
    """
    chains = not isinstance(model.covariance_prior, ExactPrior)
    if not chains or "precision" not in draws:
        return None
    if draws.sizes["chain"] * draws.sizes["draw"] < _FEWEST_DRAWS:
        return None
    precision = draws["precision"].transpose("chain", "draw", "part", "other_part")
    theta = precision.to_numpy()
    roots = np.sqrt(np.diagonal(theta, axis1=-2, axis2=-1))
    r_hats = [
        split_r_hats(
            theta[:, :, part, part + 1 :]
            / (roots[:, :, [part]] * roots[:, :, part + 1 :])
        )
        for part in range(theta.shape[-1] - 1)
    ]
    return np.concatenate(r_hats) <= _LARGEST_R_HAT


def _not_resolved(
    resolved: np.ndarray, determined: np.ndarray | None, parts: tuple[str, ...]
) -> Check:
    """Return the check of pairs whose chains disagree.

    Parameters
    ----------
    resolved, determined : bool array, shape (pair,)
        By chains and by counts.
    parts : tuple of str
    """
    asked = ~resolved if determined is None else ~resolved & determined
    share = float(asked.mean())
    labels = pair_labels(parts)
    some = some_of([labels[k] for k in np.flatnonzero(asked)], _PAIRS_NAMED)
    named = f": {some}" if some else ", none of which counts determine"
    return Check(
        name="resolved by the chains",
        passed=False if share > _LARGEST_UNRESOLVED else None,
        value=share,
        expected=f"an R-hat of at most {_LARGEST_R_HAT:g} for every pair",
        finding=f"chains disagree about {int((~resolved).sum()):,} of {len(resolved):,} "
        f"pairs{named}",
        remedy="Whether these are linked is not known from so few sweeps: `decide` does not "
        "select them. Sample longer: `cs.Gibbs(thin=...)` with more sweeps between draws.",
        caution=share <= _LARGEST_UNRESOLVED,
    )


def _not_determined(determined: np.ndarray) -> Check:
    few = int((~determined).sum())
    return Check(
        name="determined by the counts",
        passed=None,
        value=float(determined.mean()),
        expected=f"counts that say more than the model in {_LEAST_SHARED:.0%} of the rows",
        finding=f"{few:,} of {len(determined):,} pairs are not determined: their parts are "
        "counted too seldom, or declared absent from too many rows, and what is said of them is "
        "mostly the prior",
        remedy="Do not read them as near 0: `decide` never selects them. Count deeper, pool "
        "rare parts, or leave out those that few rows have.",
        caution=True,
    )


def _excess_without_link(size: int) -> Check:
    return Check(
        name="excess of pairs without a link",
        passed=None,
        value=1 / size,
        expected=f"at least {_MANY_PARTS} parts",
        finding=f"among {size} parts a link leaves an excess of about {1 / size:.2f} in "
        "pairs that have none",
        remedy="Read it as a departure from independence and not as a list of links; "
        "prior='sparse' asks about links of the amounts, `basis_correlation`.",
        caution=True,
    )


def _many_links(draws: xr.Dataset, size: int) -> list[Check]:
    """Return the caution that amounts are linked too much for a sparse prior, where they are.

    Parameters
    ----------
    draws : Dataset
        With the partial correlations of the amounts.
    size : int
        D.
    """
    share = float((np.abs(draws["basis_correlation"]) > _LINK).mean())
    partners = share * (size - 1)
    largest = _LARGEST_SHARE_OF_FEW if size <= _FEW_PARTS else _LARGEST_SHARE
    most = min(_MOST_PARTNERS, largest * (size - 1))
    if partners <= most:
        return []
    return [
        Check(
            name="few links among the amounts",
            passed=None,
            value=partners,
            expected=f"at most {most:.2g} partners of a part, by links of more than "
            f"{_LINK:g}",
            finding=f"a part is linked with {partners:.1f} of the {size - 1} others, which is "
            "not few",
            remedy="Intervals under a sparse prior cover less than they say where most amounts "
            "are linked: compare `prior='shrunk'`, or `prior='matching'` where rows are many.",
            assumption="sparsity",
            caution=True,
        )
    ]


def _links_drawn_in(
    model: PartialCorrelation, draws: xr.Dataset, data: Composition
) -> list[Check]:
    """Return the caution that a sparse prior understates a strong link.

    Rows show it where their log-ratios are known, independent and normal, and two or more a part:
    the estimate without a prior is then unbiased, and a link that its test finds among all pairs is
    compared with the posterior. Where no link shows, of many parts in few rows, that says little.

    Parameters
    ----------
    model : PartialCorrelation
    draws : Dataset
    data : Composition
    """
    size = len(data.parts)
    exact = model.errors == "normal" and observation_of(data).exact
    known = exact and row_dependence_of(data).independent
    many = size >= _PARTS_OF_A_NETWORK and data.degrees < _ROWS_A_PART * size
    unshown = [_sparse_in_few_rows(data)] if many else []
    if not known or data.degrees < _ROWS_FOR_ESTIMATES * size:
        return unshown
    if linearly_dependent(data.scatter):  # there is no estimate without a prior
        return unshown
    shift = link_shrinkage(_precisions(draws), 0.0, data.scatter, data.degrees)
    most = int(shift.argmax())
    if shift[most] <= _LARGEST_SHIFT_OF_ONE:
        return unshown
    return [
        Check(
            name="shrinkage of strong links",
            passed=None,
            value=float(shift[most]),
            expected=f"no sure link nearer to 0 than the estimate without a prior by more than "
            f"{_LARGEST_SHIFT_OF_ONE:g} posterior standard deviations",
            finding=f"the prior of few links draws {pair_labels(data.parts)[most]} by "
            f"{shift[most]:.1f} posterior standard deviations towards independence",
            remedy="Strong links are understated, and their intervals cover less than they say: "
            "compare prior='matching', whose intervals cover with so many rows.",
            assumption="sparsity",
            caution=True,
        )
    ]


def _sparse_in_few_rows(data: Composition) -> Check:
    """Return the caution that rows are too few to show a link that a sparse prior draws in."""
    rows, parts = f"{len(data):,}", len(data.parts)
    return Check(
        name="shrinkage of strong links",
        passed=None,
        value=data.degrees / parts,
        expected=f"{_ROWS_A_PART:g} rows a part or more",
        finding=f"{rows} rows of {parts} parts are fewer than {_ROWS_A_PART:g} a part, and cannot "
        "show which strong links the prior of few links draws towards independence: 95 % intervals "
        "of links of .4 to .8 cover .82 in 60 rows of 30 parts, and .87 to .91 of 200 to 1,000 "
        "taxa",
        remedy="Read the interval of a strong link as one of some 85 %; more rows narrow the gap.",
        assumption="sparsity",
        caution=True,
    )


def _strong_links(
    weight: float, scatter: np.ndarray | None, draws: xr.Dataset, data: Composition
) -> list[Check]:
    """Return the caution that a strong link is shrunk by the prior, where one is.

    Parameters
    ----------
    weight : float
        The posterior mean of α.
    scatter : array, shape (D, D), or None
        Cross-products of log-ratios that are known in independent normal rows.
    draws : Dataset
    data : Composition
    """
    size = len(data.parts)
    shift = link_shrinkage(_precisions(draws), weight, scatter, data.degrees)
    most = int(shift.argmax())
    if shift[most] <= _LARGEST_SHIFT:
        few = size >= _PARTS_OF_A_NETWORK and data.degrees < _ROWS_A_PART * size
        return [_few_rows(weight, data)] if few else []
    pair = pair_labels(data.parts)[most]
    return [
        Check(
            name="shrinkage of strong links",
            passed=None,
            value=float(shift[most]),
            expected=f"no link drawn in by more than {_LARGEST_SHIFT:g} posterior standard "
            "deviation",
            finding=f"the prior, of weight {weight:.2f}, draws {pair} by {shift[most]:.1f} "
            "posterior standard deviations towards independence",
            remedy="Few strong links among many pairs are understated, and their intervals "
            "cover less than they say: compare prior='horseshoe', or prior='matching' where "
            "rows are many.",
            caution=True,
        )
    ]


def _precisions(draws: xr.Dataset) -> np.ndarray:
    """Return the draws of Θ of all chains, (draws, D, D)."""
    precision = draws["precision"].transpose("chain", "draw", "part", "other_part")
    return precision.to_numpy().reshape(-1, *precision.shape[2:])


def _few_rows(weight: float, data: Composition) -> Check:
    """Return the caution that rows are too few to show a link that the prior draws in.

    An inverse Wishart prior of Σ has at least D degrees of freedom, as if so many rows more had
    been seen, however small its weight in the mean.

    Parameters
    ----------
    weight : float
        The posterior mean of α.
    data : Composition
    """
    rows, parts = f"{len(data):,}", len(data.parts)
    finding = (
        f"{rows} rows of {parts} parts are fewer than {_ROWS_A_PART:g} a part, and the prior has "
        "degrees of freedom as if there were more: in 60 rows of 30 parts most of which are "
        "linked, 95 % intervals of links of .4 to .8 cover .71"
    )
    if weight > _LARGEST_WEIGHT:
        finding = (
            f"the prior of independent parts, of weight {weight:.2f}, counts for more than the "
            f"{rows} rows of {parts} parts: a few strong links among many pairs without one would "
            "be drawn in until they do not show"
        )
    return Check(
        name="shrinkage of strong links",
        passed=None,
        value=weight,
        expected=f"{_ROWS_A_PART:g} rows a part or more, or a link that shows",
        finding=finding,
        remedy="Where a few strong links are what is looked for, compare prior='horseshoe'.",
        caution=True,
    )
