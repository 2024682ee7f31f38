"""P(variable | treatment, confounders) of labels by a hierarchical logistic regression.

Blocks of coefficients: confounders, treatment by confounders, pairs of confounders; the logit of a
propensity of the treatment, fitted on the same rows; products of confounders that score tests find
in either equation, entered in both; and, where cells of confounders hold several rows, random
effects of cells. The propensity as a covariate centres the coefficients of confounders on those of
the treatment's equation, times a factor that is learned, so that shrinkage does not leave
confounding in the effect (regularisation-induced confounding; Hahn, Carvalho, Puelz & He 2018).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations

import numpy as np
from scipy import linalg, stats

from causalstats.models.causal_diagram.regression.hierarchical.coding import (
    Codings,
    LabelCoding,
    NumberCoding,
    Term,
    Values,
    design_of,
)
from causalstats.models.causal_diagram.regression.hierarchical.residual_covariance import (
    residual_covariance,
)
from causalstats.numerics.regression.hierarchical_logistic import (
    GroupedRows,
    LaplaceMixture,
    Mode,
    integrate_scales,
    level_probabilities,
    mean_shift,
    mode_of_scales,
    posterior_mode,
)
from causalstats.numerics.regression.product_screening import (
    CandidateProducts,
    score_p_values,
    threshold,
    width_limits,
)

_FALSE_SELECTIONS = 0.2  # in each equation
_MOST_TERMS_SELECTED = 8
_MOST_CANDIDATE_COLUMNS = 7000
_MOST_NUMBERS_OF_CANDIDATES = 2e7
_ROWS_PER_SCREENED_COLUMN = 20
_SCREENED_COLUMN_SD = 0.5
_SHARE_IN_SHARED_CELLS = 0.5
_MOST_THIRD_ORDER_COLUMNS = 600
_MOST_COEFFICIENTS = 600  # of a block of products
LARGEST_RESIDUAL_COVARIANCE = 2.5


@dataclass(frozen=True)
class KernelPriors:
    """Standard deviations of the priors of a kernel, in logits.

    Parameters
    ----------
    coefficient_sd : float
        Of the treatment, the propensity and products that were screened.
    intercept_sd : float
    confounder_scale : float
        Of the half-normal prior of the standard deviation of the confounders' coefficients.
    interaction_scale : float
        The same of products, and of the random effects of cells.
    """

    coefficient_sd: float = 2.5
    intercept_sd: float = 5.0
    confounder_scale: float = 1.0
    interaction_scale: float = 0.5


@dataclass(frozen=True, eq=False)
class KernelData:
    """Rows of a kernel with equal causes joined, sorted by confounders, then by treatment.

    Parameters
    ----------
    values : mapping of cause to array (rows,)
        Numbers, or positions of levels.
    counts : array, shape (rows, levels)
        How often each level of the variable was seen.
    codings : mapping of cause to its coding
    treatment : str
        "" where the kernel has none.
    confounders : tuple of str
    moderators : tuple of str
        Confounders that a question sets, or by which it is divided: groups, or what policies read.
        Their coefficients, and those of products of two of them and of the treatment, have priors
        as wide as the treatment's, so that an answer is not drawn towards that of others.
    """

    values: Values
    counts: np.ndarray
    codings: Codings
    treatment: str
    confounders: tuple[str, ...]
    moderators: tuple[str, ...] = ()

    @property
    def products_of_moderators(self) -> tuple[tuple[str, ...], ...]:
        """The terms that are not shrunk towards others."""
        if not self.moderators:
            return ()
        alone = [(name,) for name in self.moderators]
        together = [*self.moderators, *filter(None, [self.treatment])]
        return (*alone, *combinations(together, 2))

    @cached_property
    def strata(self) -> np.ndarray:
        """The number of the combination of confounders of each row, in increasing order."""
        rows = len(self.counts)
        changes = np.zeros(rows, bool)
        for name in self.confounders:
            changes[1:] |= np.diff(self.values[name]) != 0
        return np.cumsum(changes)

    @cached_property
    def first_rows(self) -> np.ndarray:
        """The first row of each stratum."""
        return np.flatnonzero(np.diff(self.strata, prepend=-1))

    @property
    def stratum_values(self) -> dict[str, np.ndarray]:
        """The confounders of each stratum."""
        return {name: self.values[name][self.first_rows] for name in self.confounders}

    @property
    def arms(self) -> int:
        """The number of levels of the treatment; 1 without one."""
        if not self.treatment:
            return 1
        coding = self.codings[self.treatment]
        assert isinstance(coding, LabelCoding)
        return len(coding.contrasts)

    @property
    def treatment_is_label(self) -> bool:
        return isinstance(self.codings.get(self.treatment), LabelCoding)

    @cached_property
    def cells_are_shared(self) -> bool:
        """Whether half of the observations are in cells with others, and causes are labels."""
        numbers = any(
            isinstance(coding, NumberCoding) for coding in self.codings.values()
        )
        if numbers or not self.confounders:
            return False
        totals = np.bincount(self.strata, self.counts.sum(axis=1))
        return bool(totals[totals > 1].sum() >= _SHARE_IN_SHARED_CELLS * totals.sum())

    def treatment_counts(self) -> np.ndarray:
        """Return how often each level of the treatment was seen in each stratum."""
        table = np.zeros((len(self.first_rows), self.arms))
        arm = self.values[self.treatment].astype(int)
        np.add.at(table, (self.strata, arm), self.counts.sum(axis=1))
        return table


@dataclass(frozen=True, eq=False)
class Equation:
    """A regression: its terms, and the blocks with scales of their own.

    Parameters
    ----------
    terms : tuple of Term
    block_scales : tuple of float
        Of the half-normal prior of the scale of each block.
    intercept_sd : float
    cell_scale : float
        The same of the random effects; 0 without them.
    propensity : Propensity, optional
        Whose logits are covariates.
    propensity_sd : float
        The prior standard deviation of their coefficients.
    """

    terms: tuple[Term, ...]
    block_scales: tuple[float, ...]
    intercept_sd: float
    cell_scale: float = 0.0
    propensity: Propensity | None = None
    propensity_sd: float = 1.0

    def design(self, codings: Codings, values: Values, rows: int) -> np.ndarray:
        """Return the columns of all terms, and of the propensity last.

        Parameters
        ----------
        codings : mapping of cause to its coding
        values : mapping of cause to array (rows,)
        rows : int
        """
        design = design_of(self.terms, codings, values, rows)
        if self.propensity is None:
            return design
        return np.column_stack([design, self.propensity.covariates(codings, values)])

    def rows(
        self,
        codings: Codings,
        values: Values,
        counts: np.ndarray,
        cells: np.ndarray | None = None,
    ) -> GroupedRows:
        """Return the design with its priors and counts.

        Parameters
        ----------
        codings : mapping of cause to its coding
        values : mapping of cause to array (rows,)
        counts : array, shape (rows, levels)
        cells : int array, shape (rows,), optional
        """
        design = self.design(codings, values, len(counts))
        sds = [self.intercept_sd]
        blocks = [-1]
        for term in self.terms:
            width = term.width(codings)
            sds += [term.sd] * width
            blocks += [term.block] * width
        rest = design.shape[1] - len(sds)
        sds += [self.propensity_sd] * rest
        blocks += [-1] * rest
        scales = list(self.block_scales)
        has_cells = self.cell_scale > 0 and cells is not None
        if has_cells:
            scales.append(self.cell_scale)
        return GroupedRows(
            design=design,
            counts=counts,
            sds=np.array(sds),
            blocks=np.array(blocks),
            scales=np.array(scales),
            cells=cells if has_cells else None,
        )


@dataclass(frozen=True, eq=False)
class Propensity:
    """P(treatment | confounders) at the mode of its posterior.

    Parameters
    ----------
    equation : Equation
    mode : Mode
    """

    equation: Equation
    mode: Mode

    def probabilities(self, codings: Codings, values: Values) -> np.ndarray:
        """Return the probability of each level, shape (rows, levels).

        Parameters
        ----------
        codings : mapping of cause to its coding
        values : mapping of confounder to array (rows,)
        """
        rows = len(next(iter(values.values())))
        design = self.equation.design(codings, values, rows)
        return level_probabilities(design @ self.mode.coefficients)

    def covariates(self, codings: Codings, values: Values) -> np.ndarray:
        """Return the logit, or contrasts of log probabilities, shape (rows, levels - 1).

        Parameters
        ----------
        codings : mapping of cause to its coding
        values : mapping of confounder to array (rows,)
        """
        rows = len(next(iter(values.values())))
        design = self.equation.design(codings, values, rows)
        logits = design @ self.mode.coefficients
        logits = np.column_stack([np.zeros(rows), logits])
        if logits.shape[1] == 2:
            return logits[:, 1:]
        return logits @ linalg.helmert(logits.shape[1]).T * np.sqrt(2)


@dataclass(frozen=True, eq=False)
class Kernel:
    """A fitted kernel.

    Parameters
    ----------
    data : KernelData
    equation : Equation
        Of the variable.
    mixture : LaplaceMixture
        The posterior of its coefficients.
    propensity : Propensity or None
    selected : tuple of tuple of str
        The products that score tests entered.
    screening_z : float
        The score, in standard errors, from which a product is entered.
    residual_covariance : float
        The largest residual covariance of treatment and variable, in standard errors.
    has_third_order : bool
        Whether all products of three confounders are in the regressions, because the residual
        covariance was large without them.
    """

    data: KernelData
    equation: Equation
    mixture: LaplaceMixture
    propensity: Propensity | None
    selected: tuple[tuple[str, ...], ...]
    screening_z: float
    residual_covariance: float = 0.0
    has_third_order: bool = False

    @property
    def largest_mean_shift(self) -> float:
        """By how many standard deviations means differ from modes, of the treatment's columns.

        Of all columns in a kernel without a treatment.
        """
        mode = self.mixture.modes[0]
        inverse = linalg.cho_solve((mode.cholesky, True), np.eye(len(mode.cholesky)))
        sds = np.sqrt(np.diag(inverse)).reshape(mode.rows.equations, -1).T
        shifts = np.abs(mean_shift(mode).coefficients) / sds
        names: list[tuple[str, ...]] = [("",)]
        for term in self.equation.terms:
            names += [term.causes] * term.width(self.data.codings)
        names += [("",)] * (len(shifts) - len(names))
        inside = np.array([each == (self.data.treatment,) for each in names])
        return float(shifts[inside if inside.any() else slice(None)].max())


def fit_kernel(data: KernelData, priors: KernelPriors) -> Kernel:
    """Return the posterior of a kernel.

    All products of three confounders are added in both equations where the residual covariance is
    large without them.

    Parameters
    ----------
    data : KernelData
    priors : KernelPriors
    """
    kernel = _fit_with_order(data, priors, 2)
    if kernel.residual_covariance <= LARGEST_RESIDUAL_COVARIANCE:
        return kernel
    columns = sum(
        Term(triple).width(data.codings) for triple in combinations(data.confounders, 3)
    )
    if not 0 < columns <= _MOST_THIRD_ORDER_COLUMNS:
        return kernel
    return replace(_fit_with_order(data, priors, 3), has_third_order=True)


def _fit_with_order(data: KernelData, priors: KernelPriors, order: int) -> Kernel:
    """Return the posterior with all products of confounders up to an order.

    Parameters
    ----------
    data : KernelData
    priors : KernelPriors
    order : int
    """
    plan = _Plan(data, priors, order)
    candidates = candidate_products(data)
    largest = threshold(len(candidates.products), _FALSE_SELECTIONS)
    screening_z = float(stats.norm.isf(min(largest, 1.0) / 2))
    if not plan.has_propensity:
        equation = plan.outcome_equation(None)
        equation, by_score = _screened_outcome(plan, equation, candidates)
        equation = plan.with_products(equation, data.products_of_moderators)
        mixture = _integrated(plan, equation)
        return Kernel(data, equation, mixture, None, tuple(by_score), screening_z)
    propensity, of_treatment = _screened_propensity(plan, candidates)
    equation = plan.outcome_equation(propensity)
    _, of_outcome = _screened_outcome(plan, equation, candidates)
    both = [product for product in of_outcome if data.treatment not in product]
    both = list(dict.fromkeys([*of_treatment, *both]))
    if set(both) != set(of_treatment):
        propensity = plan.fit_propensity(both)
    by_treatment = [product for product in of_outcome if data.treatment in product]
    equation = plan.outcome_equation(propensity)
    products = (*both, *by_treatment, *data.products_of_moderators)
    equation = plan.with_products(equation, products)
    mixture = _integrated(plan, equation)
    blocks = len(equation.block_scales)
    outcome = posterior_mode(
        equation.rows(data.codings, data.values, data.counts),
        mixture.modes[0].log_scales[:blocks],
    )
    covariance = residual_covariance(data, propensity, outcome)
    selected = (*both, *by_treatment)
    return Kernel(
        data, equation, mixture, propensity, selected, screening_z, covariance
    )


def _integrated(plan: _Plan, equation: Equation) -> LaplaceMixture:
    """Return the posterior of an equation, with random effects where cells are shared."""
    data = plan.data
    if data.cells_are_shared:
        equation = replace(equation, cell_scale=plan.priors.interaction_scale)
    rows = equation.rows(data.codings, data.values, data.counts, data.strata)
    return integrate_scales(mode_of_scales(rows))


@dataclass(frozen=True, eq=False)
class _Candidates:
    """Products that may be entered, and their columns over strata."""

    products: Sequence[tuple[str, ...]]
    columns: CandidateProducts
    strata: np.ndarray


def candidate_products(data: KernelData) -> _Candidates:
    """Return products of two and more confounders, of every order while they can be held."""
    values = data.stratum_values
    strata = len(data.first_rows)
    products = []
    widths = []
    total = float(data.counts.sum())
    for product in _subsets(data.confounders):
        width = Term(product).width(data.codings)
        if width > max(1.0, total / _ROWS_PER_SCREENED_COLUMN):
            continue
        products.append(product)
        widths.append(width)
        enough = sum(widths) > _MOST_CANDIDATE_COLUMNS
        if enough or sum(widths) * strata > _MOST_NUMBERS_OF_CANDIDATES:
            break
    most = int(min(_MOST_CANDIDATE_COLUMNS, _MOST_NUMBERS_OF_CANDIDATES / strata))
    kept = width_limits(widths, most)
    columns = [
        Term(product).columns(data.codings, values) for product in products[:kept]
    ]
    matrix = np.column_stack(columns) if columns else np.empty((strata, 0))
    starts = np.concatenate([[0], np.cumsum(widths[:kept])[:-1]]).astype(int)
    return _Candidates(
        products[:kept], CandidateProducts(matrix, starts[:kept]), data.strata
    )


def _subsets(names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for order in range(2, len(names) + 1):
        yield from combinations(names, order)


def _by_treatment(data: KernelData) -> _Candidates:
    """Return products of the treatment and two confounders, over the rows."""
    products = [(*pair, data.treatment) for pair in combinations(data.confounders, 2)]
    total = float(data.counts.sum())
    most = max(1.0, total / _ROWS_PER_SCREENED_COLUMN)
    products = [
        product for product in products if Term(product).width(data.codings) <= most
    ]
    rows = len(data.counts)
    columns = [Term(product).columns(data.codings, data.values) for product in products]
    widths = [part.shape[1] for part in columns]
    starts = np.concatenate([[0], np.cumsum(widths)[:-1]]).astype(int)
    matrix = np.column_stack(columns) if columns else np.empty((rows, 0))
    return _Candidates(
        products, CandidateProducts(matrix, starts[: len(products)]), np.arange(rows)
    )


@dataclass(frozen=True, eq=False)
class _Plan:
    """The equations of a kernel.

    Parameters
    ----------
    data : KernelData
    priors : KernelPriors
    order : int
        Up to which all products of confounders are terms: 2, or 3.
    """

    data: KernelData
    priors: KernelPriors
    order: int

    @property
    def has_propensity(self) -> bool:
        return self.data.treatment_is_label and bool(self.data.confounders)

    def _held(self, products: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
        """Return the products with the fewest columns, as many as can be held.

        Of products with equally many columns all are kept or none.
        """
        data = self.data
        equations = max(data.counts.shape[1], data.arms) - 1
        widths = np.array([Term(product).width(data.codings) for product in products])
        kept = 0
        for width in np.unique(widths):
            if equations * widths[widths <= width].sum() > _MOST_COEFFICIENTS:
                break
            kept = width
        return [
            product
            for product, width in zip(products, widths, strict=True)
            if width <= kept
        ]

    def _confounder_blocks(self) -> tuple[list[Term], list[float]]:
        """Return the terms of confounders alone, and the scales of their blocks."""
        terms: list[Term] = []
        scales: list[float] = []
        for order in range(1, self.order + 1):
            products = list(combinations(self.data.confounders, order))
            if order > 1:
                products = self._held(products)
            terms += [Term(product, block=len(scales)) for product in products]
            if products:
                priors = self.priors
                learned = (
                    priors.confounder_scale if order == 1 else priors.interaction_scale
                )
                scales.append(learned)
        return terms, scales

    def propensity_equation(self) -> Equation:
        """Return the equation of the treatment."""
        terms, scales = self._confounder_blocks()
        return Equation(tuple(terms), tuple(scales), self.priors.intercept_sd)

    def outcome_equation(self, propensity: Propensity | None) -> Equation:
        """Return the equation of the variable, without products that are screened."""
        data = self.data
        priors = self.priors
        terms, scales = self._confounder_blocks()
        if data.treatment:
            terms.append(Term((data.treatment,), sd=priors.coefficient_sd))
            pairs = self._held([(name, data.treatment) for name in data.confounders])
            terms += [Term(pair, block=len(scales)) for pair in pairs]
            if pairs:
                scales.append(priors.interaction_scale)
        return Equation(
            tuple(terms),
            tuple(scales),
            priors.intercept_sd,
            propensity=propensity,
            propensity_sd=priors.coefficient_sd,
        )

    def with_products(
        self, equation: Equation, products: Sequence[tuple[str, ...]]
    ) -> Equation:
        """Return the equation with products that have priors as wide as the treatment's."""
        data = self.data
        weights = data.counts.sum(axis=1)
        terms = list(equation.terms)
        for product in products:
            columns = Term(product).columns(data.codings, data.values)
            mean = weights @ columns / weights.sum()
            variance = (weights @ (columns - mean) ** 2 / weights.sum()).mean()
            factor = _SCREENED_COLUMN_SD / max(float(np.sqrt(variance)), 1e-6)
            terms.append(Term(product, sd=self.priors.coefficient_sd, factor=factor))
        return replace(equation, terms=tuple(terms))

    def fit_propensity(self, products: Sequence[tuple[str, ...]]) -> Propensity:
        """Return the propensity with some products."""
        data = self.data
        equation = self.with_products(self.propensity_equation(), products)
        rows = equation.rows(data.codings, data.stratum_values, data.treatment_counts())
        return Propensity(equation, mode_of_scales(rows))


