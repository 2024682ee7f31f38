"""Coefficients of covariates on log-ratios: closed form under exact priors, otherwise drawn.

Rows of the log-ratios C (n, D) are W B plus errors of covariance Γ, and B has a flat prior. Given Γ
and the correlation R of the rows (generalised least squares),

    B | C, Γ ~ Normal(B̂, (W'R⁻¹W)⁻¹ ⊗ Γ),   B̂ = (W'R⁻¹W)⁻¹ W'R⁻¹C

and where Θ ~ Wishart(ν, A⁻¹) a coefficient on the contrast a'C is B̂_k a + t √(c_kk a'Aa / f) with
f = ν - D + 2 degrees of freedom, c = (W'W)⁻¹. Under the matching prior of coefficients
ν = m + D - 2 and f = m: the t-test of least squares.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from causalstats.core.check import Check
from causalstats.core.estimand import Estimand
from causalstats.data import Composition
from causalstats.errors import ModelError
from causalstats.models.partial_correlation import student_rows
from causalstats.models.partial_correlation.marginal_posteriors import (
    Coefficients,
    pairs,
)
from causalstats.models.partial_correlation.observation import observation_of
from causalstats.models.partial_correlation.priors.base import ExactPrior
from causalstats.models.partial_correlation.priors.conjugate import posterior_scatter
from causalstats.models.partial_correlation.row_dependence import row_dependence_of
from causalstats.numerics.compositions import log_ratios
from causalstats.numerics.compositions.pair_names import (
    coefficient_name,
    ratio_coefficient_name,
)
from causalstats.numerics.compositions.present_parts import compared_parts
from causalstats.numerics.compositions.unchanged_parts import (
    SharedChange,
    draw_shared_change,
)
from causalstats.numerics.regression.row_correlation import coefficients

if TYPE_CHECKING:
    from causalstats.models.partial_correlation.model import PartialCorrelation

COEFFICIENT = "covariate_coefficient"
DIFFERENTIAL_ABUNDANCE = "differential_abundance"
_FEWEST_PARTS = 8  # of which most can be told to change alike
_LARGEST_CHANGED = (
    0.3  # share of the parts, above which it is doubtful which are unchanged
)
_SHARED_DRAWS = (
    1000  # of the coefficient of unchanged parts, repeated where there are more
)
_LISTED = 6  # parts in a finding
_NO_DRAWS = (
    "There are too many parts to keep draws; the whole composition has "
    "`fit.effect(...).summary()` in closed form."
)


def with_coefficients(
    draws: xr.Dataset, theta: np.ndarray, data: Composition, rng: np.random.Generator
) -> xr.Dataset:
    """Return the draws with coefficients (chain, draw, covariate, part), one for each Θ.

    Log-ratios that are not known, and the correlation of rows, are those of the draw. Without
    covariates, and where coefficients were sampled, the draws are returned as they are.

    Parameters
    ----------
    draws : Dataset
    theta : array, shape (chain, draw, D, D)
    data : Composition
    rng : Generator
    """
    if data.design is None or COEFFICIENT in draws:
        return draws
    estimate, spread = _estimates(draws, data)
    flat = theta.reshape(-1, *theta.shape[-2:])
    size = theta.shape[-1]
    standard = rng.standard_normal((len(flat), len(data.design.columns), size - 1))
    noise = np.linalg.cholesky(spread) @ standard
    drawn = estimate + noise @ log_ratios.covariance_root(flat).swapaxes(-1, -2)
    drawn = (
        drawn.reshape(*theta.shape[:2], *drawn.shape[1:]) / data.design.scale[:, None]
    )
    coords = {
        "chain": draws["chain"],
        "draw": draws["draw"],
        "covariate": list(data.design.columns),
        "part": list(data.parts),
    }
    return draws.assign({COEFFICIENT: xr.DataArray(drawn, coords, dims=tuple(coords))})


def _estimates(draws: xr.Dataset, data: Composition) -> tuple[np.ndarray, np.ndarray]:
    """Return B̂ and c of the coded covariates, without the intercept.

    Returns
    -------
    estimate : array, shape (draws or 1, q - 1, D)
    spread : array, shape (draws or 1, q - 1, q - 1)
    """
    rows = row_dependence_of(data)
    ratios = observation_of(data).drawn_log_ratios(draws, data)
    correlations = rows.correlations(draws)
    weights = student_rows.weights_of(draws)
    roots = np.ones((1, 1, 1)) if weights is None else np.sqrt(weights)[:, :, None]
    count = max(len(ratios), len(correlations), len(roots))
    ratios = np.broadcast_to(ratios, (count, *ratios.shape[1:]))
    roots = np.broadcast_to(roots, (count, *roots.shape[1:]))
    correlations = np.broadcast_to(correlations, count)
    estimates = [
        coefficients(root * columns, root * data.matrix, correlation, rows.links)
        for columns, root, correlation in zip(ratios, roots, correlations, strict=True)
    ]
    estimate = np.array([estimate[1:] for estimate, _ in estimates])
    return estimate, np.array([spread[1:, 1:] for _, spread in estimates])


def marginals(
    model: PartialCorrelation, data: Composition, by_pair: bool
) -> Coefficients:
    """Return the marginal posteriors of all coefficients under an exact prior.

    Parameters
    ----------
    model : PartialCorrelation
    data : Composition
    by_pair : bool
        Whether on the log-ratio of two parts, instead of that of a part to the mean of all.
    """
    prior = model.covariance_prior
    assert isinstance(prior, ExactPrior) and data.design is not None
    size = len(data.parts)
    scatter, degrees = posterior_scatter(prior.conjugate(model, data), data)
    freedom = prior.coefficient_degrees(data, degrees) - size + 2
    estimate, spread = coefficients(log_ratios.clr(data.values), data.matrix, 0.0, {})
    location = estimate[1:] / data.design.scale[:, None]
    variance = np.diagonal(scatter)
    if by_pair:
        variance = log_ratios.variation_matrix(scatter)[pairs(size)]
    covariate_variance = np.diagonal(spread)[1:] / data.design.scale**2
    scale = np.sqrt(covariate_variance[:, None] * variance / freedom)
    labels = coefficient_labels(data.design.columns, data.parts, by_pair)
    return Coefficients(
        labels, _contrasts(location, by_pair).ravel(), scale.ravel(), freedom
    )


def estimands(
    closed: Callable[..., Any] | None, assumptions: tuple[str, ...]
) -> dict[str, Estimand]:
    """Return the questions about covariates, by name.

    Parameters
    ----------
    closed : callable or None
        Gives marginals of data and `by_pair`, where the posterior is exact.
    assumptions : tuple of str
    """
    contrasts = {
        COEFFICIENT: (False, "a part to the mean of all"),
        "covariate_log_ratio": (True, "two parts, which other parts do not change,"),
    }
    questions = {
        name: Estimand(
            compute=partial(_compute, by_pair),
            at=partial(_compute, by_pair),
            description=f"How the log-ratio of {contrast} differs with one unit more of a "
            "covariate, the other covariates held.",
            unit="log-ratio",
            contrast="one unit more of the covariate, or a level against the first",
            kind="associational",
            assumptions=assumptions,
            marginals=None if closed is None else partial(closed, by_pair=by_pair),
            checks=_comparisons_not_made,
            unavailable_reason=_without_covariates,
        )
        for name, (by_pair, contrast) in contrasts.items()
    }
    questions[DIFFERENTIAL_ABUNDANCE] = Estimand(
        compute=_differential_abundance,
        description="How the logarithm of the amount of a part differs with one unit more of a "
        "covariate, if the amounts of most parts do not: the coefficient on its log-ratio less "
        "the one that unchanged parts share, which is learned, with its uncertainty. No reference "
        "part is named.",
        unit="log-ratio",
        contrast="one unit more of the covariate, or a level against the first",
        kind="associational",
        assumptions=assumptions,
        checks=_checks_of_changes,
        own_posterior=True,
        unavailable_reason=_without_unchanged_parts,
    )
    return questions


def _without_unchanged_parts(data: Composition) -> str:
    if data.design is None or len(data.parts) >= _FEWEST_PARTS:
        return _without_covariates(data)
    return (
        f"of {len(data.parts)} parts it is not seen which ones are unchanged: expected at least "
        f"{_FEWEST_PARTS}. Ask for `covariate_log_ratio`, which needs no unchanged parts."
    )


def _shared_changes(
    coefficients: np.ndarray, compared: np.ndarray
) -> list[SharedChange]:
    """Return draws of the coefficient that unchanged parts share, of each covariate.

    Parameters
    ----------
    coefficients : array, shape (draws, covariate, D)
    compared : bool array, shape (covariate, D)
    """
    rng = np.random.default_rng(0)
    means = coefficients.mean(axis=0)
    variances = coefficients.var(axis=0)
    return [
        draw_shared_change(mean[of], variance[of], _SHARED_DRAWS, rng)
        for mean, variance, of in zip(means, variances, compared, strict=True)
    ]


def _compared(data: Composition) -> np.ndarray:
    """Return which coefficients are compared with those of most parts, (covariate, D).

    All are, but for parts that are declared absent from a group of the covariates.
    """
    columns = range(1, data.matrix.shape[1])
    return np.array([compared_parts(data.undetermined, k) == 0 for k in columns])


def _flat_coefficients(draws: xr.Dataset) -> np.ndarray:
    """Return the coefficients (draws, covariate, D)."""
    if COEFFICIENT not in draws:
        raise ModelError(_NO_DRAWS)
    values = draws[COEFFICIENT].transpose("chain", "draw", "covariate", "part")
    return values.to_numpy().reshape(-1, *values.shape[2:])


def _differential_abundance(draws: xr.Dataset, data: Composition) -> xr.DataArray:
    """Return draws (chain, draw, coefficient) of coefficients less that of unchanged parts."""
    coefficients = _flat_coefficients(draws)
    compared = _compared(data)
    shared = np.array([each.change for each in _shared_changes(coefficients, compared)])
    repeated = shared[:, np.arange(len(coefficients)) % _SHARED_DRAWS]
    changes = (coefficients - repeated.T[:, :, None]).reshape(len(coefficients), -1)
    changes = changes[:, compared.ravel()]
    sizes = (draws.sizes["chain"], draws.sizes["draw"], -1)
    covariates = tuple(draws[COEFFICIENT]["covariate"].to_numpy())
    coords = {name: draws[name] for name in ("chain", "draw") if name in draws.coords}
    labels = np.array(
        coefficient_labels(covariates, data.parts, by_pair=False), dtype=object
    )
    return xr.DataArray(
        changes.reshape(sizes),
        dims=("chain", "draw", "coefficient"),
        coords=coords | {"coefficient": list(labels[compared.ravel()])},
    )


def _checks_of_changes(draws: xr.Dataset, data: Composition) -> tuple[Check, ...]:
    return (*_few_parts_change(draws, data), *_comparisons_not_made(draws, data))


def _comparisons_not_made(draws: xr.Dataset, data: Composition) -> tuple[Check, ...]:
    """Return the caution that coefficients are left out of parts that a group cannot have."""
    if data.design is None or not len(data.undetermined):
        return ()
    compared = _compared(data)
    left = [
        f"{part} on {covariate}"
        for covariate, of in zip(data.design.columns, compared, strict=True)
        for part, kept in zip(data.parts, of, strict=True)
        if not kept
    ]
    if not left:
        return ()
    more = f" and {len(left) - _LISTED:,} others" if len(left) > _LISTED else ""
    return (
        Check(
            name="parts that groups share",
            passed=None,
            value=float(compared.mean()),
            expected="parts that can be present at every level of the covariates",
            finding="left out are coefficients of parts that are declared absent from a group: "
            f"{', '.join(left[:_LISTED])}{more}",
            remedy="Read coefficients as those among the parts that the groups share: where one "
            "says 'the mean of all', it is the mean of these. What an absent part would do there "
            "no row can say.",
            caution=True,
        ),
    )


def _few_parts_change(draws: xr.Dataset, data: Composition) -> tuple[Check, ...]:
    """Return whether few parts change, and the caution that ratios cannot show which majority."""
    coefficients = _flat_coefficients(draws)
    shares = {
        name: float(each.changed.mean())
        for name, each in zip(
            draws[COEFFICIENT]["covariate"].to_numpy().tolist(),
            _shared_changes(coefficients, _compared(data)),
            strict=True,
        )
    }
    most = max(shares, key=shares.__getitem__)
    few = shares[most] <= _LARGEST_CHANGED
    return (
        Check(
            name="most parts unchanged",
            passed=True if few else None,
            value=shares[most],
            expected=f"at most {_LARGEST_CHANGED:.0%} of the parts changed by each covariate",
            finding=f"about {shares[most]:.0%} of the parts differ from the others with {most}",
            remedy=""
            if few
            else "Which of two groups of parts is unchanged cannot be seen from ratios: total "
            "amounts from outside, such as a spike-in or cell counts, would tell. "
            "`covariate_log_ratio` needs no unchanged parts.",
            caution=True,
        ),
        Check(
            name="the majority changes nothing",
            passed=None,
            value=shares[most],
            expected="total amounts from outside: ratios cannot show a change of all parts but few",
            finding="if most parts changed alike, ratios would be the same, and the parts said to "
            "change here would be the unchanged ones",
            remedy="Say why most parts should be unchanged, or measure total amounts (a spike-in, "
            "cell counts).",
            caution=True,
        ),
    )


def _without_covariates(data: Composition) -> str:
    if data.design is not None:
        return ""
    return (
        "they name no covariates. Read them with `Composition.from_frame(..., "
        "covariates='site + depth')`."
    )


def _compute(by_pair: bool, draws: xr.Dataset, data: Composition) -> xr.DataArray:
    """Return draws (chain, draw, coefficient) of the parts of `data`, all or some of those fitted.

    Parameters
    ----------
    by_pair : bool
    draws : Dataset
    data : Composition
    """
    if COEFFICIENT not in draws:
        raise ModelError(_NO_DRAWS)
    values = draws[COEFFICIENT].sel(part=list(data.parts))
    values = values.transpose("chain", "draw", "covariate", "part")
    if len(data.undetermined):
        return _among_compared(by_pair, values, data)
    centred = values.to_numpy() - values.mean("part").to_numpy()[..., None]
    contrasts = _contrasts(centred, by_pair)
    labels = coefficient_labels(
        tuple(values["covariate"].to_numpy()), data.parts, by_pair
    )
    coords = {name: draws[name] for name in ("chain", "draw") if name in draws.coords}
    return xr.DataArray(
        contrasts.reshape(*contrasts.shape[:2], -1),
        dims=("chain", "draw", "coefficient"),
        coords=coords | {"coefficient": labels},
    )


def _among_compared(
    by_pair: bool, values: xr.DataArray, data: Composition
) -> xr.DataArray:
    """Return the coefficients of parts that rows compare with most others.

    Parameters
    ----------
    by_pair : bool
    values : DataArray
        Dims chain, draw, covariate and part.
    data : Composition
    """
    draws = []
    labels: list[str] = []
    names = values["covariate"].to_numpy()
    for k, (name, kept) in enumerate(zip(names, _compared(data), strict=True)):
        some = values.to_numpy()[:, :, [k]][..., kept]
        some = some - some.mean(axis=-1, keepdims=True)
        parts = tuple(np.array(data.parts, dtype=object)[kept])
        draws.append(_contrasts(some, by_pair)[:, :, 0])
        labels += coefficient_labels((name,), parts, by_pair)
    return xr.DataArray(
        np.concatenate(draws, axis=-1),
        dims=("chain", "draw", "coefficient"),
        coords={"coefficient": labels},
    )


def _contrasts(values: np.ndarray, by_pair: bool) -> np.ndarray:
    """Return coefficients (..., D) as they are, or the differences of each two."""
    if not by_pair:
        return values
    one, other = pairs(values.shape[-1])
    return values[..., one] - values[..., other]


def coefficient_labels(
    covariates: tuple[str, ...], parts: tuple[str, ...], by_pair: bool
) -> list[str]:
    """Return the names of coefficients, on one covariate after the other.

    Parameters
    ----------
    covariates, parts : tuple of str
    by_pair : bool
        Whether on the log-ratio of two parts.
    """
    if not by_pair:
        return [coefficient_name(part, on) for on in covariates for part in parts]
    one, other = pairs(len(parts))
    return [
        ratio_coefficient_name(parts[i], parts[j], on)
        for on in covariates
        for i, j in zip(one, other, strict=True)
    ]
