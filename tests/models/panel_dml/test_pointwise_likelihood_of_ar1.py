"""The likelihood of each unit of a panel with AR(1) errors."""

import numpy as np
import pytest
from scipy import linalg, stats

import causalstats as cs
from causalstats.inference.graph_densities import prior_draws
from causalstats.models.panel_dml import serially_correlated_units as units

SCALE = (1.0, 2.0)


def _rows(heterogeneity):
    model = cs.PanelDML(
        scale=SCALE,
        basis_size=4,
        errors="ar1",
        time_effects=True,
        heterogeneity=heterogeneity,
    )
    data = model.simulate(1, units=12, times=6).data
    frame = data.source.iloc[:-2]  # the last unit has fewer rows
    data = cs.Panel.from_frame(frame, **data.arguments)
    draws = prior_draws(model.build(data), 5, seed=1)
    return model, data, draws


@pytest.mark.parametrize("heterogeneity", ["within", "pooled"])
def test_a_unit_has_the_density_of_its_contrasts_or_of_its_rows(heterogeneity):
    model, data, draws = _rows(heterogeneity)
    rows = units.panel_rows(model, draws, data, np.random.default_rng(1))
    values = units.log_likelihood(rows, seed=2)
    for k, errors, slopes in units._drawn(rows, seed=2):
        error = (errors - rows.free @ slopes) * SCALE
        sd = rows.scales["standard_error_sd"][k] * SCALE
        for unit, (start, size) in enumerate(zip(rows.starts, rows.sizes, strict=True)):
            expected = 0.0
            for j, rho in enumerate(rows.correlations(k)):
                powers = linalg.toeplitz(rho ** np.arange(size)) / (1 - rho**2)
                contrasts = np.eye(size)
                if heterogeneity == "within":
                    contrasts = linalg.null_space(np.ones((1, size))).T
                covariance = sd[j] ** 2 * contrasts @ powers @ contrasts.T
                of_unit = contrasts @ error[start : start + size, j]
                expected += stats.multivariate_normal.logpdf(of_unit, cov=covariance)
            np.testing.assert_allclose(values[k, unit], expected, rtol=1e-8)


def test_replicated_changes_have_the_variance_of_the_errors():
    model, data, draws = _rows("within")
    rng = np.random.default_rng(1)
    rows = units.panel_rows(model, draws, data, rng)
    drawn = np.array([units.replicate(rows, 2, rng) for _ in range(400)])
    rho = rows.scales["serial_correlation"][:, -1]
    sd = rows.scales["standard_error_sd"][:, -1] * SCALE[1]
    carried = rho[:, None] ** (rows.sizes - 1.0)
    expected = sd[:, None] * np.sqrt(2 * (1 - carried) / (1 - rho[:, None] ** 2))
    np.testing.assert_allclose(drawn.std(axis=0), expected, rtol=0.2)
