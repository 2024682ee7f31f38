"""An answer: labelled draws, or marginal distributions in closed form, with unit and assumptions.

Intervals are equal-tailed credible intervals.

The checks that an answer carries are its `doubts`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from html import escape
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol

import numpy as np

from causalstats.core.argument_validation import (
    Inside,
    MappingOf,
    NotNegative,
    Number,
    Text,
    checked,
)
from causalstats.core.differences import difference_checks
from causalstats.core.display_scale import (
    DisplayScale,
    rounded_by_interval,
    scale_of_differences,
    scale_of_unit,
)
from causalstats.core.rounding import rounded
from causalstats.core.wording import Wording, capitalised
from causalstats.errors import ModelError
from causalstats.numerics.compositions.pair_names import Matched, matched
from causalstats.numerics.sampling.centre import (
    Centre,
    centre_of,
    estimate_columns,
    mean_outside,
)

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from causalstats.core.check import Check

INTERVAL = 0.95  # of every interval shown unless another is asked for; equal-tailed
Kind = Literal["causal", "associational"]
Weights = Annotated[
    Mapping[str, float],
    MappingOf(
        Text(empty=False, words="the name of an entry"),
        Number(),
        least=1,
        description="weights of entries by name, such as `{'t1': 1, 't2': -1}`",
    ),
]
_OWN_SCALE = ("q-value", "error", "sd", "pull")  # columns that no scale converts
_ROUNDING = 1e-9  # numbers smaller than that, by the largest, are shown as 0
_SHOWN = 10
_DECIDED_OVER_NULL = (
    " Without any link it need not be 0, where parts vary otherwise in one group than in the "
    "other: `decide` is about the difference of the excess."
)
_COMPUTED = ("_tables", "_over")  # again, by a copy that is asked
_NAMED = 4
_CONTRADICTED = " (contradicted by these data)"
_UNTESTED = " (not yet set against the data: `fit.check()`)"


class MarginalDistributions(Protocol):
    """The marginal distribution of each entry of an answer; arrays have one number a label."""

    labels: Sequence[str]

    def mean(self) -> np.ndarray: ...

    def sd(self) -> np.ndarray: ...

    def quantile(self, prob: float) -> np.ndarray: ...

    def cdf(self, value: float) -> np.ndarray: ...


@dataclass(frozen=True, kw_only=True)
class Effect:
    """An answer: labelled draws with their unit, contrast, assumptions and failed checks.

    Parameters
    ----------
    name : str
    draws : DataArray, dims (chain, draw, ...)
    description : str
        The quantity in a sentence, with the population it is about.
    unit : str
    contrast : str
        The arms that are compared, "none" where the answer is no comparison.
    kind : {"causal", "associational"}
    assumptions : tuple of str
        The names of the assumptions that the answer depends on.
    make_doubts : callable, optional
        Gives the checks that the answer carries; called when `doubts` is first read.
    find_untested : callable, optional
        Gives the names of assumptions that only refits could contradict, which have not been run;
        called when `doubts` is first read. Sentences mark them.
    sentence : str, optional
        The answer as a reader would say it, with `{value}` where the number belongs. `{raises}` is
        the verb that its sign asks for: "raises", "lowers", or "changes" where the interval
        includes 0; `{changes}` is "changes", and the number keeps its sign. After either, a
        sentence whose interval includes 0 ends with words that say so. An answer of several
        numbers has a sentence for each, with its label at `{entry}`; or one sentence with each
        number at its label, as `{value:lower}`; or, of many, `{count}` of `{total}` whose intervals
        leave out 0 (`{chance}` by chance) and, within `[...]` that is left out where there are
        none, the `{surest}` of these.
    marginals : MarginalDistributions, optional
        The distribution of each entry in closed form. Tables come from it and have no Monte Carlo
        error; an answer with too many entries to draw has only that.
    savage_dickey : callable, optional
        The Bayes factor of 0 of each entry, where the model has it.
    over_null : callable, optional
        The same entries less their value without an association, where that is not 0.
    determined : callable, optional
        Whether the data determine each entry; None where they determine all.
    scale : DisplayScale, optional
        The scale on which readers are shown the numbers; that of the unit, unless given.
    wording : Wording
        Labels of columns, for the names of entries.
    drawn_from : str
        Names the posterior draws that the answer is computed from, draw by draw; empty where it has
        draws of its own. Answers from the same draws depend on each other.
    null : float
        The value without an effect: 0 of differences, 1 of ratios.
    centre : {"mean", "median"}
        The number that stands for the answer. "median" of ratios and quotients, whose mean a few
        draws can carry beyond their interval. Where that happens to another answer, its median is
        shown too. Tables then have a column `median`.

    Examples
    --------
    >>> import numpy as np
    >>> import xarray as xr
    >>> import causalstats as cs
    >>> draws = xr.DataArray(np.linspace(0.1, 0.3, 200).reshape(2, 100), dims=("chain", "draw"))
    >>> effect = cs.Effect(
    ...     name="effect",
    ...     draws=draws,
    ...     description="Effect of treatment on recovery.",
    ...     unit="difference of probabilities",
    ...     contrast="treated - not treated",
    ...     kind="causal",
    ...     assumptions=("randomised",),
    ... )
    >>> round(float(effect.numbers()["mean"].iloc[0]), 2)
    0.2
    """

    name: str
    draws: xr.DataArray
    description: str
    unit: str
    contrast: str
    kind: Kind
    assumptions: tuple[str, ...]
    make_doubts: Callable[[], tuple[Check, ...]] = tuple
    find_untested: Callable[[], tuple[str, ...]] = tuple
    sentence: str = ""
    marginals: MarginalDistributions | None = None
    savage_dickey: Callable[[], np.ndarray | None] | None = None
    over_null: Callable[[], Effect] | None = None
    determined: Callable[[], np.ndarray | None] | None = None
    scale: DisplayScale | None = None
    wording: Wording = Wording()
    drawn_from: str = ""
    null: float = 0.0
    weights: xr.DataArray | None = None
    centre: Centre = "mean"

    @property
    def doubts(self) -> tuple[Check, ...]:
        """The checks that failed, or cannot be decided, and that this answer depends on."""
        return self._carried[0]

    @cached_property
    def _carried(self) -> tuple[tuple[Check, ...], tuple[str, ...]]:
        """The doubts, and the assumptions that were untested when these were looked for."""
        return self.make_doubts(), self.find_untested()

    def __getstate__(self) -> dict[str, Any]:
        # Functions of a fit stay in its process; a copy takes along what they give.
        doubts, untested = self._carried
        state = {
            **vars(self),
            "make_doubts": partial(_given, doubts),
            "find_untested": partial(_given, untested),
        }
        for name in ("savage_dickey", "over_null", "determined"):
            compute = getattr(self, name)
            state[name] = None if compute is None else partial(_given, compute())
        return {name: each for name, each in state.items() if name not in _COMPUTED}

    @property
    def warnings(self) -> tuple[str, ...]:
        """The doubts in words: name, finding and remedy, those with one remedy together.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.CausalDiagram("treated -> recovered")
        >>> fit = cs.fit(model, model.simulate(1, people=100).data, seed=1, progress=False)
        >>> fit.effect("effect").warnings[0].split(":")[0]
        'independences of the diagram'
        """
        return warnings_of(self.doubts)

    @checked(ModelError)
    def summary(self, prob: Inside = INTERVAL) -> pd.DataFrame:
        """Summarise each entry of the answer in a row.

        Parameters
        ----------
        prob : float
            Probability of the equal-tailed interval.

        Returns
        -------
        DataFrame
            Columns mean, sd, lower, upper; the Monte Carlo diagnostics ess_bulk, ess_tail and
            r_hat where there are draws; and `doubts`, the names of the checks that the answer
            carries, empty where there are none. Of ratios and quotients, and wherever the mean lies
            outside the 95 % interval, first `median`: the number that texts and figures show.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.CausalDiagram("treated -> recovered")
        >>> fit = cs.fit(model, model.simulate(1, people=100).data, seed=1, progress=False)
        >>> fit.effect("effect").summary()[["mean", "doubts"]].round(2)
                mean                        doubts
        effect -0.32  independences of the diagram
        """
        names = "; ".join(check.name for check in self.doubts)
        return self.numbers(prob).assign(doubts=names)

    @checked(ModelError)
    def numbers(self, prob: Inside = INTERVAL) -> pd.DataFrame:
        """Return the numeric columns of `summary`, without looking for doubts.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.CausalDiagram("treated -> recovered")
        >>> fit = cs.fit(model, model.simulate(1, people=100).data, seed=1, progress=False)
        >>> fit.effect("effect").numbers()[["mean", "sd"]].round(2)
                mean    sd
        effect -0.32  0.09
        """
        if prob not in self._tables:
            self._tables[prob] = self._summarised(prob)
        return self._tables[prob].copy()

    @cached_property
    def _tables(self) -> dict[float, pd.DataFrame]:
        """The tables of numbers that were asked for, by the probability of the intervals."""
        return {}

    @cached_property
    def _over(self) -> Effect | None:
        """The same entries less their value if there were no association."""
        return None if self.over_null is None else self.over_null()

    def _summarised(self, prob: float) -> pd.DataFrame:
        from causalstats.numerics.sampling.posterior_summaries import entries, summarise

        if self.marginals is None:
            table = summarise(self.draws, prob)
            means = table["mean"].to_numpy()
            if self.centre == "median" or mean_outside(self.draws, means):
                each = entries(self.draws).values()
                table.insert(0, "median", [float(np.median(values)) for values in each])
            return table
        import pandas as pd

        tail = (1 - prob) / 2
        columns = {
            "mean": self.marginals.mean(),
            "sd": self.marginals.sd(),
            "lower": self.marginals.quantile(tail),
            "upper": self.marginals.quantile(1 - tail),
        }
        if self.centre == "median":
            columns = {"median": self.marginals.quantile(0.5), **columns}
        return pd.DataFrame(
            columns,
            index=pd.Index(self.marginals.labels, name=str(self.draws.dims[-1])),
        )

    @checked(ModelError)
    def decide(
        self, rope: NotNegative = 0.0, fdr: Inside = 0.05, prob: Inside = INTERVAL
    ) -> pd.DataFrame:
        """Return which entries differ from 0 (or lie outside the ROPE), the surest first.

        Of ratios, 0 stands for 1, their value without an effect: x is the entry less `null`.

        Entries are selected by the step-up rule of Benjamini & Hochberg (1995) on twice `error`.
        Under flat priors that is the two-sided p-value, so that the false discovery rate is
        controlled however many entries are null, without a prior on their number; under priors that
        shrink it is smaller. Differences of groups by `minus` are decided in the same way.

        Where an entry without an association differs from 0, as a partial correlation of a
        composition does, the decision is about its `excess` over that value, which is then a column
        too.

        Parameters
        ----------
        rope : float
            Half-width of the region of practical equivalence (ROPE) around 0: the largest size that
            counts as null.
        fdr : float
            The false discovery rate among the selected: entries that are null, or have the other
            sign.
        prob : float
            Probability of the intervals.

        Returns
        -------
        DataFrame
            Columns mean (or median), lower, upper; `positive` and `negligible`, P(x > 0) and
            P(|x| ≤ rope); `error`, the posterior probability that it would be wrong to report the
            entry, on the side that it lies on, as more than `rope`; `q_value`, the smallest `fdr`
            at which it is selected; `selected`. Of counts `determined` too: an entry about which
            they say too little has no `q_value` and is never selected. Where the model has the
            density in closed form, `bayes_factor`: p(x = 0 | data) / p(x = 0), above 1 for 0 and
            below 1 against it (Savage-Dickey ratio; Dickey 1971). Last `doubts`, the names of the
            checks that the answer carries, as in `summary`.

        References
        ----------
        Benjamini & Hochberg (1995), Controlling the false discovery rate. Benjamini & Yekutieli
        (2005), False discovery rate-adjusted multiple confidence intervals: signs.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.PartialCorrelation(prior="matching")
        >>> fit = cs.fit(model, model.simulate(1, rows=40, parts=4).data, seed=1, progress=False)
        >>> table = fit.effect("partial_correlation").decide()
        >>> table.index[table["selected"]].tolist()[:2]
        ['p1 ~ p2', 'p3 ~ p4']
        """
        names = "; ".join(check.name for check in self.doubts)
        return self._decided(rope, fdr, prob).assign(doubts=names)

    def _decided(
        self, rope: float = 0.0, fdr: float = 0.05, prob: float = INTERVAL
    ) -> pd.DataFrame:
        """Return the numeric columns of `decide`, without looking for doubts.

        Parameters
        ----------
        rope, fdr, prob : float
        """
        from causalstats.numerics.testing.false_discovery import q_values

        above, below = self._beyond(rope)
        table = self.numbers(prob)
        table = table[estimate_columns(table)]
        positive = self._beyond(0.0)[0] if rope else above
        table = table.assign(
            positive=positive, negligible=1 - above - below if rope else 0.0
        )
        if (over := self._over) is not None:
            above, below = over._beyond(rope)
            numbers = over.numbers(prob)
            table[over.name] = numbers[centre_of(numbers)].to_numpy()
        error = 1 - np.maximum(above, below)
        q_value = np.full(len(error), np.nan)
        determined = None if self.determined is None else self.determined()
        asked = np.isfinite(error)
        if determined is not None:
            asked &= determined
        q_value[asked] = q_values(error[asked])
        table = table.assign(error=error, q_value=q_value)
        if determined is not None:
            table = table.assign(determined=determined)
        if (
            self.savage_dickey is not None
            and (ratio := self.savage_dickey()) is not None
        ):
            table = table.assign(bayes_factor=ratio)
        table = table.sort_values("error", kind="stable")
        return table.assign(selected=table["q_value"] <= fdr)

    def _beyond(self, rope: float) -> tuple[np.ndarray, np.ndarray]:
        """Return P(x > rope) and P(x < -rope) of each entry less its value without an effect."""
        upper, lower = self.null + rope, self.null - rope
        if self.marginals is not None:
            return 1 - self.marginals.cdf(upper), self.marginals.cdf(lower)
        from causalstats.numerics.sampling.posterior_summaries import entry_blocks
        from causalstats.numerics.testing.false_discovery import tail_probability

        tails = []
        for block in entry_blocks(self.draws):
            some = block.reshape(len(block), -1)
            tails.append(
                (tail_probability(some, upper), tail_probability(-some, -lower))
            )
        below, above = np.concatenate(tails, axis=1)
        return 1 - below, 1 - above

    @checked(ModelError)
    def minus(self, other: Effect, contrast: str) -> Effect:
        """Return the difference to the same answer of another fit, entry by entry.

        Entries are matched by their names: the pair of two parts is one pair, whichever of them is
        named first. Fits are independent: the shorter of the two sets of draws says how many there
        are, and the draws of the other run backwards, since fits with the same seed share their
        random numbers. Answers of one fit are subtracted draw by draw.

        Where entries without an association are not 0, as partial correlations of a composition
        are not, they may differ between two groups without a link: `decide` is then about the
        difference of the `excess`. An entry that either answer leaves undetermined is undetermined.
        Answers of two fits about two outcomes, treatments or units, and pairs given other parts,
        are a caution.

        Parameters
        ----------
        other : Effect
            The same answer of another fit, or of the same fit about something else.
        contrast : str
            The two groups that are compared.

        Returns
        -------
        Effect
            The entries that both have; the description names those that one of them lacks.

        Raises
        ------
        ModelError
            If they are not the same answer, or there are no draws.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.PartialCorrelation(prior="matching")
        >>> fit = cs.fit(model, model.simulate(1, rows=40, parts=4).data, seed=1, progress=False)
        >>> other = cs.fit(model, model.simulate(2, rows=40, parts=4).data, seed=1, progress=False)
        >>> name = "partial_correlation"
        >>> fit.effect(name).minus(other.effect(name), "first - second").contrast
        'first - second'
        """
        if self.name != other.name or self.draws.dims != other.draws.dims:
            raise ModelError(
                f"Expected the same answer of two fits, got {self.name!r} and {other.name!r}."
            )
        one_fit = bool(self.drawn_from) and self.drawn_from == other.drawn_from
        first, second = _same_draws(self.draws, other.draws, one_fit)
        values, left_out = second.to_numpy(), []
        if not one_fit:
            values = values[::-1, ::-1]
        determined = None
        for axis, dim in enumerate(first.dims[2:], 2):
            entries = matched(list(first[dim].to_numpy()), list(second[dim].to_numpy()))
            if first.ndim == 3:
                determined = partial(_both_determined, self, other, entries)
            left_out += [str(label) for label in entries.unmatched]
            first = first.isel({dim: entries.here})
            values = (
                np.moveaxis(np.take(values, entries.there, axis), axis, -1)
                * entries.signs
            )
            values = np.moveaxis(values, -1, axis)
        if 0 in first.shape:
            raise ModelError(
                "Expected draws of both fits, of some entry that they share; there are none."
            )
        difference = first.copy(data=first.to_numpy() - values)
        description = self.description
        if left_out:
            shown = ", ".join(left_out[:_SHOWN]) + (
                ", ..." if len(left_out) > _SHOWN else ""
            )
            description += (
                f" Left out, since one of the two has no such entry: {shown}."
            )
        over_null = None
        if self.over_null is not None and other.over_null is not None:
            over_null = partial(_difference_over_null, self, other, contrast)
            description += _DECIDED_OVER_NULL
        assumptions = tuple(dict.fromkeys([*self.assumptions, *other.assumptions]))
        # Contrasts of what are differences already are the words of the user.
        fits = bool(self.drawn_from) and bool(other.drawn_from)
        told = fits and bool(self.sentence) and bool(other.sentence)
        quantities = [
            (
                each.description,
                each.unit,
                each.contrast if fits else "",
                # It names the columns, where the description is one of every panel.
                _without_numbers(each.sentence) if told else "",
            )
            for each in (self, other)
        ]
        unlike = (
            () if one_fit else difference_checks(quantities[0], quantities[1], left_out)
        )

        def doubts() -> tuple[Check, ...]:
            return tuple(dict.fromkeys([*unlike, *self.doubts, *other.doubts]))

        def untested() -> tuple[str, ...]:
            return tuple(dict.fromkeys([*self._carried[1], *other._carried[1]]))

        return replace(
            self,
            draws=difference,
            description=description,
            contrast=contrast,
            sentence="",  # it would tell a difference of two answers as one of them
            marginals=None,
            savage_dickey=None,
            over_null=over_null,
            determined=determined,
            assumptions=assumptions,
            make_doubts=doubts,
            find_untested=untested,
            drawn_from=self.drawn_from if one_fit else "",
            null=0.0,
            scale=scale_of_differences(self.display_scale),
        )

    @checked(ModelError)
    def linear_combination(self, weights: Weights) -> Effect:
        """Return Σ w_j x_j of the entries of the answer, such as a sum or a difference of effects.

        Entries that are not named have weight 0. The combination is taken draw by draw, so that
        it keeps how the entries depend on each other (`lincom` in Stata).

        Parameters
        ----------
        weights : mapping of entry to number
            Entries as the table of the answer names them.

        Returns
        -------
        Effect
            One number, with the assumptions and doubts of the answer.

        Raises
        ------
        ModelError
            If the answer is one number or has entries by more than one label, or an entry is not
            there.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.Instrument()
        >>> data = model.simulate(seed=1, instruments=3, treatments=2).data
        >>> effects = cs.fit(model, data, seed=1, progress=False).effect("effect")
        >>> effects.linear_combination({"t1": 1, "t2": -1}).contrast
        't1 - t2'
        """
        dims = self.draws.dims[2:]
        if len(dims) != 1 or self.draws.sizes["draw"] == 0:
            raise ModelError(
                f"Expected an answer with draws and entries by one label, got {self.name!r} with "
                f"{', '.join(map(str, dims)) or 'one number'}."
            )
        labels = [str(label) for label in self.draws[dims[0]].to_numpy()]
        strange = [name for name in weights if name not in labels]
        if strange:
            raise ModelError(
                f"Expected weights of entries among {', '.join(map(repr, labels))}, got "
                f"{strange[0]!r}."
            )
        positions = [labels.index(name) for name in weights]
        values = self.draws.to_numpy()[..., positions] @ list(weights.values())
        written = _written_sum(weights)
        over_null = determined = None
        if self.over_null is not None:
            over_null = partial(_combination_over_null, self, weights)
        if self.determined is not None:
            used = [labels.index(name) for name, weight in weights.items() if weight]
            determined = partial(_all_determined, self, used)
        return replace(
            self,
            draws=self.draws.isel({dims[0]: 0}, drop=True).copy(data=values),
            description=f"{self.description} Linear combination: {written}.",
            contrast=written,
            null=self.null * sum(weights.values()),
            sentence="",
            marginals=None,
            savage_dickey=None,
            over_null=over_null,
            determined=determined,
        )

    @checked(ModelError)
    def probability(self, entry: str, exceeds: str, *, in_size: bool = False) -> float:
        """Return the posterior probability that one entry is larger than another.

        For example that one partial correlation is stronger than another, with `in_size`.

        Parameters
        ----------
        entry, exceeds : str
            Labels of the answer; the two parts of a pair in any order.
        in_size : bool
            Whether absolute values are compared.

        Returns
        -------
        float
            Over the draws, which keep how the two depend on each other.

        Raises
        ------
        ModelError
            If the answer has no such entry, or there are no draws.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.PartialCorrelation(prior="matching")
        >>> fit = cs.fit(model, model.simulate(1, rows=200, parts=4).data, seed=1, progress=False)
        >>> effect = fit.effect("partial_correlation")
        >>> effect.probability("p1 ~ p2", exceeds="p3 ~ p1")
        1.0
        """
        from causalstats.numerics.sampling.posterior_summaries import entries

        by_label = entries(self.draws)
        labels = list(by_label)
        asked = [entry, exceeds]
        pairs = [matched(labels, [label]) for label in asked]
        unknown = [
            label
            for label, pair in zip(asked, pairs, strict=True)
            if not len(pair.here)
        ]
        if len(labels) < 2:
            raise ModelError(
                f"Expected an answer of several entries, and {self.name!r} is one number. How "
                "probable it is that it exceeds 0 is `positive` of `effect.decide()`."
            )
        if unknown:
            shown = ", ".join(map(repr, labels[:_SHOWN]))
            more = ", ..." if len(labels) > _SHOWN else ""
            raise ModelError(
                f"Expected two entries of {self.name!r}, got {unknown[0]!r}. "
                f"It has {shown}{more}."
            )
        one, other = (by_label[labels[pair.here[0]]] * pair.signs[0] for pair in pairs)
        if in_size:
            return float((np.abs(one) > np.abs(other)).mean())
        return float((one > other).mean())

    @checked(ModelError)
    def simultaneous(self, prob: Inside = INTERVAL) -> pd.DataFrame:
        """Return a simultaneous band: it holds all entries at once with this probability.

        mean ± q sd, with q the quantile of the largest |x - mean| / sd over the entries of a draw.
        The band of ratios is that of their logarithms.

        Parameters
        ----------
        prob : float

        Returns
        -------
        DataFrame
            Columns mean (or median), lower and upper, a row an entry.

        Raises
        ------
        ModelError
            If there are no draws.

        References
        ----------
        Montiel Olea & Plagborg-Møller (2019), Simultaneous confidence bands, Journal of Applied
        Econometrics 34.

        Examples
        --------
        >>> import numpy as np, xarray as xr
        >>> import causalstats as cs
        >>> draws = np.random.default_rng(1).normal(size=(1, 4000, 5))
        >>> effect = cs.Effect(
        ...     name="path",
        ...     draws=xr.DataArray(draws, dims=("chain", "draw", "time")),
        ...     description="Five numbers.",
        ...     unit="units",
        ...     contrast="none",
        ...     kind="associational",
        ...     assumptions=(),
        ... )
        >>> upper = effect.simultaneous()["upper"].to_numpy()
        >>> bool((upper > 2.4).all())  # 2.0 for one number alone
        True
        """
        from causalstats.numerics.sampling.posterior_summaries import (
            entries,
            simultaneous_band,
        )

        if self.draws.size == 0:
            raise ModelError(
                f"Expected draws of {self.name!r}, which has closed forms alone: fit with "
                "`cs.Exact(draws=1000)` and fewer entries."
            )
        table = self.numbers(prob)
        table = table[[centre_of(table)]]
        values = np.stack([each.ravel() for each in entries(self.draws).values()])
        if self.null == 1 and (values > 0).all():
            lower, upper = np.exp(simultaneous_band(np.log(values).T, prob)).T
        else:
            lower, upper = simultaneous_band(values.T, prob).T
        return table.assign(lower=lower, upper=upper)

    def average(self) -> Effect:
        """Return the mean over every dim but draws: of a risk per person, the risk of the group.

        People count with the weights that the study gives them.

        Examples
        --------
        >>> import xarray as xr
        >>> import causalstats as cs
        >>> risks = xr.DataArray([[[0.1, 0.3]]], dims=("chain", "draw", "person"))
        >>> effect = cs.Effect(
        ...     name="risk",
        ...     draws=risks,
        ...     description="Risk of each person.",
        ...     unit="probability",
        ...     contrast="none",
        ...     kind="associational",
        ...     assumptions=(),
        ... )
        >>> round(effect.average().draws.item(), 2)
        0.2
        """
        dims = [dim for dim in self.draws.dims if dim not in ("chain", "draw")]
        draws = (
            self.draws if self.weights is None else self.draws.weighted(self.weights)
        )
        return replace(
            self,
            draws=draws.mean(dims),
            weights=None,
            sentence="" if dims else self.sentence,
            marginals=None,
            savage_dickey=None,
            over_null=None,
            determined=None,
            description=f"Mean of: {self.description}",
        )

    @checked(ModelError)
    def text(self, prob: Inside = INTERVAL) -> str:
        """Return the answer in sentences, with its contrast, its assumptions and its doubts.

        A few numbers are all given; of many, how many have an interval on one side of 0, and
        those that lie farthest from it; of many that cannot be negative, their range.

        Parameters
        ----------
        prob : float
            Probability of the intervals.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.CausalDiagram("treated -> recovered")
        >>> fit = cs.fit(model, model.simulate(1, people=100).data, seed=1, progress=False)
        >>> "In doubt" in fit.effect("effect").text()
        True
        """
        return self.statement(prob) + in_doubt(self.doubts)

    @checked(ModelError)
    def statement(self, prob: Inside = INTERVAL) -> str:
        """Return the answer in sentences, with its contrast and assumptions, without its doubts.

        Probabilities, proportions and shares are told in per cent, differences of probabilities in
        percentage points.

        Parameters
        ----------
        prob : float
            Probability of the intervals.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.CausalDiagram("treated -> recovered")
        >>> fit = cs.fit(model, model.simulate(1, people=100).data, seed=1, progress=False)
        >>> fit.effect("effect").statement().split(" by ")[1][:49]
        '-32 percentage points (95 % interval -49 to -15).'
        """
        contrast = (
            "" if self.contrast in ("", "none") else f" Contrast: {self.contrast}."
        )
        opening = self._opening(self.numbers(prob), prob)
        return (
            f"{opening} {self.description}{contrast} Kind: {self.kind}. "
            f"Stands on: {', '.join(self._standing()) or 'nothing beyond the model'}."
        )

    def facts(self) -> dict[str, str]:
        """Return what the answer is, by its name, its contrast, kind and assumptions.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.CausalDiagram("treated -> recovered")
        >>> fit = cs.fit(model, model.simulate(1, people=100).data, seed=1, progress=False)
        >>> list(fit.effect("effect").facts())
        ['effect', 'Contrast', 'Kind', 'Stands on']
        """
        facts = {
            self.name: self.description,
            "Contrast": "" if self.contrast == "none" else self.contrast,
            "Kind": self.kind,
            "Stands on": ", ".join(self._standing()),
        }
        return {name: text for name, text in facts.items() if text}

    @property
    def display_scale(self) -> DisplayScale:
        """The scale on which readers are shown the numbers."""
        return scale_of_unit(self.unit) if self.scale is None else self.scale

    @checked(ModelError)
    def readable(self, prob: Inside = INTERVAL) -> pd.DataFrame:
        """Return mean and interval of each entry as readers are shown them.

        Proportions and changes of logarithms are in per cent, and entries have the labels of the
        data in place of names of columns.

        Parameters
        ----------
        prob : float
            Probability of the intervals.

        Returns
        -------
        DataFrame
            Columns mean, lower and upper; median in place of mean where that stands for the answer.
            It is that of the answer, put on the scale that is shown.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.CausalDiagram("treated -> recovered")
        >>> fit = cs.fit(model, model.simulate(1, people=100).data, seed=1, progress=False)
        >>> fit.effect("effect").readable().round(1)
                mean  lower  upper
        effect -32.4  -49.3  -14.7
        """
        return self._on_display_scale(self.numbers(prob))

    def on_display_scale(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return estimates of this answer, in columns, as readers are shown them.

        Parameters
        ----------
        table : DataFrame
            A row an entry, or a row a method. Columns `error` are differences from `truth`, and
            those of q-values, standard deviations, the pull to least squares and flags stay as
            they are.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.CausalDiagram("treated -> recovered")
        >>> fit = cs.fit(model, model.simulate(1, people=100).data, seed=1, progress=False)
        >>> fit.effect("effect").on_display_scale(fit.compare())["mean"].round(1).tolist()
        [-32.4, -32.4]
        """
        import pandas as pd

        estimates = [
            name
            for name in table.columns
            if not str(name).startswith(_OWN_SCALE)
            and pd.api.types.is_float_dtype(table[name])
        ]
        shown = table.copy()
        for name in estimates:
            shown[name] = self.display_scale.convert(table[name])
        if "error" in table:
            shown["error"] = shown[centre_of(shown)] - shown["truth"]
        return self.relabelled(shown)

    def _on_display_scale(self, table: pd.DataFrame) -> pd.DataFrame:
        return self.on_display_scale(table[estimate_columns(table)])

    def relabelled(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return a table with labels in place of names, of columns and of levels, in its index.

        Entries of answers stand in the last level of the index; groups in the others.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.CausalDiagram("treated -> recovered")
        >>> fit = cs.fit(model, model.simulate(1, people=100).data, seed=1, progress=False)
        >>> fit.effect("effect").relabelled(fit.compare()).index[1]  # the data have no labels
        'unadjusted'
        """
        import pandas as pd

        words = self.wording
        if not words.labels and not words.levels:
            return table

        def in_words(label: Any) -> Any:
            return words.entry(label) if isinstance(label, str) else label

        if table.index.nlevels == 1:
            group = str(table.index.name)
            if group in words.levels:
                labels = [words.level(group, label) for label in table.index]
            else:
                labels = [in_words(label) for label in table.index]
            index = pd.Index(labels, name=table.index.name)
            return table.set_axis(index, axis=0)
        for name in words.levels:
            if name in table.index.names[:-1]:
                table = table.rename(index=words.levels[name], level=name)
        return table.rename(index=in_words, level=-1)

    @checked(ModelError)
    def in_words(self, prob: Inside = INTERVAL) -> str:
        """Return the answer alone in a sentence, with the labels and units of the data.

        An answer of several numbers has a sentence on each where it has a wording for them, one a
        line.

        Parameters
        ----------
        prob : float
            Probability of the intervals.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.CausalDiagram("treated -> recovered")
        >>> fit = cs.fit(model, model.simulate(1, people=100).data, seed=1, progress=False)
        >>> fit.effect("effect").in_words().split(" by ")[1]
        '-32 percentage points (95 % interval -49 to -15).'
        """
        table = self.numbers(prob)
        name = self.name.replace("_", " ")
        return self._sentences(table, prob) or self._named_numbers(name, table, prob)

    def _opening(self, table: pd.DataFrame, prob: float) -> str:
        """Return the sentence of the answer and its name, or its name and its numbers."""
        sentences = self._sentences(table, prob)
        if sentences:
            return f"{sentences} {self.name}:"
        return self._named_numbers(self.name, table, prob)

    def _named_numbers(self, name: str, table: pd.DataFrame, prob: float) -> str:
        if len(table) > 1:
            return f"{name}: {self._many_numbers(table, prob)}"
        (row,) = self._on_display_scale(table).to_dict("records")
        value = _number_in_words(row, self.display_scale, prob)
        told = self.display_scale.suffix or self.unit == "ratio"
        return f"{name}: {value}{'' if told else f', {self.unit}'}."

    def _sentences(self, table: pd.DataFrame, prob: float) -> str:
        """Return the sentence on each entry; empty where there is no wording for them."""
        shown = self._on_display_scale(table)
        if "{count}" in self.sentence:
            return self._counted(table, shown, prob)
        if "{value:" in self.sentence:
            return _filled_by_label(self.sentence, shown, self.display_scale, prob)
        many = len(table) > 1
        if not self.sentence or many and "{entry}" not in self.sentence:
            return ""
        if len(table) > _SHOWN:
            return ""
        return "\n".join(
            _filled(self.sentence, str(label), row, self.display_scale, prob)
            for label, row in zip(shown.index, shown.to_dict("records"), strict=True)
        )

    def _many_numbers(self, table: pd.DataFrame, prob: float) -> str:
        """Return the numbers of an answer of several entries in words."""
        shown = self._on_display_scale(table)
        unit = self.display_scale.unit
        every_measure = "measure" in self.draws.dims and len(table) <= _SHOWN
        centre = centre_of(table)
        if len(table) <= _NAMED or every_measure:
            medians = "medians; " if centre == "median" else ""
            return f"{_listed(shown)} ({medians}{prob:.0%} intervals; {unit})."
        if self.unit.startswith(("probability", "proportion", "people")):
            low, high = shown[centre].min(), shown[centre].max()
            return f"{len(table):,} values, {centre}s from {low:.3g} to {high:.3g} ({unit})."
        where = f"on one side of {self.null:g}"
        if self._over is not None:
            where = f"of `{self._over.name}` on one side of 0"
        apart, first = self._apart_from_null(table, prob)
        many = f"{apart:,} of {len(table):,} have a {prob:.0%} interval {where}"
        named = f", first {_listed(shown.iloc[first])}" if len(first) else ""
        return f"{many}{named} ({unit})."

    def _counted(self, table: pd.DataFrame, shown: pd.DataFrame, prob: float) -> str:
        """Return the sentence of many numbers: how many are selected, and the surest of these.

        Parameters
        ----------
        table, shown : DataFrame
            The numbers, and as readers are shown them.
        prob : float
            The probability of the intervals.
        """
        count, _ = self._apart_from_null(table, prob)
        decided = self._decided()
        selected = decided.index[decided["selected"]]
        first = table.index.get_indexer(selected[:_NAMED])
        before, _, rest = self.sentence.partition("[")
        named, _, after = rest.partition("]")
        sentence = f"{before}{named if len(selected) else ''}{after}"
        surest = _listed(shown.iloc[first])
        if len(selected) > _NAMED:
            surest += f"; and {len(selected) - _NAMED:,} more"
        texts = {
            "selected": f"{len(selected):,}",
            "count": f"{count:,}",
            "total": f"{len(table):,}",
            "chance": f"{float(f'{(1 - prob) * len(table):.2g}'):,.10g}",
            "surest": surest,
        }
        for name, text in texts.items():
            sentence = sentence.replace(f"{{{name}}}", text)
        return sentence

    def _apart_from_null(
        self, table: pd.DataFrame, prob: float
    ) -> tuple[int, np.ndarray]:
        """Return how many intervals leave out the null, and the rows of the surest of these."""
        decided, null = table, self.null
        if self._over is not None:
            decided, null = self._over.numbers(prob), 0.0
        apart = ((decided["lower"] > null) | (decided["upper"] < null)).to_numpy()
        centre = centre_of(decided)
        width = decided["upper"] - decided["lower"]
        scale = decided["sd"] if centre == "mean" else width
        size = ((decided[centre] - null).abs() / scale).to_numpy()
        surest = np.argsort(np.where(apart, -size, np.inf), kind="stable")
        return int(apart.sum()), surest[: min(_NAMED, int(apart.sum()))]

    def _standing(self) -> list[str]:
        """Return the names of the assumptions, those marked that are contradicted or untested."""
        doubts, untested = self._carried
        marks = dict.fromkeys(untested, _UNTESTED)
        for check in doubts:
            if check.passed is False:
                marks[check.assumption] = _CONTRADICTED
        return [name + marks.get(name, "") for name in self.assumptions]

    def _first(self) -> tuple[pd.DataFrame, str]:
        """Return the table of the first entries, and how many were left out."""
        (*_, last), size = self.draws.dims, self.draws.shape[-1]
        if last in ("chain", "draw") or size <= _SHOWN:
            return self.numbers(), ""
        first = self
        if self.marginals is None:
            first = replace(self, draws=self.draws.isel({last: slice(0, _SHOWN)}))
        table = first.numbers()
        return table.iloc[:_SHOWN], f"first {_SHOWN} of {size:,} along {last}"

    def __repr__(self) -> str:
        table, left_out = self._first()
        lines = [
            f"Effect {self.name!r} [{self.unit}, {self.kind}]: {self.description}",
            *(
                [f"contrast: {self.contrast}"]
                if self.contrast not in ("", "none")
                else []
            ),
            rounded(table).to_string(),
            *([left_out] if left_out else []),
        ]
        lines += [f"warning: {warning}" for warning in self.warnings]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        warnings = "".join(
            f"<p><strong>Warning:</strong> {escape(warning)}</p>"
            for warning in self.warnings
        )
        first, left_out = self._first()
        table = rounded(first).to_html(escape=True, justify="right") + left_out
        details = f"<small>({escape(self.unit)}; {self.kind})</small>"
        heading = f"{escape(self.name)} — {escape(self.description)} {details}"
        told = "" if left_out else self._sentences(self.numbers(), INTERVAL)
        lines = "".join(
            f"<p><strong>{escape(line)}</strong></p>" for line in told.splitlines()[:1]
        )
        return f"<div>{lines}<p>{heading}</p>{table}{warnings}</div>"


def _same_draws(
    one: xr.DataArray, other: xr.DataArray, one_fit: bool
) -> tuple[xr.DataArray, xr.DataArray]:
    """Return as many draws of both: of one fit the same ones, where one answer took fewer.

    Parameters
    ----------
    one, other : DataArray, dims (chain, draw, ...)
    one_fit : bool
        Whether both are computed from the same draws.
    """
    dims = ("chain", "draw")
    if one_fit and all(dim in each.coords for each in (one, other) for dim in dims):
        shared = {dim: np.intersect1d(one[dim], other[dim]) for dim in dims}
        return one.sel(shared), other.sel(shared)
    size = {dim: slice(min(one.sizes[dim], other.sizes[dim])) for dim in dims}
    return one.isel(size), other.isel(size)


def _difference_over_null(one: Effect, other: Effect, contrast: str) -> Effect:
    """Return the difference of both answers less their values without an association.

    Parameters
    ----------
    one, other : Effect
        With `over_null`.
    contrast : str
    """
    first, second = one._over, other._over
    assert first is not None and second is not None
    return first.minus(second, contrast)


def _combination_over_null(answer: Effect, weights: Weights) -> Effect:
    """Return the combination of entries less their values without an association.

    Parameters
    ----------
    answer : Effect
        With `over_null`.
    weights : mapping of entry to number
    """
    over = answer._over
    assert over is not None
    return over.linear_combination(weights)


def _all_determined(answer: Effect, positions: Sequence[int]) -> np.ndarray | None:
    """Return whether the data determine all of some entries, shape (1,); None where they must.

    Parameters
    ----------
    answer : Effect
        With `determined`.
    positions : sequence of int
    """
    assert answer.determined is not None
    found = answer.determined()
    return None if found is None else np.array([found[list(positions)].all()])


def _both_determined(one: Effect, other: Effect, entries: Matched) -> np.ndarray | None:
    """Return whether both answers determine each entry; None where they determine all.

    Parameters
    ----------
    one, other : Effect
    entries : Matched
        The entries that both have.
    """
    flags = [
        found[positions]
        for each, positions in ((one, entries.here), (other, entries.there))
        if each.determined is not None and (found := each.determined()) is not None
    ]
    return np.logical_and.reduce(flags) if flags else None


def _without_numbers(sentence: str) -> str:
    """Return the template of a sentence, with dots at its places for numbers and verbs.

    Examples
    --------
    >>> _without_numbers("One unit more of dose {raises} weight by {value} kg.")
    'One unit more of dose ... weight by ... kg.'
    """
    return re.sub(r"\{[^}]*\}", "...", sentence)


def _given[Value](value: Value) -> Value:
    return value


def in_doubt(checks: Sequence[Check]) -> str:
    """Return the sentences that follow an answer, one a doubt; nothing where there is none."""
    return "".join(f" In doubt: {each}." for each in warnings_of(checks))


def warnings_of(checks: Sequence[Check]) -> tuple[str, ...]:
    """Return doubts in words, each once, and those with the same remedy together.

    Examples
    --------
    >>> from causalstats.core.check import Check
    >>> of_draws = {"passed": False, "value": 9.0, "expected": "at least 400"}
    >>> found = {**of_draws, "finding": "9 of a", "remedy": "Sample longer."}
    >>> bulk, tail = Check(name="bulk ESS", **found), Check(name="tail ESS", **found)
    >>> warnings_of([bulk, bulk, tail])
    ('bulk ESS: 9 of a; tail ESS: 9 of a. Sample longer',)
    """
    alike: dict[str, list[Check]] = {}
    for check in checks:
        alike.setdefault(check.remedy or check.name, []).append(check)
    texts = []
    for group in alike.values():
        findings = [f"{each.name}: {each.finding}".rstrip(".") for each in group]
        remedy = [group[0].remedy] if group[0].remedy else []
        texts.append(". ".join(["; ".join(dict.fromkeys(findings)), *remedy]))
    return tuple(text.rstrip(".") for text in texts)


_VERBS = {1: "raises", -1: "lowers", 0: "changes"}
_NULLS = {"{raises}": 0, "{changes}": 0, "{multiplies}": 1}
"""Verbs of sentences, and the number that each says nothing happens by."""
_NO_CHANGE = ": these data are compatible with no change"


def _filled(
    sentence: str, entry: str, row: Mapping[Any, Any], scale: DisplayScale, prob: float
) -> str:
    """Return a sentence with its number, and the verb that its sign asks for.

    Parameters
    ----------
    sentence : str
        With `{value}`, and perhaps `{entry}`, and `{raises}` or `{changes}` or, of a ratio,
        `{multiplies}`.
    entry : str
    row : mapping
        With mean, lower and upper, as readers are shown them.
    scale : DisplayScale
    prob : float
        The probability of the interval.
    """
    null = next((null for verb, null in _NULLS.items() if verb in sentence), None)
    if null is not None and row["lower"] <= null <= row["upper"]:
        sentence = sentence.removesuffix(".") + f"{_NO_CHANGE}."
    if "{raises}" in sentence:
        sign = int(row["lower"] > 0) - int(row["upper"] < 0)
        if sign < 0:
            ends = {"lower": -row["upper"], "upper": -row["lower"]}
            row = {name: -row[name] for name in row} | ends
        sentence = sentence.replace("{raises}", _VERBS[sign])
    for verb in _NULLS:
        sentence = sentence.replace(verb, verb.strip("{}"))
    value = _number_in_words(row, scale, prob)
    return capitalised(sentence.replace("{entry}", entry).replace("{value}", value))


def _filled_by_label(
    sentence: str, table: pd.DataFrame, scale: DisplayScale, prob: float
) -> str:
    """Return a sentence with each number at its label.

    Parameters
    ----------
    sentence : str
        With `{value:label}` for each row of the table.
    table : DataFrame
        Mean, lower and upper, as readers are shown them.
    scale : DisplayScale
    prob : float
        The probability of the intervals.
    """
    verb = "raises" if (table["lower"] > 0).all() else "changes"
    sentence = sentence.replace("{raises}", verb)
    for label, row in zip(table.index, table.to_dict("records"), strict=True):
        value = _number_in_words(row, scale, prob)
        sentence = sentence.replace(f"{{value:{label}}}", value)
    return capitalised(sentence)


def _number_in_words(row: Mapping[Any, Any], scale: DisplayScale, prob: float) -> str:
    """Return a mean and its interval, rounded as the interval allows.

    Parameters
    ----------
    row : mapping
        With mean or median, lower and upper, as readers are shown them.
    scale : DisplayScale
    prob : float
        The probability of the interval.
    """
    is_median = "median" in row
    centre, lower, upper = rounded_by_interval(
        row["median" if is_median else "mean"],
        row["lower"],
        row["upper"],
        each_by_itself=is_median,
    )
    last = scale.suffix if scale.in_per_cent else ""
    interval = f"{100 * prob:g} % interval {lower} to {upper}{last}"
    return f"{centre}{scale.suffix} ({'median; ' if is_median else ''}{interval})"


def _listed(table: pd.DataFrame) -> str:
    """Return the rows of a summary as `label mean (lower to upper)`, set apart by semicolons."""
    numbers = table[estimate_columns(table)]
    is_median = centre_of(table) == "median"
    smallest = _ROUNDING * np.nanmax(numbers.abs().to_numpy(), initial=0.0)
    shown = numbers.mask(numbers.abs() <= smallest, 0.0)
    listed = []
    for label, row in zip(shown.index, shown.to_numpy(), strict=True):
        middle, low, high = rounded_by_interval(*row, each_by_itself=is_median)
        listed.append(f"{label} {middle} ({low} to {high})")
    return "; ".join(listed)


def _written_sum(weights: Mapping[str, float]) -> str:
    """Return "t1 - 0.5 t2" of weights by name."""
    text = ""
    for name, weight in weights.items():
        term = str(name) if abs(weight) == 1 else f"{abs(weight):g} {name}"
        sign = "-" if weight < 0 else "+"
        text += f" {sign} {term}"
    return text.removeprefix(" + ").replace(" - ", "-", int(text.startswith(" - ")))
