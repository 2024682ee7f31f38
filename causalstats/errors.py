"""What causalstats raises. A message says what was expected, what came and what to do."""


class CausalStatsError(Exception):
    """The base of every error raised on purpose."""


class DataError(CausalStatsError, ValueError):
    """The data do not have the shape of the study."""


class ModelError(CausalStatsError, ValueError):
    """The assumptions contradict each other, or the data they are put to."""


class StoreError(CausalStatsError, ValueError):
    """A file is not a fit of ours, is damaged, or is of a version that cannot be read."""


class SamplingError(CausalStatsError, RuntimeError):
    """Sampling did not yield draws that could be used."""