def _screened_propensity(
    plan: _Plan, candidates: _Candidates
) -> tuple[Propensity, list[tuple[str, ...]]]:
    """Return the propensity, and the products that score tests entered in it."""
    data = plan.data
    by_stratum = replace(candidates, strata=np.arange(len(data.first_rows)))
    regression = _Regression(plan, data.stratum_values, data.treatment_counts())
    equation, mode, selected = _forward_selection(
        regression, plan.propensity_equation(), [by_stratum]
    )
    return Propensity(equation, mode), selected


def _screened_outcome(
    plan: _Plan, equation: Equation, candidates: _Candidates
) -> tuple[Equation, list[tuple[str, ...]]]:
    """Return the equation of the variable with the products that score tests entered."""
    data = plan.data
    tested = [candidates]
    if data.treatment_is_label:
        tested.append(_by_treatment(data))
    regression = _Regression(plan, data.values, data.counts)
    equation, _, selected = _forward_selection(regression, equation, tested)
    return equation, selected


@dataclass(frozen=True, eq=False)
class _Regression:
    """What an equation of a kernel is fitted to."""

    plan: _Plan
    values: Values
    counts: np.ndarray

    def fit(self, equation: Equation, log_scales: np.ndarray | None = None) -> Mode:
        """Return the mode, at scales that are learned unless they are given."""
        rows = equation.rows(self.plan.data.codings, self.values, self.counts)
        if log_scales is None:
            return mode_of_scales(rows)
        return posterior_mode(rows, log_scales)


def _forward_selection(
    regression: _Regression, equation: Equation, tested: Sequence[_Candidates]
) -> tuple[Equation, Mode, list[tuple[str, ...]]]:
    """Return an equation with the products whose scores are large, one after the other.

    Parameters
    ----------
    regression : _Regression
    equation : Equation
        Without them.
    tested : sequence of _Candidates
    """
    products = [product for each in tested for product in each.products]
    mode = regression.fit(equation)
    selected: list[tuple[str, ...]] = []
    if not products:
        return equation, mode, selected
    largest = threshold(len(products), _FALSE_SELECTIONS)
    for _ in range(_MOST_TERMS_SELECTED):
        p_values = np.concatenate(
            [score_p_values(mode, each.columns, each.strata) for each in tested]
        )
        best = int(p_values.argmin())
        if p_values[best] > largest or products[best] in selected:
            break
        selected.append(products[best])
        equation = regression.plan.with_products(equation, [products[best]])
        mode = regression.fit(equation, mode.log_scales)
    if selected:
        mode = regression.fit(equation)
    return equation, mode, selected
