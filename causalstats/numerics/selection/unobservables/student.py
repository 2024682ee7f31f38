"""An unobservable with heavy tails: Student t with 4 degrees of freedom."""

from scipy import stats

from causalstats.numerics.selection.unobservables.family import Family, sinh_trapezoid

STUDENT = Family(
    description="Student t with 4 degrees of freedom",
    variance=2.0,
    quadrature=lambda: sinh_trapezoid(stats.t(4).pdf, 5.5),
    draw=lambda rng, size: rng.standard_t(4, size),
)
