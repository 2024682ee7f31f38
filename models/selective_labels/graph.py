"""Selective labels: the PyMC graph and the numbers it takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.core.knowledge import Known, KnownByGroup, Penalty
from causalstats.data import Decisions
from causalstats.errors import ModelError
from causalstats.models.selective_labels.estimands import seen_rows
from causalstats.models.selective_labels.priors import (
    FREE,
    FREEDOM,
    Widths,
    direction,
    feature_units,
    information,
    policy_sd,
    widths,
)
from causalstats.numerics.selection import prevalence_constraint as intercept

if TYPE_CHECKING:
    import pymc as pm

LEAST_SCALE = 1e-9  # σ = 0 is its limit, which the formulas have reached here to all digits
_CENTRED_FROM = (
    1.0  # standard deviation of a Δ from which the coefficient of testing is sampled instead of Δ
)


def inputs(model: Any, data: Decisions) -> dict[str, np.ndarray]:
    """The people, sorted by what was seen of them, and what is known, by the names it has in the graph."""
    if not data.binary:
        raise ModelError(
            "`SelectiveLabels` is for an outcome of 0/1; for one that is a number use `Heckman`."
        )
    for feature in model.negative_controls:
        data.columns_of(feature)  # refused here if there is none
    _refuse_too_few_deciders(model, data)
    values: dict[str, Any] = {
        f"features_{name}": data.matrix[rows] for name, rows in seen_rows(data).items()
    }
    values["policy_sd"] = policy_sd(model, data)
    if model.coefficient_prior == "attenuated":
        units, centre = feature_units(data)
        values |= {
            "feature_unit": units,
            "feature_mean": centre,
            "information": information(data),
        }
    if model.prevalence is not None:
        known, people = known_prevalence(model, data), data.population
        uncertain = [value for value in known.values() if not value.exact]
        values["known_prevalence"] = [value.value for value in known.values()]
        if uncertain:
            values |= {
                "prior_prevalence": [value.value for value in uncertain],
                "prior_prevalence_sd": [value.sd for value in uncertain],
            }
        for position, rows in enumerate(_group_rows(model, data)):
            values[f"everybody_{position}"] = people.matrix[
                np.ix_(rows, _free_columns(model, data))
            ]
            values[f"weights_{position}"] = people.weights[rows] / people.weights[rows].sum()
    if isinstance(model.unobserved_scale, Known):
        values["known_unobserved_scale"] = max(model.unobserved_scale.value, LEAST_SCALE)
    if isinstance(model.response, Known):
        values["known_response"] = direction(model) * model.response.value
    for name in ("sensitivity", "specificity") if model.imperfect else ():
        known = getattr(model, name)
        values |= {
            f"known_{name}": known.value,
            **({} if known.exact else {f"known_{name}_sd": known.sd}),
        }
    floats = {name: np.asarray(value, float) for name, value in values.items()}
    if model.deciders == "alike":
        return floats
    floats["decider_information"] = (
        np.bincount(np.asarray(data.decider), minlength=len(data.deciders))
        * data.tested
        * (1 - data.tested)
    )
    return floats | {
        f"deciders_{name}": np.asarray(data.decider)[rows] for name, rows in seen_rows(data).items()
    }


def build(model: Any, data: Decisions) -> pm.Model:
    """The PyMC graph on these data."""
    import pymc as pm

    from causalstats.numerics.selection.selective_labels_ops import log_likelihood

    _refuse_impossible(model, data)
    with pm.Model(coords=_coords(model, data)) as graph:
        given = {name: pm.Data(name, value) for name, value in inputs(model, data).items()}
        wide = widths(model)
        scale = given.get("known_unobserved_scale")
        if scale is None:
            scale = _half_normal(pm, "unobserved_scale", wide.unobserved)
        response = given.get("known_response")
        if response is None:
            response = direction(model) * pm.HalfNormal("response", wide.response)
        lower = scale * model.law.lower_end
        middle, risk = _risk(model, pm, data, given, scale, lower, wide)
        stretch = intercept.stretch(model.law, response * scale, pm.math)
        if model.coefficient_prior == "paper":
            testing_middle = _attenuated(
                pm, "testing_middle", stretch, wide.intercept, response * middle
            )
            policy = _policy(pm, given["policy_sd"], response * risk, stretch)
            testing = response * risk + policy
        else:
            testing_middle, policy, testing = _testing(
                pm, given, data, response * risk, stretch, wide
            )
        pm.Deterministic("risk_intercept", middle - lower)
        pm.Deterministic("risk_middle", middle)
        pm.Deterministic("policy_intercept", testing_middle - response * middle)
        pm.Deterministic("policy_coefficient", policy, dims="feature")
        pm.Deterministic("unobserved_width", scale)
        pm.Deterministic("testing_response", response)
        leniency, steepness = _deciders(model, pm, given, response, wide)
        test = _test(model, pm, given)
        for name in seen_rows(data):
            people, reported = (
                given[f"features_{name}"],
                name if name == "untested" or not test else f"reported_{name}",
            )
            risks, tests, responses = (
                middle + people @ risk,
                testing_middle + people @ testing,
                response,
            )
            if leniency is not None:
                tests = tests + leniency[given[f"deciders_{name}"]]
            if steepness is not None:
                responses = steepness[given[f"deciders_{name}"]]
                tests = tests + (responses - response) * risks
            result = () if name == "untested" else test
            pm.Potential(
                name, log_likelihood(model.law, reported, risks, tests, scale, responses, *result)
            )
    return graph


def _coords(model: Any, data: Decisions) -> dict[str, Any]:
    coords: dict[str, Any] = {"feature": list(data.features)}
    if isinstance(model.prevalence, KnownByGroup):
        coords["prevalence_group"] = [
            level for level, value in known_prevalence(model, data).items() if not value.exact
        ]
    if model.deciders != "alike":
        coords["decider"] = list(data.deciders)
    return coords


def known_groups(prevalence: Any) -> dict[str, Known]:
    """What is known of the prevalence, by group; one group without a name where there are none."""
    if prevalence is None:
        return {}
    return dict(prevalence.values) if isinstance(prevalence, KnownByGroup) else {"": prevalence}


def known_prevalence(model: Any, data: Decisions) -> dict[str, Known]:
    """By group, in the order of the feature's levels; one group without a name where there are none."""
    if not isinstance(model.prevalence, KnownByGroup):
        return known_groups(model.prevalence)
    levels, _ = data.levels_of(model.prevalence.feature, data.matrix)
    if set(levels) != set(model.prevalence.values):
        raise ModelError(
            f"Expected a prevalence for each level of {model.prevalence.feature!r}, {', '.join(map(repr, levels))}; "
            f"got {', '.join(map(repr, model.prevalence.values))}."
        )
    return {level: model.prevalence.values[level] for level in levels}


