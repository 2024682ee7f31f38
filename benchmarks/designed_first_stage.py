"""Error of estimators with augmented treatments, over systems with a known effect.

The design of instrumental-variable-like regression: 32 treatments X with hidden common causes C,
X̃ = X + γGB an augmentation along the 31 directions B that leave the outcome as it is, 2,048 rows.
nCER, the normalised error of causal coefficients, is |ĥ - f|² / (|ĥ - f|² + |f|²).

    python benchmarks/designed_first_stage.py [--systems 32]

About a minute. The k-class estimators minimise |Π(y - X̃h)|² + α|y - X̃h|², Π the projection on GB;
α = q/n weighs both as strong confounding does. "Two variances" is the likelihood that estimates the
first stage from augmented rows alone, in which rows inside the span of the augmentation have the
variance σ² + φ'Ωφ and rows outside σ²: by the moments of the first stage, and the mode of c.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from scipy import linalg, optimize

from causalstats.numerics.instruments.designed_first_stage import (
    designed_first_stage,
    draw_given,
    draw_scale,
)

ROWS, TREATMENTS, STRENGTH = 2048, 32, 1.0
ALPHAS = (1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0)
RESULTS = Path(__file__).with_suffix(".json")


def system(seed: int) -> dict[str, np.ndarray]:
    """Return original rows, augmented rows, the augmentation, the outcome and the effects.

    Parameters
    ----------
    seed : int
    """
    rng = np.random.default_rng(seed)
    causes = rng.standard_normal((ROWS, TREATMENTS))
    weights = rng.standard_normal((TREATMENTS, TREATMENTS + 1))
    effects = rng.standard_normal(TREATMENTS)
    noise = 0.1 * rng.standard_normal((ROWS, TREATMENTS + 1))
    both = causes @ weights + noise
    original, outcome = both[:, :-1], both[:, -1] + both[:, :-1] @ effects
    directions = linalg.null_space(effects[None]).T
    change = rng.standard_normal((ROWS, TREATMENTS - 1))
    return {
        "original": original,
        "augmented": original + STRENGTH * change @ directions,
        "change": change,
        "directions": directions,
        "outcome": outcome,
        "effects": effects,
    }


def error(estimate: np.ndarray, effects: np.ndarray) -> float:
    """Return nCER."""
    wrong = ((estimate - effects) ** 2).sum()
    return float(wrong / (wrong + (effects**2).sum()))


def two_variances(given: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviations of effects by the likelihood with two variances.

    Inside the span of the augmentation, k rotated rows (a_i, b_i); outside, cross-products R:

        b_i | a_i ~ Normal((β + (1 - K)'φ)'a_i, σ² + φ'KΩφ),    outside slope β + φ, variance σ²

    Ω and the first stage are taken from their moments, K = S(S + Ω)⁻¹; φ ~ Normal(0, c²σ²Ω⁻¹) with
    E φ'KΩφ = c²σ² tr K, and c at the mode of its evidence.

    Parameters
    ----------
    given : mapping
        As `system` returns.
    """
    x, y = given["augmented"], given["outcome"]
    basis, _ = np.linalg.qr(given["change"])
    a, b = basis.T @ x, basis.T @ y
    outside, cross = x.T @ x - a.T @ a, x.T @ y - a.T @ b
    n, k, q = len(y) - a.shape[0], *a.shape
    omega = outside / n
    first_stage = a.T @ a / k - omega
    values, vectors = np.linalg.eigh(first_stage)
    first_stage = (vectors * np.maximum(values, 0)) @ vectors.T
    shrunk = first_stage @ np.linalg.inv(first_stage + omega)
    # Coordinates (β + φ, φ): rows outside know the first alone
    columns = np.hstack([a, -a @ shrunk.T])
    precision_of_control = omega

    def fitted(log_c: float) -> tuple[float, np.ndarray, np.ndarray]:
        c2 = np.exp(2 * log_c)
        ratio = 1 + c2 * np.trace(shrunk)
        precision = columns.T @ columns / ratio
        precision[:q, :q] += outside
        precision[q:, q:] += precision_of_control / c2
        linear = columns.T @ b / ratio
        linear[:q] += cross
        mean = np.linalg.solve(precision, linear)
        left = b @ b / ratio + (y @ y - b @ b) - linear @ mean
        evidence = (
            -np.linalg.slogdet(precision)[1] / 2
            - q * log_c
            - k / 2 * np.log(ratio)
            - (n + k - q) / 2 * np.log(left)
        )
        return evidence, mean, np.linalg.inv(precision) * left / (n + k - q)

    best = optimize.minimize_scalar(
        lambda log_c: -fitted(log_c)[0], bounds=(-5, 8), method="bounded"
    )
    _, mean, covariance = fitted(best.x)
    to_effect = np.hstack([np.eye(q), -np.eye(q)])
    spread = np.sqrt(np.diag(to_effect @ covariance @ to_effect.T))
    return to_effect @ mean, spread


