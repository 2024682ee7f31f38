"""Compositions for the refutation benchmark: models that are right, and wrong in one respect."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from spoilt_tables import coded, every_row_twice, spoilt

import causalstats as cs
from causalstats.models.partial_correlation.resolution_of_groups import (
    SMALL_DIFFERENCES,
)
from causalstats.models.partial_correlation.rows_of_groups import OTHER_SUBJECTS
from worlds import World

INVARIANT = cs.PartialCorrelation(prior="invariant")
SHRUNK = cs.PartialCorrelation(prior="shrunk")
HORSESHOE = cs.PartialCorrelation(prior="horseshoe")


def composition(
    values: np.ndarray, columns: dict | None = None, **options: Any
) -> cs.Composition:
    names = [f"p{k}" for k in range(values.shape[1])]
    frame = pd.DataFrame(values, columns=names).assign(**(columns or {}))
    return cs.Composition.from_frame(frame, parts=names, **options)


def log_amounts(
    rng: np.random.Generator, rows: int = 60, parts: int = 8, spread: float = 0.3
) -> np.ndarray:
    """Return log amounts of which three pairs are linked, given all others.

    Parameters
    ----------
    rng : Generator
    rows, parts : int
    spread : float
        Standard deviation of the log of twice the parts' conditional standard deviations;
        0 makes them equal.

    Returns
    -------
    array (rows, parts)
    """
    precision = np.eye(parts)
    for one, other, link in ((0, 1, -0.6), (2, 3, 0.4), (1, 4, -0.3)):
        precision[one, other] = precision[other, one] = link
    scale = np.exp(rng.normal(0, spread, parts)) / 0.5
    root = np.linalg.cholesky(np.linalg.inv(precision * scale[:, None] * scale))
    return rng.standard_normal((rows, parts)) @ root.T


def counts_at_depth(
    logs: np.ndarray, depth: float, rng: np.random.Generator, **options: Any
) -> Any:
    """Return counts of parts that at least two rows have.

    Parameters
    ----------
    logs : array, shape (rows, parts)
        Logarithms of amounts.
    depth : float
        The median of how many are counted of a row.
    rng : Generator
    options
        Of `composition`.
    """
    shares = np.exp(logs)
    depths = np.exp(rng.normal(np.log(depth), 0.7, len(logs))).astype(int) + 20
    pairs = zip(depths, shares, strict=True)
    counts = np.array([rng.multinomial(n, p / p.sum()) for n, p in pairs])
    return composition(
        counts[:, (counts > 0).sum(axis=0) >= 2], zeros="counts", **options
    )


def maker(
    draw: Callable[[np.random.Generator], Any], model: Any = INVARIANT
) -> Callable:
    return lambda seed: (model, draw(np.random.default_rng(seed)))


def shifted(
    rng: np.random.Generator, by: float, share: float, parts: int, rows: int = 60
) -> Any:
    """Return rows of which some have the first parts shifted, as a hidden group does.

    Parameters
    ----------
    rng : Generator
    by : float
        On the scale of logarithms.
    share : float
        The probability that a row is shifted.
    parts, rows : int
    """
    logs = log_amounts(rng, rows)
    logs[:, :parts] += by * (rng.random((rows, 1)) < share)
    return composition(np.exp(logs))


def batches_in_order(
    rng: np.random.Generator, rows: int, batches: int, spread: float
) -> Any:
    """Return rows of batches, one after the other, that shift all parts by their own amounts.

    Parameters
    ----------
    rng : Generator
    rows, batches : int
    spread : float
        The standard deviation of shifts, on the scale of logarithms.
    """
    logs = log_amounts(rng, rows)
    shifts = rng.normal(0, spread, (batches, logs.shape[1]))
    return composition(np.exp(logs + shifts[np.arange(rows) * batches // rows]))


def half_shifted(rng: np.random.Generator, rows: int, by: float) -> Any:
    """Return rows of which the second half has three parts shifted.

    Parameters
    ----------
    rng : Generator
    rows : int
    by : float
        On the scale of logarithms.
    """
    logs = log_amounts(rng, rows)
    logs[rows // 2 :, :3] += by
    return composition(np.exp(logs))


def counted_plates(rng: np.random.Generator) -> Any:
    """Return counts of four plates of twelve, counted one after the other."""
    logs = log_amounts(rng, 48, 6)
    logs += np.repeat(rng.normal(0, 0.8, (4, 6)), 12, axis=0)
    return counts_at_depth(logs, 3000, rng)


def counted_at_depths_in_order(rng: np.random.Generator) -> Any:
    """Return sparse counts of four plates that differ in nothing but how much was counted."""
    shares = np.exp(log_amounts(rng, 48, 6))
    depths = np.repeat(np.exp(rng.normal(np.log(200), 0.8, 4)), 12).astype(int) + 20
    pairs = zip(depths, shares, strict=True)
    return composition(
        np.array([rng.multinomial(n, p / p.sum()) for n, p in pairs]), zeros="counts"
    )


def heavy(rng: np.random.Generator) -> Any:
    return composition(
        np.exp(log_amounts(rng, 100) / np.sqrt(rng.chisquare(3, (100, 1)) / 3))
    )


def skewed(rng: np.random.Generator) -> Any:
    logs = log_amounts(rng, 100)
    logs[:, 0] += rng.exponential(1.5, 100)
    return composition(np.exp(logs))


def outlying(rng: np.random.Generator) -> Any:
    logs = log_amounts(rng)
    logs[rng.choice(60, 2, replace=False)] += rng.normal(0, 4, (2, 8))
    return composition(np.exp(logs))


def summed(rng: np.random.Generator, terms: int, digits: int | None) -> Any:
    """Return amounts beside the sum of the first of them.

    Parameters
    ----------
    rng : Generator
    terms : int
        How many are summed.
    digits : int or None
        To which all are rounded.
    """
    values = np.exp(log_amounts(rng) + 2)
    total = values[:, :terms].sum(axis=1, keepdims=True)
    table = np.hstack([values, total])
    return composition(table if digits is None else table.round(digits))


def most_linked(rng: np.random.Generator) -> Any:
    """Return 40 rows of 30 parts whose amounts have an inverse Wishart covariance."""
    factor = rng.standard_normal((35, 30))
    covariance = np.linalg.inv(factor.T @ factor)
    covariance /= np.diagonal(covariance).mean()
    root = np.linalg.cholesky(covariance)
    return composition(np.exp(rng.standard_normal((40, 30)) @ root.T))


def repeated(rng: np.random.Generator) -> Any:
    logs = log_amounts(rng)
    twin = logs[:, :1] + rng.normal(0, 0.003, (60, 1))
    return composition(np.exp(np.hstack([logs, twin])))


def rounded(rng: np.random.Generator) -> Any:
    values = np.exp(log_amounts(rng))
    values[:, 0] = np.maximum((values[:, 0] * 2).round(), 1) / 2
    return composition(values)


def absent(rng: np.random.Generator, share: float) -> Any:
    logs = log_amounts(rng, parts=6) + np.array([2.0, 1.0, 1.0, 0.5, 0.5, 0.0])
    logs[:, 2:4] = np.where(rng.random((60, 2)) < share, -30.0, logs[:, 2:4])
    return counts_at_depth(logs, 1500, rng)


def overdispersed(rng: np.random.Generator) -> Any:
    logs = log_amounts(rng, parts=6)
    return counts_at_depth(logs + np.log(rng.gamma(3, 1 / 3, logs.shape)), 1500, rng)


def spoilt_row(rng: np.random.Generator) -> Any:
    """Return counts in one row of which two parts are exchanged, of a mean ratio of seven."""
    logs = log_amounts(rng, parts=6) + np.array([2.0, 0, 0, 0, 0, 0])
    logs[17, [0, 1]] = logs[17, [1, 0]]
    return counts_at_depth(logs, 3000, rng)


def zeros_declared_absent(rng: np.random.Generator) -> Any:
    """Return counts of which each 0 of a rare part is declared an absence."""
    shares = np.exp(log_amounts(rng, 60, 5) + np.array([3.0, 3.0, 3.0, 3.0, -3.0]))
    depths = rng.integers(300, 1500, 60)
    pairs = zip(depths, shares, strict=True)
    counts = np.array([rng.multinomial(n, p / p.sum()) for n, p in pairs])
    columns = {"never": counts[:, 4] == 0}
    return composition(counts, columns, zeros="counts", absent={"p4": "never"})


def rare(rng: np.random.Generator) -> Any:
    return counts_at_depth(
        log_amounts(rng, parts=6) + np.array([3.0, 2, 1, 0, -1, -4]), 60, rng
    )


def counted_batches(rng: np.random.Generator) -> Any:
    logs = log_amounts(rng, parts=6)
    logs[:, :3] += 2.5 * (rng.random((60, 1)) < 0.5)
    return counts_at_depth(logs, 3000, rng)


def counts_and_a_half(rng: np.random.Generator, closed: bool) -> Any:
    """Return counts at unequal depths with half a count added, or shares of these."""
    shares = np.exp(log_amounts(rng, 60, 6) + np.array([2.0, 1, 0, -1, -2, -3]))
    depths = np.exp(rng.normal(np.log(500), 0.7, 60)).astype(int) + 50
    pairs = zip(depths, shares, strict=True)
    counts = np.array([rng.multinomial(n, p / p.sum()) for n, p in pairs]) + 0.5
    return composition(counts / counts.sum(axis=1, keepdims=True) if closed else counts)


def below_a_limit(rng: np.random.Generator) -> Any:
    """Return amounts of which a fifth of one part are 65 % of a limit of detection."""
    values = np.exp(log_amounts(rng))
    limit = np.quantile(values[:, 0], 0.2)
    values[:, 0] = np.where(values[:, 0] < limit, 0.65 * limit, values[:, 0])
    return composition(values)


def censored(rng: np.random.Generator, declared: float) -> Any:
    """Return amounts of which a fifth of one part lie below its limit, and are 0.

    Parameters
    ----------
    rng : Generator
    declared : float
        The limit that is given, by the true one.
    """
    values = np.exp(log_amounts(rng))
    limit = np.quantile(values[:, 0], 0.2)
    values[:, 0] = np.where(values[:, 0] < limit, 0, values[:, 0])
    return composition(values, zeros="interval", limits={"p0": declared * limit})


def of_two_laboratories(rng: np.random.Generator, named: bool) -> Any:
    """Return rows of two laboratories, with the limit of the one for both.

    Parameters
    ----------
    rng : Generator
    named : bool
        Whether a covariate names them; else the rows of one follow those of the other.
    """
    values = np.exp(log_amounts(rng, 80))
    second = rng.random(80) < 0.5 if named else np.arange(80) >= 40
    low, high = np.quantile(values[:, 0], [0.1, 0.45])
    limits = np.where(second, high, low)
    values[:, 0] = np.where(values[:, 0] < limits, 0, values[:, 0])
    return composition(
        values,
        {"second": second.astype(int)},
        covariates="second" if named else None,
        zeros="interval",
        limits={"p0": low},
    )


def amounts(rng: np.random.Generator) -> Any:
    return composition(np.exp(log_amounts(rng)))


def specimens(rng: np.random.Generator) -> Any:
    """Return six specimens of each of ten subjects, who differ."""
    own = np.repeat(rng.normal(0, 0.5, (10, 8)), 6, axis=0)
    return composition(np.exp(log_amounts(rng) + own))


def visits(rng: np.random.Generator, between: float) -> Any:
    """Return four visits of each of 20 subjects, of whom ten are treated.

    Parameters
    ----------
    rng : Generator
    between : float
        Standard deviation of the first part between subjects; .1 in the others, .3 within.
    """
    subject = np.repeat(np.arange(20), 4)
    own = rng.normal(0, 1, (20, 8)) * np.array([between, *[0.1] * 7])
    logs = own[subject] + rng.normal(0, 0.3, (80, 8))
    columns = {"treated": subject >= 10, "subject": subject}
    return composition(np.exp(logs), columns, covariates="treated", subject="subject")


def measured_thrice(rng: np.random.Generator, depth: float | None) -> Any:
    """Return 25 samples, each measured three times, in any order.

    Parameters
    ----------
    rng : Generator
    depth : float or None
        How many are counted; without, amounts with errors of a tenth.
    """
    logs = rng.permutation(np.repeat(log_amounts(rng, 25), 3, axis=0))
    if depth is None:
        return composition(np.exp(logs + rng.normal(0, 0.1, logs.shape)))
    return counts_at_depth(logs, depth, rng)


def contaminated(rng: np.random.Generator) -> Any:
    """Return counts of which two parts are contaminants, of one amount in every sample."""
    amounts = np.exp(log_amounts(rng))
    depths = np.exp(rng.normal(np.log(3000), 0.9, 60)).astype(int) + 50
    added = 0.3 * np.median(depths) / depths
    amounts[:, 6:] = 0.3 * amounts[:, 6:] + added[:, None]
    pairs = zip(depths, amounts, strict=True)
    return composition(
        np.array([rng.multinomial(n, p / p.sum()) for n, p in pairs]), zeros="counts"
    )


def depths_by_group(rng: np.random.Generator) -> Any:
    """Return counts, rare ones too, of two groups of which one is counted fifteen times less."""
    amounts = np.exp(log_amounts(rng, 60, 10) + np.linspace(2, -2, 10))
    group = np.arange(60) % 2
    depths = np.where(group, 300, 5000) * np.exp(rng.normal(0, 0.4, 60))
    pairs = zip(depths.astype(int), amounts, strict=True)
    counts = np.array([rng.multinomial(n, p / p.sum()) for n, p in pairs])
    return composition(counts, {"group": group}, zeros="counts", covariates="group")


def with_site(rng: np.random.Generator) -> Any:
    logs = log_amounts(rng)
    site = rng.choice(["a", "b", "c"], 60)
    logs[:, :3] += 1.5 * (site == "b")[:, None]
    return composition(np.exp(logs), {"site": site}, covariates="site")


def _right(name: str, draw: Callable, model: Any = INVARIANT) -> World:
    return World(name=name, family="composition", wrong=False, make=maker(draw, model))


def _wrong(name: str, draw: Callable, catches: tuple[str, ...], **more: Any) -> World:
    model = more.pop("model", INVARIANT)
    return World(
        name=name,
        family="composition",
        wrong=True,
        make=maker(draw, model),
        catches=catches,
        **more,
    )


def three_groups(
    rng: np.random.Generator, rows: int, gone: int = 0, shared: float = 0.0
) -> dict[str, Any]:
    """Return three groups of 6 parts of which each is linked with the next.

    Parameters
    ----------
    rng : Generator
    rows : int
        Of each group.
    gone : int
        The number of links that the last group lacks.
    shared : float
        The share of the variance that rows at one place, the sites of a subject, have in common.
    """
    subjects = rng.standard_normal((rows, 6))
    groups = {}
    for group in "abc":
        lacks = (np.arange(5) < gone) & (group == "c")
        links = np.where(lacks, 0.0, -0.4)
        precision = np.eye(6) + np.diag(links, 1) + np.diag(links, -1)
        own = rng.standard_normal((rows, 6))
        scores = np.sqrt(shared) * subjects + np.sqrt(1 - shared) * own
        root = np.linalg.cholesky(np.linalg.inv(precision))
        groups[group] = composition(np.exp(scores @ root.T))
    return groups


def _pooled(
    name: str,
    draw: Callable[[np.random.Generator], dict[str, Any]],
    *catches: str,
    wrong: bool = True,
) -> World:
    """Return a world of groups that are pooled under the matching prior.

    Parameters
    ----------
    name : str
    draw : function of a generator
        Returns the rows of each group.
    *catches : str
    wrong : bool
    """
    model = cs.PartialCorrelation(prior="matching")

    def answer(model: Any, groups: Any) -> cs.Effect:
        fits = {
            name: cs.fit(
                model, data, seed=1, sampler=cs.Exact(draws=250), progress=False
            )
            for name, data in groups.items()
        }
        return cs.pool_groups(fits).answers["c"]

    return World(
        name=name,
        family="composition",
        wrong=wrong,
        make=maker(draw, model),
        catches=catches,
        answer=answer,
        runs=(OTHER_SUBJECTS, SMALL_DIFFERENCES),
    )


GROUPS = ("one group of rows",)
NEIGHBOURS = ("rows independent of their neighbours",)
SHAPE = ("predicts the",)


def about_a_covariate(rng: np.random.Generator) -> Any:
    logs = log_amounts(rng)
    age = rng.normal(size=len(logs))
    logs[:, 0] += 0.5 * age
    return composition(np.exp(logs), {"age": age}, covariates="age")


def along_a_curve(rng: np.random.Generator) -> Any:
    """Return amounts of which two go with the square of a covariate."""
    logs = log_amounts(rng, 80)
    age = rng.normal(size=80)
    logs[:, :2] += 0.7 * (age**2)[:, None]
    return composition(np.exp(logs), {"age": age}, covariates="age")


def of_two_networks(rng: np.random.Generator) -> Any:
    """Return two groups of 50 rows, in which a link has opposite signs."""
    logs = rng.standard_normal((100, 6))
    group = np.arange(100) % 2
    logs[:, 1] = np.where(group, 0.6, -0.6) * logs[:, 0] + 0.8 * logs[:, 1]
    return composition(np.exp(logs), {"group": group}, covariates="group")


WORLDS = [
    _right("links among amounts", amounts),
    _right(
        "skewed amounts", lambda rng: composition(np.exp(3 * log_amounts(rng, 40, 6)))
    ),
    _right("no links", lambda rng: composition(np.exp(rng.normal(0, 0.5, (60, 8))))),
    _right("few rows", lambda rng: composition(np.exp(log_amounts(rng, 22, 5)))),
    _right(
        "many parts of one variance",
        lambda rng: composition(np.exp(log_amounts(rng, 80, 40, 0))),
    ),
    _right(
        "many parts of unequal variances, which are learned",
        lambda rng: composition(np.exp(log_amounts(rng, 80, 40))),
        SHRUNK,
    ),
    _right(
        "few links among many parts",
        lambda rng: composition(np.exp(log_amounts(rng, 60, 20))),
        HORSESHOE,
    ),
    _right("sites named as a covariate", with_site),
    _right("a line in a covariate", about_a_covariate),
    _right(
        "sparse counts",
        lambda rng: counts_at_depth(log_amounts(rng, 40, 5), 60, rng),
        SHRUNK,
    ),
    _right(
        "rare taxa",
        lambda rng: counts_at_depth(
            log_amounts(rng, 40, 5) + np.array([3.0, 2, 0, -1, -2]), 400, rng
        ),
        SHRUNK,
    ),
    _right("plates counted at depths of their own", counted_at_depths_in_order, SHRUNK),
    _wrong(
        "two batches shift three parts",
        lambda rng: shifted(rng, 1.5, 0.5, 3),
        GROUPS,
        undetectable="60 rows: a test that knew which parts shift, and not the covariance within "
        "batches, would see it in half the data sets; said by the assumption `normal log-ratios`",
    ),
    _wrong(
        "a batch of a quarter of the rows",
        lambda rng: shifted(rng, 2.0, 0.25, 3),
        GROUPS,
    ),
    _wrong(
        "a unit changes midway", lambda rng: shifted(rng, np.log(100), 0.5, 1), GROUPS
    ),
    _wrong(
        "two batches of many rows", lambda rng: shifted(rng, 1.5, 0.4, 4, 200), GROUPS
    ),
    _wrong(
        "three batches of twelve rows, one after the other",
        lambda rng: batches_in_order(rng, 36, 3, 0.7),
        NEIGHBOURS,
    ),
    _wrong(
        "four batches of fifteen rows, one after the other",
        lambda rng: batches_in_order(rng, 60, 4, 0.4),
        NEIGHBOURS,
    ),
    _wrong(
        "the second half of 60 rows shifts three parts",
        lambda rng: half_shifted(rng, 60, 0.8),
        NEIGHBOURS,
    ),
    _wrong(
        "plates of counts, one after the other",
        counted_plates,
        NEIGHBOURS,
        model=SHRUNK,
    ),
    _wrong("two batches of counts", counted_batches, GROUPS, model=SHRUNK),
    _wrong(
        "many parts of unequal variances, taken for equal",
        lambda rng: composition(np.exp(log_amounts(rng, 80, 40))),
        ("predicts the spread",),
    ),
    _wrong(
        "counts and a half, taken for amounts",
        lambda rng: counts_and_a_half(rng, closed=False),
        ("amounts that are no counts",),
    ),
    _wrong(
        "shares of counts and a half, taken for amounts",
        lambda rng: counts_and_a_half(rng, closed=True),
        ("amounts that are no counts",),
    ),
    _wrong(
        "65 % of a limit in place of a fifth of a part",
        below_a_limit,
        ("no value in place of zeros",),
    ),
    _wrong(
        "two parts go with the square of a covariate",
        along_a_curve,
        ("covariates act by straight lines",),
    ),
    _wrong(
        "a link has opposite signs in the groups of a covariate",
        of_two_networks,
        ("the same links at every covariate",),
    ),
    _wrong("heavy tails", heavy, SHAPE),
    _wrong("one skewed part", skewed, SHAPE),
    _wrong("two outlying rows", outlying, SHAPE),
    _wrong(
        "a total of two parts", lambda rng: summed(rng, 2, None), ("no part is a sum",)
    ),
    _wrong(
        "a rounded total of four parts",
        lambda rng: summed(rng, 4, 2),
        ("no part is a sum",),
    ),
    _wrong("one part measured twice", repeated, ("no part repeats",)),
    _wrong("one part rounded to few values", rounded, ("measured finely",)),
    _wrong(
        "a fifth of the rows lack two taxa",
        lambda rng: absent(rng, 0.2),
        ("counted often",),
        model=SHRUNK,
    ),
    _wrong(
        "half the rows lack two taxa",
        lambda rng: absent(rng, 0.5),
        ("counted often",),
        model=SHRUNK,
    ),
    _wrong(
        "one row of counts with two parts exchanged",
        spoilt_row,
        ("no outlying row",),
        model=SHRUNK,
    ),
    _wrong(
        "zeros of a rare taxon declared absences",
        zeros_declared_absent,
        ("declared absences are no zeros",),
        model=SHRUNK,
    ),
    _wrong("a taxon hardly ever counted", rare, ("counted often",), model=SHRUNK),
    _wrong(
        "strong links among many parts",
        lambda rng: composition(np.exp(log_amounts(rng, 60, 20))),
        ("shrinkage of strong links",),
    ),
    _wrong(
        "strong links under a prior of few links",
        lambda rng: composition(np.exp(log_amounts(rng))),
        ("shrinkage of strong links",),
        model=HORSESHOE,
    ),
    _wrong(
        "most amounts linked, taken for few links",
        most_linked,
        ("few links among the amounts",),
        model=HORSESHOE,
    ),
    _wrong(
        "counts more dispersed than multinomial",
        overdispersed,
        (),
        model=SHRUNK,
        undetectable="one count of each specimen cannot tell it from variation of the "
        "composition: said by the assumption `multinomial counts`",
    ),
    _wrong(
        "specimens of ten subjects, not named",
        specimens,
        ("rows independent of their neighbours",),
    ),
    _wrong(
        "samples measured three times, in any order",
        partial(measured_thrice, depth=None),
        ("no replicates among the rows",),
    ),
    _wrong(
        "samples counted three times, in any order",
        partial(measured_thrice, depth=3000),
        ("no replicates among the rows",),
        model=SHRUNK,
    ),
    _wrong(
        "contaminants, whose share falls as more is counted",
        contaminated,
        ("composition independent of depth",),
        model=SHRUNK,
    ),
    _right("a group that is counted less", depths_by_group, SHRUNK),
    _right(
        "visits of subjects who differ alike in every part",
        partial(visits, between=0.1),
        SHRUNK,
    ),
    _wrong(
        "visits of subjects who differ in one part",
        partial(visits, between=0.6),
        ("rows alike to one degree in every part",),
        model=SHRUNK,
    ),
    _right(
        "a fifth of a part below its limit", partial(censored, declared=1.0), SHRUNK
    ),
    _wrong(
        "a limit given ten times too low",
        partial(censored, declared=0.1),
        ("values down to their limits",),
        model=SHRUNK,
    ),
    _wrong(
        "the limit of one laboratory for two, one after the other",
        partial(of_two_laboratories, named=False),
        ("values down to their limits",),
        model=SHRUNK,
    ),
    _wrong(
        "the limit of one laboratory for two that a covariate names",
        partial(of_two_laboratories, named=True),
        ("values down to their limits",),
        model=SHRUNK,
    ),
    _pooled(
        "pooled: three groups of 2,000 rows, of which one lacks two links",
        partial(three_groups, rows=2000, gone=2),
        wrong=False,
    ),
    _pooled(
        "pooled: three groups of 60 rows, of which one lacks two links",
        partial(three_groups, rows=60, gone=2),
        SMALL_DIFFERENCES,
    ),
    _pooled(
        "pooled: three sites of the same 60 subjects",
        partial(three_groups, rows=60, shared=0.5),
        OTHER_SUBJECTS,
    ),
    World(
        name="every row twice",
        family="composition",
        wrong=True,
        make=spoilt(maker(amounts, INVARIANT), every_row_twice),
        catches=("rows independent of their neighbours", "no row twice"),
    ),
    World(
        name="-9 for missing values of a covariate",
        family="composition",
        wrong=True,
        make=spoilt(maker(about_a_covariate, INVARIANT), partial(coded, column="age")),
        catches=("no codes",),
    ),
]