def _group_rows(model: Any, data: Decisions) -> list[np.ndarray]:
    """Who of the population is in each group whose prevalence is known."""
    people = data.population
    if not isinstance(model.prevalence, KnownByGroup):
        return [np.arange(len(people))]
    levels, codes = data.levels_of(model.prevalence.feature, people.matrix)
    rows = [np.flatnonzero(codes == position) for position in range(len(levels))]
    for level, found in zip(levels, rows, strict=True):
        if not len(found):
            raise ModelError(
                f"Nobody in the reference population has {model.prevalence.feature} {level!r}, whose prevalence is given."
            )
    return rows


def _refuse_impossible(model: Any, data: Decisions) -> None:
    """A prevalence below what was already found in its group, or above what was not ruled out; not where others are in the population, or tests err."""
    if model.prevalence is None or data.reference is not None or model.imperfect:
        return
    for (level, known), rows in zip(
        known_prevalence(model, data).items(), _group_rows(model, data), strict=True
    ):
        share, outcome = data.weights[rows] / data.weights[rows].sum(), data.outcome[rows]
        for seen, limit, side in ((1, known.value, "positive"), (0, 1 - known.value, "negative")):
            found = share[outcome == seen].sum()
            slack = 4 * np.sqrt(found * (1 - found) * (share**2).sum() + known.sd**2)
            if limit + slack < found:
                raise ModelError(
                    f"prevalence={known.value:g} is impossible here: {found:.2%} of {level or 'everybody'} was already tested {side}, and that is "
                    f"more than {limit:.2%}. Check that it is a proportion, of this population and this outcome; `Known(..., sd=...)` says how sure it is."
                )


