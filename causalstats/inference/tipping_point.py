"""Tipping-point analysis: the smallest joint bend of several assumptions that turns the decision.

Draws are weighted by the ratio of the posterior densities under bent and stated assumptions (Pareto
smoothed importance sampling), so that a bend takes some hundred densities and no fit. From the
derivatives of the interval with respect to each assumption follows the direction in which the least
bending moves it to the threshold; along that direction, where the log weight of each draw is taken
to be quadratic, the size is found by bisection. Where nothing turns in it, each field alone and all
alike are tried. Where the Pareto k of the weights is above 0.7, the model is fitted again; the
result always is, and where it contradicts the weights every bend is.

E-values are in `models.causal_diagram.unobserved_confounding`.

References
----------
Greenland & Lash (2008), Bias analysis, in Modern Epidemiology. Vehtari, Simpson, Gelman, Yao &
Gabry (2024), Pareto smoothed importance sampling, Journal of Machine Learning Research 25.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.core.abilities import Varies, WorkingPosterior
from causalstats.core.argument_validation import meant, read_field
from causalstats.core.draws_kind import DrawsKind, draws_kind
from causalstats.core.formatting import shown
from causalstats.core.knowledge import Known
from causalstats.core.model import Model, Problem
from causalstats.errors import CausalStatsError, ModelError
from causalstats.inference.graph_gradient import GraphGradient, graph_gradient
from causalstats.numerics.sampling.centre import centre_of, weighted_centre
from causalstats.numerics.sampling.pareto_smoothing import pareto_smoothed_weights
from causalstats.samplers.program_cache import same_program

if TYPE_CHECKING:
    import pandas as pd

    from causalstats.core.effect import Effect
    from causalstats.inference.fit import Fit

LARGEST_PARETO_K = 0.7
_MOST_DRAWS = 500
_SMALL = 0.1  # share of a bend, for derivatives
_LARGEST = 2.0  # bends
_SIZES = (0.5, 1.0, _LARGEST)  # looked at before bisection
_BISECTIONS = 6
_REFITS = 4
_APART = 0.25  # of the width of an interval
_INTERVAL = (0.025, 0.975)
_BOUNDS = ["lower", "upper"]  # the entries of a headline that is an identified set


@dataclass(frozen=True, kw_only=True)
class Bend:
    """The answer at some bend of the assumptions.

    Parameters
    ----------
    centre, lower, upper : float
        The mean of the headline, or the median where that stands for it, and its 95 % interval. Of
        bounds, their middle, and from the interval of the lower to that of the upper.
    pareto_k : float
        Of the weights; 0 of a fit.
    failed : tuple of str
        The checks that the answer fails there: data that contradict the values say so. Of the
        answers that a `TippingPoint` reports.
    """

    centre: float
    lower: float
    upper: float
    pareto_k: float
    failed: tuple[str, ...] = ()

    def margin(self, threshold: float) -> float:
        """Return how far the interval is from a threshold: negative where it takes it in.

        Examples
        --------
        >>> Bend(centre=2.0, lower=1.0, upper=3.0, pareto_k=0.0).margin(0.5)
        0.5
        >>> Bend(centre=2.0, lower=1.0, upper=3.0, pareto_k=0.0).margin(1.5)
        -0.5
        """
        return max(self.lower - threshold, threshold - self.upper)

    def left(self, stated: Bend, threshold: float) -> float:
        """Return how far the answer is from turning the decision: negative where it has turned it.

        An interval that passes the threshold turns the decision that it was on one side of it as
        much as one that takes it in.

        Parameters
        ----------
        stated : Bend
            The answer as it was stated.
        threshold : float

        Examples
        --------
        >>> stated = Bend(centre=2.0, lower=1.0, upper=3.0, pareto_k=0.0)
        >>> stated.left(stated, 0.5)
        0.5
        >>> Bend(centre=-2.0, lower=-3.0, upper=-1.0, pareto_k=0.0).left(stated, 0.5)
        -3.5
        """
        if stated.lower > threshold:
            return self.lower - threshold
        if stated.upper < threshold:
            return threshold - self.upper
        return -self.margin(threshold)


@dataclass(frozen=True, kw_only=True)
class TippingPoint:
    """The smallest joint bend of assumptions that was found to turn the decision.

    Made by `Fit.tipping_point`.

    Parameters
    ----------
    turned : bool
        Whether there is one within two bends.
    values : dict
        The value of each field there. Where nothing turned, at two bends, or at the largest bend
        below that the model can take.
    size : float
        In bends: the Euclidean length of the shares.
    stated, bent : Bend
        The answer as it was stated, and at these values, where the model was fitted again.
    reweighted : Bend or None
        What the weighted draws say there; None where every bend was fitted.
    sentence : str

    Examples
    --------
    >>> import causalstats as cs
    >>> model = cs.CausalDiagram("treated -> recovered", route="reduced")
    >>> fit = cs.fit(model, model.simulate(1, people=100).data, seed=1, progress=False)
    >>> result = fit.tipping_point(concentration=200.0)
    >>> result.turned, result.reweighted
    (True, None)
    >>> result.bent.failed
    ('weight of the prior',)
    """

    turned: bool
    values: dict[str, Any]
    size: float
    stated: Bend
    bent: Bend
    reweighted: Bend | None
    sentence: str

    def __repr__(self) -> str:
        return self.sentence


def tipping_point(fit: Fit, bends: Mapping[str, Any], threshold: float) -> TippingPoint:
    """Return the smallest joint bend that turns the decision, as `Fit.tipping_point` says.

    Parameters
    ----------
    fit : Fit
    bends : mapping of field to a value
        That at one bend of the field.
    threshold : float
    """
    axes = _axes(fit, bends)
    answers = _Answers(fit, axes, _weighting(fit, axes))
    shares, bent = _search(answers, threshold)
    if answers.gradient is not None and _contradicted(answers.weighted(shares), bent):
        answers = _Answers(fit, axes, None)
        shares, bent = _search(answers, threshold)
    unbent = np.zeros(len(axes))
    stated = replace(answers.at(unbent), failed=answers.failed(unbent))
    bent = replace(bent, failed=answers.failed(shares))
    turned = bent.left(stated, threshold) < 0
    values = {
        name: axis.at(share)
        for (name, axis), share in zip(axes.items(), shares, strict=True)
    }
    reweighted = None if answers.gradient is None else answers.weighted(shares)
    size = float(np.linalg.norm(shares))
    return TippingPoint(
        turned=turned,
        values=values,
        size=size,
        stated=stated,
        bent=bent,
        reweighted=reweighted,
        sentence=_sentence(values, axes, stated, bent, turned, threshold, size)
        + _in_doubt(stated, bent),
    )


def _search(answers: _Answers, threshold: float) -> tuple[np.ndarray, Bend]:
    """Return the smallest bend that was found to turn the decision, and the fit there.

    Parameters
    ----------
    answers : _Answers
    threshold : float

    Returns
    -------
    shares : array
        Of each field; at two bends, or the largest that the model takes, where nothing turned.
    bent : Bend
    """
    count = len(answers.axes)
    stated = answers.at(np.zeros(count))
    left = [answers.at(_SMALL * unit).left(stated, threshold) for unit in np.eye(count)]
    direction = np.maximum(stated.left(stated, threshold) - np.array(left), 0.0)
    if not direction.any():
        direction = np.ones(count)
    direction = direction / np.linalg.norm(direction)

    def turned(bend: Bend) -> bool:
        return bend.left(stated, threshold) < 0

    size, bent = _turn(answers, direction, turned)
    if turned(bent):
        return size * direction, bent
    # Where one field hardly moves the interval at first, the others took its place.
    for other in _other_directions(direction):
        try:
            size_there, bent_there = _turn(answers, other, turned)
        except CausalStatsError:  # no model can be so bent
            continue
        if turned(bent_there):
            return size_there * other, bent_there
    return size * direction, bent


def _contradicted(weighted: Bend, fitted: Bend) -> bool:
    """Return whether weighted draws, though trusted, say something else than the fit.

    They do where a bend acts on the answer itself, or on what the draws keep of the stated model.
    """
    apart = max(abs(weighted.lower - fitted.lower), abs(weighted.upper - fitted.upper))
    trusted = weighted.pareto_k < LARGEST_PARETO_K
    return trusted and apart > _APART * (fitted.upper - fitted.lower)


def _turn(
    answers: _Answers, direction: np.ndarray, turned: Callable[[Bend], bool]
) -> tuple[float, Bend]:
    """Return the smallest size in a direction that turns the decision, and the fit there.

    Parameters
    ----------
    answers : _Answers
    direction : array
        Of length 1.
    turned : function of a Bend
    """

    def fitted(size: float) -> Bend:
        return answers.fitted(size * direction)

    along = answers.along(direction)
    size, found = _smallest(lambda size: _turned_at(along, turned, size))
    if not found:
        size, bent = _largest(answers, direction)
        if not turned(bent):
            return size, bent
        # The fit turns what weighted draws do not.
        size, _ = _smallest(lambda size: _turned_at(fitted, turned, size))
        return size, fitted(size)
    bent = fitted(size)
    for _ in range(_REFITS):
        if turned(bent) or size >= _LARGEST:
            break
        size = min(1.15 * size, _LARGEST)
        bent = fitted(size)
    return size, bent


def _largest(answers: _Answers, direction: np.ndarray) -> tuple[float, Bend]:
    """Return the largest size that was looked at to which the model can be bent, and its fit.

    Parameters
    ----------
    answers : _Answers
    direction : array
        Of length 1.

    Raises
    ------
    ModelError
        If the model can be bent to none of them.
    """
    *larger, least = reversed(_SIZES)
    for size in larger:
        try:
            return size, answers.fitted(size * direction)
        except CausalStatsError:
            continue
    return least, answers.fitted(least * direction)


def _other_directions(direction: np.ndarray) -> list[np.ndarray]:
    """Return each field alone, and all alike, less the direction that was tried.

    Examples
    --------
    >>> [each.round(2).tolist() for each in _other_directions(np.array([1.0, 0.0]))]
    [[0.0, 1.0], [0.71, 0.71]]
    """
    count = len(direction)
    alike = np.full(count, 1 / np.sqrt(count))
    return [
        each for each in (*np.eye(count), alike) if not np.allclose(each, direction)
    ]


@dataclass(frozen=True)
class _Axis:
    """The values of a field between the one that is stated and that at one bend."""

    stated: Any
    bent: Any

    def at(self, share: float) -> Any:
        """Return the value at a share: by ratio where both are positive, else by difference."""
        if isinstance(self.stated, Known):
            return self.stated.at(_between(self.stated.value, self.bent.value, share))
        return _between(float(self.stated), float(self.bent), share)


def _between(stated: float, bent: float, share: float) -> float:
    if stated > 0 and bent > 0:
        return float(stated * (bent / stated) ** share)
    return float(stated + share * (bent - stated))


def _axes(fit: Fit, bends: Mapping[str, Any]) -> dict[str, _Axis]:
    """Return the axis of each field.

    Raises
    ------
    ModelError
        If a field is none of the model's, or has no numbers between its values.
    """
    kind = type(fit.model)
    names = [field.name for field in fields(fit.model)]
    if not bends:
        raise ModelError(
            f"Expected some of {', '.join(names)}, each with a value, got none."
        )
    axes = {}
    for name, bent in bends.items():
        if name not in names:
            raise ModelError(
                f"Expected some of {', '.join(names)}, got {name!r}. {meant(name, names)}".rstrip()
            )
        stated = getattr(fit.model, name)
        if isinstance(stated, Known) and isinstance(bent, Real):
            bent = stated.at(float(bent))
        bent = read_field(kind, name, bent, ModelError)
        numbers = isinstance(stated, Known) and isinstance(bent, Known)
        if not numbers and not (_is_number(stated) and _is_number(bent)):
            raise ModelError(
                f"Expected `{name}` as a number that can be bent to another, got {shown(stated)} "
                f"and {shown(bent)}. Use `fit.sensitivity` for fields of another kind."
            )
        axes[name] = _Axis(stated, bent)
    return axes


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _bent(model: Model, axes: Mapping[str, _Axis], shares: np.ndarray) -> Model:
    changes = {
        name: axis.at(share)
        for (name, axis), share in zip(axes.items(), shares, strict=True)
        if share != 0
    }
    return (
        model.vary(**changes)
        if isinstance(model, Varies)
        else replace(model, **changes)
    )


def _weighting(fit: Fit, axes: Mapping[str, _Axis]) -> GraphGradient | None:
    """Return the density by which draws are weighted; None where every bend has to be fitted.

    That is where the posterior is in closed form, errors are robust, or a bend changes the graph.
    """
    if draws_kind(fit.draws) is DrawsKind.EXACT or isinstance(
        fit.model, WorkingPosterior
    ):
        return None
    posterior = fit.draws["posterior"].to_dataset()
    problem = Problem(fit.model, fit.data)
    bent = Problem(_bent(fit.model, axes, np.ones(len(axes))), fit.data)
    absent = [
        each.name for each in problem.graph.free_RVs if each.name not in posterior
    ]
    if absent or not same_program(problem.graph, bent.graph):
        return None
    return graph_gradient(problem)


class _Answers:
    """The answer at bends, by weighted draws or by fits; each bend is computed once."""

    def __init__(
        self, fit: Fit, axes: Mapping[str, _Axis], gradient: GraphGradient | None
    ) -> None:
        self.fit = fit
        self.axes = axes
        self.gradient = gradient
        self._fits: dict[bytes, Bend] = {}
        self._effects: dict[bytes, Effect] = {}
        _refuse_many(fit.effect(fit.headline).numbers())
        if gradient is None:
            return
        posterior = fit.draws["posterior"].to_dataset()
        total = posterior.sizes["chain"] * posterior.sizes["draw"]
        thinned = posterior.isel(draw=slice(None, None, max(1, total // _MOST_DRAWS)))
        self.points = gradient.unconstrained(thinned)
        answer = fit.model.estimands()[fit.headline].compute(thinned, fit.data)
        flat = answer.transpose("chain", "draw", ...).to_numpy()
        self.values = flat.reshape(len(self.points), -1)
        self.orders = np.argsort(self.values, axis=0)
        self.centre = centre_of(fit.effect(fit.headline).numbers())
        self.heights = self._heights(fit.model)

    def _heights(self, model: Model) -> np.ndarray:
        assert self.gradient is not None
        density = self.gradient.on(Problem(model, self.fit.data)).density
        return np.array([float(density(point)[0]) for point in self.points])

    def at(self, shares: np.ndarray) -> Bend:
        """Return the answer, by a fit where weights cannot be trusted."""
        if self.gradient is None:
            return self.fitted(shares)
        bend = self.weighted(shares)
        return bend if bend.pareto_k < LARGEST_PARETO_K else self.fitted(shares)

    def along(self, direction: np.ndarray) -> Callable[[float], Bend]:
        """Return the answer as a function of the size of a bend in one direction."""
        if self.gradient is None:
            return lambda size: self.fitted(size * direction)
        bent = (_bent(self.fit.model, self.axes, size * direction) for size in (1, 2))
        one, two = (self._heights(model) - self.heights for model in bent)
        curvature = two / 2 - one

        def at(size: float) -> Bend:
            bend = self._of(size * (one - curvature) + size**2 * curvature)
            trusted = bend.pareto_k < LARGEST_PARETO_K
            return bend if trusted else self.fitted(size * direction)

        return at

    def weighted(self, shares: np.ndarray) -> Bend:
        """Return the answer of weighted draws."""
        heights = self._heights(_bent(self.fit.model, self.axes, shares))
        return self._of(heights - self.heights)

    def _of(self, log_ratio: np.ndarray) -> Bend:
        """Return the answer of draws weighted by ratios of densities."""
        weights = pareto_smoothed_weights(log_ratio)
        ends, centres = [], []
        for values, order in zip(self.values.T, self.orders.T, strict=True):
            shares_below = np.cumsum(weights.weights[order])
            ends += [np.interp(_INTERVAL, shares_below, values[order])]
            centres += [weighted_centre(self.centre, values, weights.weights)]
        return Bend(
            centre=float(np.mean(centres)),
            lower=float(ends[0][0]),
            upper=float(ends[-1][1]),
            pareto_k=float(weights.pareto_k),
        )

    def fitted(self, shares: np.ndarray) -> Bend:
        """Return the answer of a fit."""
        key = shares.tobytes()
        if key not in self._fits:
            other = self.fit
            if shares.any():
                other = self.fit.refit(
                    _bent(self.fit.model, self.axes, shares), "Refitting at a bend"
                )
            effect = other.effect(self.fit.headline)
            self._effects[key] = effect
            numbers = effect.numbers()
            self._fits[key] = Bend(
                centre=float(numbers[centre_of(numbers)].mean()),
                lower=float(numbers["lower"].iloc[0]),
                upper=float(numbers["upper"].iloc[-1]),
                pareto_k=0.0,
            )
        return self._fits[key]

    def failed(self, shares: np.ndarray) -> tuple[str, ...]:
        """Return the names of the checks that the answer of a fit fails."""
        self.fitted(shares)
        doubts = self._effects[shares.tobytes()].doubts
        return tuple(check.name for check in doubts if check.passed is False)


def _refuse_many(numbers: pd.DataFrame) -> None:
    """Refuse a headline of several numbers, of which no one decision is made.

    Parameters
    ----------
    numbers : DataFrame
        A row for each number.

    Raises
    ------
    ModelError
        Unless it is one number, or two bounds.
    """
    entries = [str(entry) for entry in numbers.index]
    if len(entries) > 1 and entries != _BOUNDS:
        few = ", ".join(entries[:3]) + (", ..." if len(entries) > 3 else "")
        raise ModelError(
            "Expected a headline of one number, or of a lower and an upper bound, about which "
            f"there is one decision to turn; got {len(entries):,}: {few}. Use `fit.sensitivity`, "
            "which has a row for each of them."
        )


def _turned_at(
    along: Callable[[float], Bend], turned: Callable[[Bend], bool], size: float
) -> bool:
    """Return whether the decision is turned at this size; not where no model can be so bent."""
    try:
        return turned(along(size))
    except CausalStatsError:
        return False


def _smallest(turned: Callable[[float], bool]) -> tuple[float, bool]:
    """Return the smallest size at which the decision is turned, and whether there is one."""
    above = next((size for size in _SIZES if turned(size)), None)
    if above is None:
        return _LARGEST, False
    below = max([0.0, *(size for size in _SIZES if size < above)])
    for _ in range(_BISECTIONS):
        middle = (below + above) / 2
        if turned(middle):
            above = middle
        else:
            below = middle
    return above, True


def _sentence(
    values: Mapping[str, Any],
    axes: Mapping[str, _Axis],
    stated: Bend,
    bent: Bend,
    turned: bool,
    threshold: float,
    size: float,
) -> str:
    """Return the result in words.

    Parameters
    ----------
    values : mapping of field to its value at the bend
    axes : mapping of field to its axis
    stated, bent : Bend
    turned : bool
    threshold : float
    size : float
        In bends.
    """
    changed = ", ".join(
        f"{name} {_short(value)} in place of {_short(axes[name].stated)}"
        for name, value in values.items()
    )
    before = f"{stated.centre:.3g} ({stated.lower:.3g} to {stated.upper:.3g})"
    after = f"{bent.centre:.3g} ({bent.lower:.3g} to {bent.upper:.3g})"
    inside = stated.margin(threshold) < 0
    takes_in = "takes in" if bent.margin(threshold) < 0 else "passes"
    if inside:
        takes_in = "leaves out"
    if not turned:
        still = "takes in" if inside else "leaves out"
        return (
            f"No joint bend of up to {size:.2g} bends turned the decision: with {changed} the "
            f"answer is {after}, {before} as stated; its interval still {still} {threshold:g}."
        )
    return (
        f"The interval {takes_in} {threshold:g} where all bend together: with {changed} the answer "
        f"is {after}, {before} as stated."
    )


def _in_doubt(stated: Bend, bent: Bend) -> str:
    """Return the sentences on checks that fail, at the bend and as stated; empty without any.

    Examples
    --------
    >>> stated = Bend(centre=2.0, lower=1.0, upper=3.0, pareto_k=0.0)
    >>> _in_doubt(stated, replace(stated, failed=("overlap",)))
    ' In doubt: the answer there fails overlap.'
    """
    places = {"there": bent.failed, "as stated": stated.failed}
    told = [
        f"the answer {place} fails {', '.join(failed)}"
        for place, failed in places.items()
        if failed
    ]
    return f" In doubt: {'; '.join(told)}." if told else ""


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else shown(value)
