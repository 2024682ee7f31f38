"""The PyMC graphs of `PartialCorrelation`: the evidence of the shrunk prior, and the Wishart posterior of the exact ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.numerics.log_ratios import helmert

if TYPE_CHECKING:
    import pymc as pm


def shrunk(inputs: Mapping[str, np.ndarray], parts: Sequence[str]) -> pm.Model:
    """ω and α, with Σ integrated out; of counts, the log-ratios of each row as well, and of values within bounds their logarithms.

    With k = m α / (1-α), ν = k + D and Ψ = k V' diag(ω) V, the log-ratios have density

        Γ_p((ν+m)/2) / Γ_p(ν/2) |Ψ|^(-m/2) |I + Ψ⁻¹ V'SV|^(-(ν+m)/2)      up to a constant,
        |V' diag(ω) V| = Π ω Σ 1/ω / D

    and counts y_i of a row ~ Multinomial(softmax(V z_i)); a value within bounds has the likelihood of the interval of its logarithm.
    """
    import pymc as pm
    import pytensor.tensor as pt

    from causalstats.numerics.evidence_ops import log_determinant

    size = len(parts)
    with pm.Model(coords={"part": list(parts), "other_part": list(parts)}) as graph:
        given = {name: pm.Data(name, value) for name, value in inputs.items()}
        m = given["rows_free"]
        typical = pm.Normal("log_typical_variance", given["log_variance"], 2)
        spread = pm.HalfNormal("variance_spread", 1, default_transform=pm.distributions.transforms.log_exp_m1)  # log τ makes divergences
        deviation = pm.Normal("variance_deviation", 0, 1, dims="part")
        omega = pm.Deterministic("basis_variance", pt.exp(typical + spread * deviation), dims="part")
        weight = pm.Deterministic("shrinkage", given["weight"] + 0.0) if "weight" in given else pm.Uniform("shrinkage", 0, 1)
        hidden = _of_counts if "counts" in given else _of_intervals if "lower" in given else None
        scatter = given["scatter"] if hidden is None else hidden(given, inputs)
        strength = m * weight / (1 - weight)
        prior = (size - 1) * pt.log(strength) + pt.log(omega).sum() + pt.log((1 / omega).sum()) - np.log(size)
        growth = log_determinant(strength * omega, scatter) - prior
        halves = np.arange(size - 1) / 2
        gammas = (pt.gammaln((strength + size + m) / 2 - halves) - pt.gammaln((strength + size) / 2 - halves)).sum()
        pm.Potential("log_ratios", gammas - m / 2 * prior - (strength + size + m) / 2 * growth)
    return graph


def _of_counts(given: Mapping[str, Any], inputs: Mapping[str, np.ndarray]) -> Any:
    """S of log-ratios that are known through counts. They start from those of counts + 1/2."""
    import pymc as pm
    import pytensor.tensor as pt

    counts = inputs["counts"]
    basis = helmert(counts.shape[1])
    start = np.log(counts + 0.5) @ basis
    coordinates = pm.Flat("log_ratio_coordinates", shape=start.shape, initval=start)
    ratios = coordinates @ basis.T
    largest = ratios.max(axis=1)
    totals = largest + pt.log(pt.exp(ratios - largest[:, None]).sum(axis=1))
    pm.Potential("counts_given_log_ratios", (given["counts"] * ratios).sum() - (given["totals"] * totals).sum())
    return _scatter(ratios, given["covariate_basis"])


def _of_intervals(given: Mapping[str, Any], inputs: Mapping[str, np.ndarray]) -> Any:
    """S where the logarithm u of some values is sampled, uniformly between bounds.

    Between two bounds u = a + (b-a) / (1 + e^-v); below one, u = b - e^v; without any, u = v.
    """
    import pymc as pm
    import pytensor.tensor as pt

    below, between = ~np.isfinite(inputs["lower"]) & np.isfinite(inputs["upper"]), np.isfinite(inputs["lower"])
    start = np.where(between, 0.0, np.where(below, np.log(np.maximum(np.where(below, inputs["upper"], 0.0) - inputs["start"], 1e-3)), inputs["start"]))
    v = pm.Flat("hidden_logarithm", shape=len(start), initval=start)
    lower, upper = (pt.switch(pt.isinf(given[name]), 0.0, given[name]) for name in ("lower", "upper"))
    share = pt.sigmoid(v)
    u = pt.switch(between, lower + (upper - lower) * share, pt.switch(below, upper - pt.exp(v), v))
    pm.Potential("uniform_between_bounds", pt.switch(between, pt.log(share) + pt.log1p(-share), pt.switch(below, v, 0.0)).sum())
    where = (inputs["row"].astype(int), inputs["column"].astype(int))
    logs = pt.set_subtensor(given["logarithms"][where], u)
    return _scatter(logs - logs.mean(axis=1, keepdims=True), given["covariate_basis"])


def _scatter(ratios: Any, covariate_basis: Any) -> Any:
    import pymc as pm

    fitted = covariate_basis.T @ ratios
    return pm.Deterministic("scatter", ratios.T @ ratios - fitted.T @ fitted, dims=("part", "other_part"))


def conjugate(inputs: Mapping[str, np.ndarray], parts: Sequence[str]) -> pm.Model:
    """Λ = Σ⁻¹ ~ Wishart(ν, (V'(Ψ+S)V)⁻¹) through a Cholesky factor, Λ = LL': what the exact posterior is compared with.

    The density of L has the Jacobian Π_i L_ii^(p-i+1).
    """
    import pymc as pm
    import pytensor.tensor as pt

    size = len(parts)
    p, basis = size - 1, helmert(size)
    start = np.linalg.cholesky(inputs["posterior_degrees"] * np.linalg.inv(basis.T @ inputs["posterior_scatter"] @ basis))
    below = np.tril_indices(p, -1)
    with pm.Model(coords={"part": list(parts), "other_part": list(parts)}) as graph:
        scatter, degrees = (pm.Data(name, inputs[name]) for name in ("posterior_scatter", "posterior_degrees"))
        diagonal = pm.HalfFlat("root_diagonal", shape=p, initval=np.diagonal(start))
        lower = pm.Flat("root_lower", shape=len(below[0]), initval=start[below])
        root = pt.set_subtensor(pt.diag(diagonal)[below], lower)
        half = basis @ root
        theta = pm.Deterministic("precision", half @ half.T, dims=("part", "other_part"))
        powers = p - np.arange(p) + degrees - p - 1
        pm.Potential("posterior", (powers * pt.log(diagonal)).sum() - (scatter * theta).sum() / 2)
    return graph