def _refuse_too_few_deciders(model: Any, data: Decisions) -> None:
    if model.deciders == "alike":
        return
    if data.decider is None:
        raise ModelError(
            f"deciders={model.deciders!r} needs to know who decided: expected `Decisions.from_frame(..., decider='column')`."
        )
    if len(data.deciders) < 2:
        raise ModelError(
            f"deciders={model.deciders!r} compares deciders: expected at least 2, got {data.deciders[0]!r} alone. Use deciders='alike'."
        )


def _free_columns(model: Any, data: Decisions) -> np.ndarray:
    """The columns whose risk coefficient is sampled; those of the groups are solved from their prevalences."""
    solved = (
        data.columns_of(model.prevalence.feature)
        if isinstance(model.prevalence, KnownByGroup)
        else ()
    )
    return np.setdiff1d(np.arange(len(data.features)), solved)


def _risk(
    model: Any,
    pm: Any,
    data: Decisions,
    given: Mapping[str, Any],
    scale: Any,
    lower: Any,
    wide: Widths,
) -> tuple[Any, Any]:
    """The intercept at ζ = 0 and the coefficients."""
    import pytensor.tensor as pt

    from causalstats.numerics.selection.selective_labels_ops import prevalence_intercept

    known, stretch = known_prevalence(model, data), intercept.stretch(model.law, scale, pm.math)
    if not known:
        risk = _risk_coefficients(model, pm, given, stretch, wide)
        if model.coefficient_prior == "paper":
            middle = _attenuated(pm, "middle", stretch, wide.intercept, lower)
        else:
            middle = stretch * pm.Normal("attenuated_middle", 0, wide.intercept)
            middle = middle - given["feature_mean"] @ risk
        return pm.Deterministic("middle_intercept", middle), risk
    if isinstance(model.prevalence, Penalty):
        risk = _risk_coefficients(model, pm, given, stretch, wide)
        return _penalised_risk(model, pm, given, scale, lower, risk, stretch, wide)
    groups = [*known]
    prevalence = [given["known_prevalence"][position] for position in range(len(groups))]
    uncertain = [position for position, value in enumerate(known.values()) if not value.exact]
    if uncertain:
        mu, sigma = given["prior_prevalence"], given["prior_prevalence_sd"]
        if isinstance(model.prevalence, Known):
            prevalence = [pm.Beta("population_prevalence", mu=mu[0], sigma=sigma[0])]
        else:
            drawn = pm.Beta("population_prevalence", mu=mu, sigma=sigma, dims="prevalence_group")
            for order, position in enumerate(uncertain):
                prevalence[position] = drawn[order]
    free = _free_columns(model, data)
    if isinstance(model.prevalence, Known):
        risk = sampled = _risk_coefficients(model, pm, given, stretch, wide)
    else:
        sampled = _some_risk_coefficients(model, pm, given, stretch, wide, free)
    middles = [
        prevalence_intercept(
            model.law,
            prevalence[position],
            given[f"everybody_{position}"] @ sampled,
            scale,
            given[f"weights_{position}"],
        )
        for position in range(len(groups))
    ]
    if isinstance(model.prevalence, KnownByGroup):
        risk = pt.zeros(len(data.features))[free].set(sampled)
        for column, middle in zip(
            data.columns_of(model.prevalence.feature), middles[1:], strict=True
        ):
            risk = risk[column].set(middle - middles[0])
        risk = pm.Deterministic("risk_coefficient", risk, dims="feature")
    return middles[0], risk


