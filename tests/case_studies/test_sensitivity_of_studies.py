"""The sensitivity analyses of the case studies can be made; none is fitted here."""

from importlib import import_module
from unittest.mock import MagicMock

import pytest

from causalstats.case_studies import case_studies
from causalstats.inference.sensitivity_analysis import variants

STUDIES = [
    name
    for name in case_studies()
    if hasattr(import_module(f"causalstats.case_studies.{name}.study"), "fit_saved")
]


@pytest.mark.parametrize("name", STUDIES)
def test_every_variant_of_the_model_is_a_model(name, tmp_path, monkeypatch):
    study = import_module(f"causalstats.case_studies.{name}.study")
    fit = MagicMock()
    numbers = fit.accuracy.return_value.numbers.return_value
    numbers.loc.__getitem__.return_value = (0.8, 0.7, 0.9)

    def unfitted(model, data, folder, **options):
        fit.model, fit.data = model, data
        return fit

    monkeypatch.setattr(study, "fit_saved", unfitted)
    monkeypatch.setattr(study.cs, "fit", lambda *given, **options: MagicMock())
    study.run(tmp_path, False)
    sensitivity = fit.report.call_args.kwargs.get("sensitivity")
    if sensitivity is None:
        pytest.skip("its report bends no assumption")
    tables = sensitivity if isinstance(sensitivity, list) else [sensitivity]
    assert all(len(variants(fit, assumptions)) > 1 for assumptions in tables)