def estimates(given: dict[str, np.ndarray], seed: int) -> tuple[dict, dict]:
    """Return nCER of each estimator, and coverage of 95 % intervals of those that have one.

    Parameters
    ----------
    given : mapping
    seed : int
    """
    x, y, effects = given["augmented"], given["outcome"], given["effects"]
    basis, _ = np.linalg.qr(given["change"])
    inside, inside_y = basis.T @ x, basis.T @ y
    gram, cross = x.T @ x, x.T @ y
    explained, explained_y = inside.T @ inside, inside.T @ inside_y
    plain = given["original"]
    named = {
        "no augmentation": np.linalg.lstsq(plain, y)[0],
        "augmented least squares": np.linalg.solve(gram, cross),
        "2SLS, minimum norm": np.linalg.pinv(inside) @ inside_y,
    }
    for alpha in (*ALPHAS, TREATMENTS / ROWS):
        label = "α = q/n" if alpha == TREATMENTS / ROWS else f"α = {alpha:g}"
        named[label] = np.linalg.solve(
            explained + alpha * gram, explained_y + alpha * cross
        )
    coverage = {}
    named["two variances"], spread = two_variances(given)
    inside_interval = abs(named["two variances"] - effects) <= 1.96 * spread
    coverage["two variances"] = float(inside_interval.mean())
    design = designed_first_stage(y, x, plain, 0)
    rng = np.random.default_rng(seed)
    draws = draw_given(design, draw_scale(design, 4000, rng), rng).effect
    named["designed first stage"] = draws.mean(axis=0)
    lower, upper = np.quantile(draws, [0.025, 0.975], axis=0)
    covered = (lower <= effects) & (effects <= upper)
    coverage["designed first stage"] = float(covered.mean())
    # Invariance imposed exactly: h along the only direction that the augmentation leaves
    left = linalg.null_space(given["directions"])
    along = np.linalg.lstsq(plain @ left, y)[0]
    named["invariance imposed"] = left @ along
    return {name: error(each, effects) for name, each in named.items()}, coverage


def main() -> None:
    """Measure every estimator over the systems, and keep the means."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--systems", type=int, default=32)
    count = parser.parse_args().systems
    runs = [estimates(system(seed), seed) for seed in range(count)]
    record = {}
    for name in runs[0][0]:
        values = np.array([each[name] for each, _ in runs])
        record[name] = {
            "mean nCER": round(float(values.mean()), 5),
            "standard error": round(float(values.std(ddof=1) / np.sqrt(count)), 5),
        }
    for name in runs[0][1]:
        record[name]["coverage"] = round(
            float(np.mean([each[name] for _, each in runs])), 3
        )
    RESULTS.write_text(json.dumps({"systems": count, **record}, indent=1) + "\n")
    print(json.dumps(record, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
