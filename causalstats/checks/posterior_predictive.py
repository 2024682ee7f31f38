"""Whether the model reproduces what was observed. It says nothing of the outcomes nobody saw."""

from collections.abc import Iterable

from causalstats.core.check import Check
from causalstats.core.prediction import Prediction
from causalstats.numerics.sampling.posterior_predictive import discrepancy


def predictive(predictions: Iterable[Prediction]) -> tuple[Check, ...]:
    """Posterior predictive p-values of the observed rates by group."""
    found = []
    for prediction in predictions:
        p = discrepancy(prediction.observed, prediction.replicated)
        reproduced = p > 0.01
        passed = reproduced or bool(prediction.allowed)
        excused = "" if reproduced or not passed else f"; {prediction.allowed}"
        found.append(
            Check(
                name=f"predicts the {prediction.name}",
                passed=passed,
                value=p,
                expected="p-value above 0.01",
                finding=f"posterior predictive p = {p:.3f}{excused}",
                remedy="" if passed else prediction.remedy,
            )
        )
    return tuple(found)