def _attenuated(
    pm: Any, name: str, stretch: Any, sd: float, location: Any = 0, **shape: Any
) -> Any:
    """A Normal(location, sd²), sampled as what a regression without the unobservable would find: that hardly moves with σ, where itself it grows."""
    return stretch * pm.Normal(f"attenuated_{name}", location / stretch, sd / stretch, **shape)


def _risk_coefficients(
    model: Any, pm: Any, given: Mapping[str, Any], stretch: Any, wide: Widths
) -> Any:
    """β_Y, one a feature."""
    if model.coefficient_prior == "paper":
        drawn = _attenuated(pm, "risk_coefficient", stretch, wide.coefficient, dims="feature")
    else:
        shrunken = _shrunken(pm, "risk", given["information"][0], wide, dims="feature")
        drawn = stretch * shrunken / given["feature_unit"]
    return pm.Deterministic("risk_coefficient", drawn, dims="feature")


def _some_risk_coefficients(
    model: Any, pm: Any, given: Mapping[str, Any], stretch: Any, wide: Widths, free: np.ndarray
) -> Any:
    """β_Y of the features at these positions."""
    if model.coefficient_prior == "paper" or not len(free):
        return _attenuated(pm, "risk_coefficient", stretch, wide.coefficient, shape=len(free))
    shrunken = _shrunken(pm, "risk", given["information"][0], wide, shape=len(free))
    return stretch * shrunken / given["feature_unit"][free]


def _shrunken(pm: Any, which: str, known: Any, wide: Widths, **shape: Any) -> Any:
    """b ~ τ Student t, τ ~ half-Normal, in the geometry of `_hierarchy`."""
    spread = _half_normal(pm, f"{which}_coefficient_sd", wide.coefficient)
    width = pm.math.sqrt(1 + spread**2 * known)
    return (
        spread
        / width
        * pm.StudentT(f"attenuated_{which}_coefficient", nu=FREEDOM, mu=0, sigma=width, **shape)
    )


def _testing(
    pm: Any,
    given: Mapping[str, Any],
    data: Decisions,
    expected: Any,
    stretch: Any,
    wide: Widths,
) -> tuple[Any, Any, Any]:
    """The intercept of testing at ζ = 0, Δ, and the coefficients of testing, where these have priors of their own."""
    sd = given["policy_sd"]
    free = pm.math.eq(sd, FREE)
    spread = _half_normal(pm, "testing_coefficient_sd", wide.coefficient)
    width = pm.math.sqrt(1 + spread**2 * given["information"][1])
    centred = pm.math.ge(sd, _CENTRED_FROM)
    # Flat, with its prior beside it: which of two distributions that is, is a constant of the data.
    sampled = pm.Flat("attenuated_testing_coefficient", dims="feature")
    own_prior = pm.StudentT.dist(nu=FREEDOM, mu=0, sigma=width)
    policy_prior = pm.Normal.dist(
        centred * expected / stretch, pm.math.switch(centred, sd / stretch, 1.0)
    )
    prior = pm.math.switch(free, pm.logp(own_prior, sampled), pm.logp(policy_prior, sampled))
    pm.Potential("testing_coefficient_prior", prior.sum())
    own = stretch * spread / width * sampled / given["feature_unit"]
    deviation = pm.math.switch(centred, stretch * sampled - expected, sd * sampled)
    policy = pm.math.switch(free, own - expected, deviation)
    testing = pm.math.switch(free, own, expected + deviation)
    middle = stretch * pm.Normal("attenuated_testing_middle", 0, wide.intercept)
    return middle - given["feature_mean"] @ testing, policy, testing


