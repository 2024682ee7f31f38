"""The exceptions of causalstats. A message says what was expected, what came and what to do."""

_LONGEST = (
    4000  # characters of a message: names and lists of levels can be of any length
)
_END = 1000  # of which the last, where a message says what to do


def _shortened(message: str) -> str:
    """Return a message without its middle where it is long."""
    if len(message) <= _LONGEST:
        return message
    left_out = len(message) - _LONGEST
    start, end = message[: _LONGEST - _END], message[-_END:]
    return f"{start} [... {left_out:,} characters ...] {end}"


class CausalStatsError(Exception):
    """The base class of every error that causalstats raises on purpose.

    Parameters
    ----------
    message : str
        Where it is longer than 4,000 characters its middle is left out.

    Examples
    --------
    >>> import causalstats as cs
    >>> try:
    ...     cs.Known(0.2, sd=-1)
    ... except cs.CausalStatsError as error:
    ...     print(type(error).__name__)
    ModelError
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(_shortened(str(message)))


class DataError(CausalStatsError, ValueError):
    """The data do not have the shape of the study.

    Examples
    --------
    >>> import pandas as pd
    >>> import causalstats as cs
    >>> try:
    ...     cs.Observations.from_frame(pd.DataFrame({"x": []}))
    ... except cs.DataError:
    ...     print("refused")
    refused
    """


class ModelError(CausalStatsError, ValueError):
    """The assumptions contradict each other or the data, or a question has no answer.

    Examples
    --------
    >>> import causalstats as cs
    >>> try:
    ...     cs.SelectiveLabels(prevalence=1.5)
    ... except cs.ModelError:
    ...     print("refused")
    refused
    """


class StoreError(CausalStatsError, ValueError):
    """A file is no saved fit, is damaged, is of another version, or cannot be written.

    Examples
    --------
    >>> import causalstats as cs
    >>> try:
    ...     cs.load("no such file.nc")
    ... except cs.StoreError as error:
    ...     print(error)
    There is no file 'no such file.nc'.
    """


class SamplingError(CausalStatsError, RuntimeError):
    """Sampling did not give draws that can be used, or its options are wrong.

    Examples
    --------
    >>> import causalstats as cs
    >>> try:
    ...     cs.Nuts(chains=0)
    ... except cs.SamplingError:
    ...     print("refused")
    refused
    """
