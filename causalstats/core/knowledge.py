"""Numbers known from outside the data: exact, with a standard deviation, as a penalty, by group."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

from causalstats.core.argument_validation import (
    Finite,
    Label,
    MappingOf,
    Name,
    NotNegative,
    Number,
    Positive,
    Refused,
    check_fields,
    checked,
)
from causalstats.errors import ModelError


@dataclass(frozen=True)
class Known:
    """A number known from outside the data: exactly, or with a standard deviation.

    A proportion with a standard deviation is a Beta distribution with that mean and standard
    deviation.

    Parameters
    ----------
    value : float
    sd : float
        0 where the number is known exactly.

    Raises
    ------
    ModelError
        If `value` is not finite or `sd` is negative.

    Examples
    --------
    >>> import causalstats as cs
    >>> print(cs.Known(0.05, sd=0.01))
    0.05 ± 0.01 (sd)
    >>> cs.Known(0.05).exact
    True
    """

    value: Finite
    sd: NotNegative = 0.0

    def __post_init__(self) -> None:
        check_fields(self, ModelError)

    @classmethod
    @checked(ModelError)
    def beta(cls, alpha: Positive, beta: Positive) -> Known:
        """Return a proportion with a Beta(α, β) distribution.

        Its mean is α/(α+β) and its variance αβ / [(α+β)² (α+β+1)].

        Parameters
        ----------
        alpha, beta : float
            Positive, such as the numbers of people with and without the outcome in a survey.

        Returns
        -------
        Known

        Examples
        --------
        >>> import causalstats as cs
        >>> cs.Known.beta(5, 95).value
        0.05
        """
        total = alpha + beta
        return cls(
            alpha / total, math.sqrt(alpha / total * (beta / total) / (total + 1))
        )

    def as_beta(self) -> tuple[float, float]:
        """Return α and β of the Beta distribution with this mean and standard deviation.

        Examples
        --------
        >>> import causalstats as cs
        >>> cs.Known(0.2, sd=0.1).as_beta()
        (3.0, 12.0)
        """
        total = self.value * (1 - self.value) / self.sd**2 - 1
        return self.value * total, (1 - self.value) * total

    @property
    def exact(self) -> bool:
        """Whether the value is known without error.

        Examples
        --------
        >>> Known(0.3).exact, Known(0.3, sd=0.05).exact
        (True, False)
        """
        return self.sd == 0

    def at(self, value: float) -> Known:
        """Return another value that is known with the same standard deviation.

        Examples
        --------
        >>> import causalstats as cs
        >>> print(cs.Known(0.2, sd=0.1).at(0.3))
        0.3 ± 0.1 (sd)
        """
        return replace(self, value=value)

    def __str__(self) -> str:
        return (
            f"{self.value:g} (exact)"
            if self.exact
            else f"{self.value:g} ± {self.sd:g} (sd)"
        )


def as_known(value: Known | float) -> Known:
    """Return a number as `Known`: exact where it is a float.

    Fields of models take both, and hold `Known` once the model is made.
    """
    return value if isinstance(value, Known) else Known(value)


@dataclass(frozen=True)
class Penalty(Known):
    """A number known approximately: a quadratic penalty on the log posterior.

    The log posterior loses (x - value)² / (2 sd²). `Known` replaces the prior distribution that
    the other priors imply for x; a penalty multiplies it.

    Parameters
    ----------
    value : float
    sd : float
        Positive.

    Raises
    ------
    ModelError
        If `sd` is not positive.

    Examples
    --------
    >>> import causalstats as cs
    >>> cs.Penalty.of_weight(0.05, 5000.0)
    Penalty(value=0.05, sd=0.01)
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.sd == 0:
            raise ModelError("`Penalty` needs sd > 0; what is exact is `Known(value)`.")

    @classmethod
    @checked(ModelError)
    def of_weight(cls, value: Finite, weight: Positive) -> Penalty:
        """Return the penalty weight · (x - value)².

        Examples
        --------
        >>> import causalstats as cs
        >>> cs.Penalty.of_weight(0.05, 5000.0).sd
        0.01
        """
        return cls(value, 1 / math.sqrt(2 * weight))


@dataclass(frozen=True)
class KnownNumber:
    """The kind of a field that takes a `Known`, or a plain number for an exact one.

    Parameters
    ----------
    number : Number
        The range of the number.
    exact : bool
        Whether it may have no standard deviation.
    """

    number: Number
    exact: bool = False

    @property
    def words(self) -> str:
        article = "an exact " if self.exact else "a "
        return self._with_uncertainty(article + self.number.words.removeprefix("a "))

    @property
    def many(self) -> str:
        return self._with_uncertainty(self.number.many)

    def _with_uncertainty(self, numbers: str) -> str:
        return numbers if self.exact else f"{numbers}, or `Known(number, sd=...)`"

    def read(self, value: Any) -> Known:
        if isinstance(value, Penalty):
            raise Refused(
                "A `Penalty` multiplies what the priors imply, and this replaces it: use "
                "`Known(value, sd=...)`."
            )
        if not isinstance(value, Known):
            return Known(self.number.read(value))
        self.number.read(value.value)
        if self.exact and not value.exact:
            raise Refused()
        return value


_EACH = KnownNumber(Number())


@dataclass(frozen=True)
class KnownByGroup:
    """A number known for each level of a categorical feature.

    Parameters
    ----------
    feature : str
        A column of the study.
    values : mapping of level to Known or float

    Raises
    ------
    ModelError
        If a value is no number.

    Examples
    --------
    >>> import causalstats as cs
    >>> print(cs.KnownByGroup("region", {"north": 0.02, "south": cs.Known(0.03, sd=0.01)}))
    by region: north 0.02 (exact), south 0.03 ± 0.01 (sd)
    """

    feature: Name
    values: Annotated[Mapping[str, Known], MappingOf(Label(), _EACH, least=1)]

    def __post_init__(self) -> None:
        check_fields(self, ModelError)

    @property
    def exact(self) -> bool:
        """Whether the values of all groups are known without error.

        Examples
        --------
        >>> KnownByGroup("region", {"a": 0.3, "b": Known(0.5, sd=0.1)}).exact
        False
        """
        return all(value.exact for value in self.values.values())

    def __str__(self) -> str:
        return f"by {self.feature}: " + ", ".join(
            f"{level} {value}" for level, value in self.values.items()
        )
