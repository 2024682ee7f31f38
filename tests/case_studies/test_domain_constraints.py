"""The table of the synthetic study."""

from causalstats.case_studies.domain_constraints import study


def record(shrink):
    unconstrained = {
        "width": [1.0, 2.0, 4.0],
        "error": [0.1, 0.2, 0.4],
        "divergences": 0,
    }
    constrained = {
        "width": [shrink * width for width in unconstrained["width"]],
        "error": unconstrained["error"],
        "divergences": 1,
    }
    return {
        "none": unconstrained,
        "prevalence": constrained,
        "expertise": unconstrained,
    }


def test_the_table_holds_medians_of_relative_changes():
    text = study.table([record(shrink) for shrink in (0.4, 0.5, 0.9)])
    widths = next(
        line for line in text.splitlines() if line.startswith("| prevalence, width")
    )
    assert widths.count("-50 (-60 to -10)") == 3 and "; -38 |" in widths
    assert "| expertise, width | +0 (+0 to +0); -23 |" in text
    assert "prevalence 3, expertise 0" in text


def test_a_run_leaves_the_table_of_all_it_fitted(tmp_path, monkeypatch):
    fitted = []
    monkeypatch.setattr(study, "one", lambda seed: fitted.append(seed) or record(0.5))
    for _ in range(2):
        path = study.run(tmp_path, fast=True)
        assert fitted == [0, 1, 2, 3, 4] and "over 5 data sets" in path.read_text()
