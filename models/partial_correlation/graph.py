"""The PyMC graphs of `PartialCorrelation`: the evidence of the shrunk prior, the sparse basis, and the Wishart posterior of the exact priors."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.numerics.compositions.log_ratios import helmert

if TYPE_CHECKING:
    import pymc as pm

SLAB = 0.5  # standard deviation of the partial correlations of amounts that are linked


def shrunk(inputs: Mapping[str, np.ndarray], parts: Sequence[str]) -> pm.Model:
    """ω and α, with Σ integrated out; of counts, the log-ratios of each row as well, and of values within bounds their logarithms.

    With k = m α / (1-α), ν = k + D and Ψ = k V' diag(ω) V, the log-ratios have density

        Γ_p((ν+m)/2) / Γ_p(ν/2) |Ψ|^(-m/2) |I + Ψ⁻¹ V'SV|^(-(ν+m)/2)      up to a constant,
        |V' diag(ω) V| = Π ω Σ 1/ω / D

    and counts y_i of a row ~ Multinomial(softmax(V z_i)); a value within bounds has the likelihood of the interval of its logarithm.
    """
    import pymc as pm
    import pytensor.tensor as pt

    from causalstats.numerics.compositions.inverse_wishart_ops import log_determinant

    size = len(parts)
    with pm.Model(coords={"part": list(parts), "other_part": list(parts)}) as graph:
        given = {name: pm.Data(name, value) for name, value in inputs.items()}
        m = given["rows_free"]
        omega = _variances(given)
        weight = (
            pm.Deterministic("shrinkage", given["weight"] + 0.0)
            if "weight" in given
            else pm.Uniform("shrinkage", 0, 1)
        )
        scatter = _scatter_of(given, inputs)
        strength = m * weight / (1 - weight)
        prior = (
            (size - 1) * pt.log(strength)
            + pt.log(omega).sum()
            + pt.log((1 / omega).sum())
            - np.log(size)
        )
        growth = log_determinant(strength * omega, scatter) - prior
        halves = np.arange(size - 1) / 2
        gammas = (
            pt.gammaln((strength + size + m) / 2 - halves)
            - pt.gammaln((strength + size) / 2 - halves)
        ).sum()
        pm.Potential("log_ratios", gammas - m / 2 * prior - (strength + size + m) / 2 * growth)
    return graph


def sparse(inputs: Mapping[str, np.ndarray], parts: Sequence[str]) -> pm.Model:
    """K = d R d, the precision of the log amounts, with every partial correlation -R_ij near 0 or not.

    R_ij ~ (1-π) Normal(0, s²) + π Normal(0, slab²), both cut to (-1, 1), jointly cut to positive definite R; which of the two is summed out.
    d_j = ω_j^(-1/2), and with Θ = K - K11'K / 1'K1 the log-ratios have the density

        |Λ|^(m/2) exp(-tr(SΘ)/2),  |Λ| = |K| D / 1'K1

    R has a Cholesky factor of rows L_ij = z_ij Π_{k<j} √(1 - z_ik²), whose Jacobian is Π_{i>j} (1 - z_ij²)^((D-j-2)/2), columns counted from 0
    (Lewandowski, Kurowicka & Joe 2009).
    """
    import pymc as pm
    import pytensor.tensor as pt

    size = len(parts)
    rows, columns = np.tril_indices(size, -1)
    order = np.lexsort((rows, columns))  # of the pairs, as tables have them
    pair = [f"{parts[j]} ~ {parts[i]}" for i, j in zip(rows[order], columns[order], strict=True)]
    with pm.Model(coords={"part": list(parts), "other_part": list(parts), "pair": pair}) as graph:
        given = {name: pm.Data(name, value) for name, value in inputs.items()}
        m, spike_sd = given["rows_free"], given["negligible"]
        omega = _variances(given)
        share = pm.Beta("slab_share", 1, 4)
        v = pm.Flat("free_correlation", shape=len(rows), initval=np.zeros(len(rows)))
        left = 2 * (np.log(2) - pt.abs(v) - pt.softplus(-2 * pt.abs(v)))  # log(1 - z²)
        z = pt.set_subtensor(pt.zeros((size, size))[rows, columns], pt.tanh(v))
        above = pt.set_subtensor(pt.zeros((size, size))[rows, columns], left / 2) @ np.triu(
            np.ones((size, size)), 1
        )
        lower = (z + np.eye(size)) * np.tril(np.ones((size, size))) * pt.exp(above)
        pm.Potential("uniform_correlations", (((size - columns - 2) / 2 + 1) * left).sum())
        scaled = lower @ lower.T
        r = scaled[rows, columns]
        slab = pt.log(share) - (r / SLAB) ** 2 / 2 - np.log(SLAB) - _log_inside(SLAB)
        spike = (
            pt.log1p(-share)
            - (r / spike_sd) ** 2 / 2
            - pt.log(spike_sd)
            - pt.log(pt.erf(1 / (np.sqrt(2) * spike_sd)))
        )
        pm.Potential("near_zero_or_not", pt.logaddexp(slab, spike).sum())
        # K = A'A, and Θ = A'(I - uu')A with u along A1 as a square too: as a difference it could be negative by rounding, and a chain would stay there.
        root = lower.T / pt.sqrt(omega)
        along = root.sum(axis=1)
        length = (along**2).sum()
        left_over = root - along[:, None] * (along @ root) / length
        theta = pm.Deterministic("precision", left_over.T @ left_over, dims=("part", "other_part"))
        determinant = left.sum() - pt.log(omega).sum() + np.log(size) - pt.log(length)
        pm.Potential(
            "log_ratios", m / 2 * determinant - (_scatter_of(given, inputs) * theta).sum() / 2
        )
        pm.Deterministic("basis_correlation", -r[order], dims="pair")
        pm.Deterministic("inclusion", pt.sigmoid(slab - spike)[order], dims="pair")
    return graph


def _log_inside(sd: float) -> float:
    """log P(|x| < 1) of a Normal(0, sd²)."""
    return math.log(math.erf(1 / (math.sqrt(2) * sd)))


def _variances(given: Mapping[str, Any]) -> Any:
    import pymc as pm
    import pytensor.tensor as pt

    typical = pm.Normal("log_typical_variance", given["log_variance"], 2)
    spread = pm.HalfNormal(
        "variance_spread", 1, default_transform=pm.distributions.transforms.log_exp_m1
    )  # log τ makes divergences
    deviation = pm.Normal("variance_deviation", 0, 1, dims="part")
    return pm.Deterministic("basis_variance", pt.exp(typical + spread * deviation), dims="part")


def _scatter_of(given: Mapping[str, Any], inputs: Mapping[str, np.ndarray]) -> Any:
    """S, where log-ratios are known, are seen through counts, or lie within bounds."""
    if "scatter" in given:
        return given["scatter"]
    return _scatter(
        given["known_log_ratios"]
        if "known_log_ratios" in given
        else _of_counts(given, inputs)
        if "counts" in given
        else _of_intervals(given, inputs),
        given,
    )


def _of_counts(given: Mapping[str, Any], inputs: Mapping[str, np.ndarray]) -> Any:
    """Log-ratios (n, D) that are known through counts. They start from those of counts + 1/2."""
    import pymc as pm
    import pytensor.tensor as pt

    counts = inputs["counts"]
    basis = helmert(counts.shape[1])
    start = np.log(counts + 0.5) @ basis
    coordinates = pm.Flat("log_ratio_coordinates", shape=start.shape, initval=start)
    ratios = coordinates @ basis.T
    largest = ratios.max(axis=1)
    totals = largest + pt.log(pt.exp(ratios - largest[:, None]).sum(axis=1))
    pm.Potential(
        "counts_given_log_ratios",
        (given["counts"] * ratios).sum() - (given["totals"] * totals).sum(),
    )
    return ratios


def _of_intervals(given: Mapping[str, Any], inputs: Mapping[str, np.ndarray]) -> Any:
    """Log-ratios (n, D) where the logarithm u of some values is sampled, uniformly between bounds.

    Between two bounds u = a + (b-a) / (1 + e^-v); below one, u = b - e^v; without any, u = v.
    """
    import pymc as pm
    import pytensor.tensor as pt

    start = inputs["start"]
    with np.errstate(invalid="ignore"):
        distance = np.log(
            np.maximum(np.where(np.isinf(inputs["upper"]), 0.0, inputs["upper"]) - start, 1e-3)
        )
    start = np.where(
        np.isfinite(inputs["lower"]), 0.0, np.where(np.isfinite(inputs["upper"]), distance, start)
    )
    between, below = ~pt.isinf(given["lower"]), ~pt.isinf(given["upper"])
    v = pm.Flat("hidden_logarithm", shape=len(start), initval=start)
    lower, upper = (
        pt.switch(pt.isinf(given[name]), 0.0, given[name]) for name in ("lower", "upper")
    )
    share = pt.sigmoid(v)
    u = pm.Deterministic(
        "hidden_logarithm_value",
        pt.switch(between, lower + (upper - lower) * share, pt.switch(below, upper - pt.exp(v), v)),
    )
    pm.Potential(
        "uniform_between_bounds",
        pt.switch(between, pt.log(share) + pt.log1p(-share), pt.switch(below, v, 0.0)).sum(),
    )
    where = tuple(pt.cast(given[name], "int64") for name in ("row", "column"))
    logs = pt.set_subtensor(given["logarithms"][where], u)
    return logs - logs.mean(axis=1, keepdims=True)


def _scatter(ratios: Any, given: Mapping[str, Any]) -> Any:
    """S of log-ratios (n, D) about what the covariates explain."""
    import pymc as pm

    from causalstats.numerics.regression.row_correlation_ops import about_covariates

    links = {name: given[name] for name in ("member", "gap", "linked") if name in given}
    if not links:
        fitted = given["covariate_basis"].T @ ratios
        return pm.Deterministic(
            "scatter", ratios.T @ ratios - fitted.T @ fitted, dims=("part", "other_part")
        )
    known = "given_row_correlation"
    correlation = (
        pm.Deterministic("row_correlation", given[known] + 0.0)
        if known in given
        else pm.Uniform("row_correlation", 0, 1)
    )
    scatter, determinants = about_covariates(ratios, given["covariate_basis"], correlation, links)
    pm.Potential("rows_depend", -(ratios.shape[1] - 1) / 2 * determinants)
    return pm.Deterministic("scatter", scatter, dims=("part", "other_part"))


def conjugate(inputs: Mapping[str, np.ndarray], parts: Sequence[str]) -> pm.Model:
    """Λ = Σ⁻¹ ~ Wishart(ν, (V'(Ψ+S)V)⁻¹) through a Cholesky factor, Λ = LL': what the exact posterior is compared with.

    The density of L has the Jacobian Π_i L_ii^(p-i+1).
    """
    import pymc as pm
    import pytensor.tensor as pt

    size = len(parts)
    p, basis = size - 1, helmert(size)
    start = np.linalg.cholesky(
        inputs["posterior_degrees"] * np.linalg.inv(basis.T @ inputs["posterior_scatter"] @ basis)
    )
    below = np.tril_indices(p, -1)
    with pm.Model(coords={"part": list(parts), "other_part": list(parts)}) as graph:
        scatter, degrees = (
            pm.Data(name, inputs[name]) for name in ("posterior_scatter", "posterior_degrees")
        )
        diagonal = pm.HalfFlat("root_diagonal", shape=p, initval=np.diagonal(start))
        lower = pm.Flat("root_lower", shape=len(below[0]), initval=start[below])
        root = pt.set_subtensor(pt.diag(diagonal)[below], lower)
        half = basis @ root
        theta = pm.Deterministic("precision", half @ half.T, dims=("part", "other_part"))
        powers = p - np.arange(p) + degrees - p - 1
        pm.Potential("posterior", (powers * pt.log(diagonal)).sum() - (scatter * theta).sum() / 2)
    return graph
