"""Logistic and probit regression against statsmodels."""

import warnings

import numpy as np
import pytest

from causalstats.numerics.regression.binary_regression import binary_regression


@pytest.mark.parametrize("link", ["logit", "probit"])
@pytest.mark.parametrize("weighted", [False, True])
def test_estimates_and_covariance_match_statsmodels(link, weighted):
    import statsmodels.api as sm

    rng = np.random.default_rng(1)
    design = np.column_stack(
        [np.ones(300), rng.standard_normal((300, 3)), rng.random(300) < 0.1]
    )
    index = design @ np.array([-1.0, 0.5, -2.0, 0.0, 1.0])
    outcome = (rng.logistic(size=300) < index).astype(float)
    weights = rng.exponential(size=300) if weighted else None
    family = sm.families.Binomial(getattr(sm.families.links, link.capitalize())())
    reference = sm.GLM(outcome, design, family=family, freq_weights=weights).fit(
        cov_type="HC0" if weighted else "nonrobust"
    )
    ours = binary_regression(design, outcome, weights, link)
    np.testing.assert_allclose(
        ours.coefficients, reference.params, rtol=1e-7, atol=1e-9
    )
    if not (
        weighted and link == "probit"
    ):  # statsmodels takes the observed information
        np.testing.assert_allclose(
            ours.covariance, reference.cov_params(), rtol=1e-6, atol=1e-9
        )


def test_complete_separation_ends_as_in_statsmodels():
    import statsmodels.api as sm

    x = np.linspace(-1, 1, 40)
    design = np.column_stack([np.ones(40), x])
    outcome = (x > 0).astype(float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reference = sm.GLM(outcome, design, family=sm.families.Binomial()).fit()
    ours = binary_regression(design, outcome)
    assert np.isfinite(ours.coefficients).all()
    np.testing.assert_allclose(
        ours.coefficients, reference.params, rtol=1e-4, atol=1e-6
    )
    np.testing.assert_allclose(
        np.diag(ours.covariance), np.diag(reference.cov_params()), rtol=1e-3
    )
