"""Confounding by many features that are shrunk: independent and correlated priors, in closed form.

    python benchmarks/shrunk_confounding.py

Two vectors of coefficients, of risk b and of testing g, are each seen with independent Normal
errors, as a regression with few outcomes sees them. Printed for each number of features are the
mean of Σ b g over 200 data sets, and of its posterior mean by Normal priors whose scales are
learned (half-Normal(1)): independent ones, and those whose correlation ρ is learned too, artanh ρ ~
Normal(0, 0.75). The truth is that of `designs.untested_risk`, all features matter and 400 people.
"""

from __future__ import annotations

import numpy as np

FEATURES = (4, 15, 30, 60, 200)
DATA_SETS = 200
INFORMATION = (35.0, 85.0)  # on a coefficient of risk, and of testing
ATTENUATION = np.sqrt(1 + 0.346 * 3.0**2 / 12)
SCALES = np.geomspace(0.03, 2, 24)
FISHER_Z = np.linspace(-2.6, 2.6, 41)
FISHER_Z_SD = 0.75


def posterior_mean(b: np.ndarray, g: np.ndarray, fisher_z: np.ndarray) -> float:
    """Return the posterior mean of Σ b g, by sums over grids of τ_b, τ_g and artanh ρ.

    Parameters
    ----------
    b, g : arrays (D,)
        The coefficients as seen.
    fisher_z : array
        The grid of artanh ρ; 0 alone makes the priors independent.
    """
    z, b_scale, g_scale = np.meshgrid(fisher_z, SCALES, SCALES, indexing="ij")
    covariance = np.tanh(z) * b_scale * g_scale
    b_square, g_square = b_scale**2, g_scale**2
    b_seen, g_seen = b_square + 1 / INFORMATION[0], g_square + 1 / INFORMATION[1]
    determinant = b_seen * g_seen - covariance**2
    sums = b @ b, g @ g, b @ g
    misfit = g_seen * sums[0] + b_seen * sums[1] - 2 * covariance * sums[2]
    log_density = -0.5 * (len(b) * np.log(determinant) + misfit / determinant)
    log_density += np.log(b_scale * g_scale) - 0.5 * (b_square + g_square)
    log_density -= 0.5 * (z / FISHER_Z_SD) ** 2
    weights = np.exp(log_density - log_density.max())
    b_by_b = (b_square * g_seen - covariance**2) / determinant
    b_by_g = (covariance * b_seen - b_square * covariance) / determinant
    g_by_b = (covariance * g_seen - g_square * covariance) / determinant
    g_by_g = (g_square * b_seen - covariance**2) / determinant
    of_means = b_by_b * g_by_b * sums[0] + b_by_g * g_by_g * sums[1]
    of_means += (b_by_b * g_by_g + b_by_g * g_by_b) * sums[2]
    of_errors = len(b) * (covariance - b_by_b * covariance - b_by_g * g_square)
    return float((weights * (of_means + of_errors)).sum() / weights.sum())


def main() -> None:
    rng = np.random.default_rng(0)
    print("| features | truth | independent | correlated |")
    print("| --- | --- | --- | --- |")
    for features in FEATURES:
        rows = []
        for _ in range(DATA_SETS):
            risk = 1.3 * rng.standard_normal(features) / np.sqrt(features)
            policy = 0.7 * rng.standard_normal(features) / np.sqrt(features)
            b, g = risk / ATTENUATION, (risk + policy) / ATTENUATION
            b_seen, g_seen = (
                true + rng.standard_normal(features) / np.sqrt(information)
                for true, information in zip((b, g), INFORMATION, strict=True)
            )
            independent = posterior_mean(b_seen, g_seen, np.zeros(1))
            rows.append((b @ g, independent, posterior_mean(b_seen, g_seen, FISHER_Z)))
        means = np.mean(rows, axis=0)
        print(
            "| "
            + " | ".join([str(features), *(f"{mean:.2f}" for mean in means)])
            + " |"
        )


if __name__ == "__main__":
    main()