def _penalised_risk(
    model: Any,
    pm: Any,
    given: Mapping[str, Any],
    scale: Any,
    lower: Any,
    risk: Any,
    stretch: Any,
    wide: Widths,
) -> tuple[Any, Any]:
    """The intercept sampled by its distance to the one that has the prevalence exactly: a shift, so that densities are those of the intercept."""
    from causalstats.numerics.selection import selective_labels_ops as selection_ops

    value, sd, weights, index = (
        given["prior_prevalence"][0],
        given["prior_prevalence_sd"][0],
        given["weights_0"],
        given["everybody_0"] @ risk,
    )
    unit = sd / (value * (1 - value))
    middle = selection_ops.prevalence_intercept(
        model.law, value, index, scale, weights
    ) + unit * pm.Flat("intercept_shift")
    if model.coefficient_prior == "paper":
        prior = pm.Normal.dist(lower, wide.intercept)
    else:
        prior = pm.Normal.dist(-given["feature_mean"] @ risk, wide.intercept * stretch)
    pm.Potential("intercept_prior", pm.logp(prior, middle))
    prevalence = pm.Deterministic(
        "population_prevalence", selection_ops.prevalence(model.law, middle, index, scale, weights)
    )
    pm.Potential("prevalence_penalty", -((prevalence - value) ** 2) / (2 * sd**2))
    return middle, risk


def _deciders(
    model: Any, pm: Any, given: Mapping[str, Any], response: Any, wide: Widths
) -> tuple[Any, Any]:
    """λ_j and α_j, each None where deciders are alike in it."""
    if model.deciders == "alike":
        return None, None
    leniency = _hierarchy(
        pm, "leniency", _half_normal(pm, "leniency_sd", wide.leniency), given["decider_information"]
    )
    if model.deciders == "leniency":
        return leniency, None
    ratio = _hierarchy(
        pm, "log_response_ratio", _half_normal(pm, "response_sd", wide.decider_response), 0.0
    )
    return leniency, pm.Deterministic(
        "decider_response", response * pm.math.exp(ratio), dims="decider"
    )


def _test(model: Any, pm: Any, given: Mapping[str, Any]) -> tuple[Any, ...]:
    """Sensitivity and specificity, where a result may differ from the outcome."""
    if not model.imperfect:
        return ()
    parts = []
    for name in ("sensitivity", "specificity"):
        known = given[f"known_{name}"]
        if f"known_{name}_sd" in given:
            parts.append(pm.Beta(f"test_{name}", mu=known, sigma=given[f"known_{name}_sd"]))
        else:
            parts.append(pm.Deterministic(f"test_{name}", known))
    return tuple(parts)


def _policy(pm: Any, sd: Any, expected: Any, stretch: Any) -> Any:
    """Δ ~ Normal(0, sd²) per feature: by the coefficient of testing where sd is large, in units of sd where it is small or 0.

    Every set of expert features, hard or soft, is so the same program with other constants; where sd is 0 the variable has no use.
    """
    centred = pm.math.ge(sd, _CENTRED_FROM)
    location, spread = centred * expected / stretch, pm.math.switch(centred, sd / stretch, 1.0)
    sampled = pm.Normal("attenuated_testing_coefficient", location, spread, dims="feature")
    return pm.math.switch(centred, stretch * sampled - expected, sd * sampled)


def _half_normal(pm: Any, name: str, sd: float) -> Any:
    """Sampled as log(e^x - 1) and not log x: the posterior is nearly Gaussian in x on the right, where a logarithm would bend it."""
    return pm.HalfNormal(name, sd, default_transform=pm.distributions.transforms.log_exp_m1)


def _hierarchy(pm: Any, name: str, spread: Any, information: Any) -> Any:
    """Normal(0, τ²) a decider, in units of τ / √(1 + τ² I), I the information of the data on each: of width 1 whatever τ, where itself it has a funnel."""
    width = pm.math.sqrt(1 + spread**2 * information)
    return pm.Deterministic(
        name, spread / width * pm.Normal(f"{name}_unit", 0, width, dims="decider"), dims="decider"
    )
