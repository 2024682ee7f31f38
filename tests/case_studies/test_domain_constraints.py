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
    lines = study.table([record(shrink) for shrink in (0.4, 0.5, 0.9)]).splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]
    position = [row[0] for row in rows].index(
        "width of 95 % intervals, prevalence known"
    )
    assert rows[position][1:] == ["-50 (-60 to -10)"] * 3
    assert rows[position + 1] == ["in the paper", "-38", "-46", "-32"]
    unchanged = ["width of 95 % intervals, expertise known", *["+0 (+0 to +0)"] * 3]
    assert unchanged in rows
    assert "prevalence 3, expertise 0" in lines[-1]


def test_few_data_sets_are_said_to_settle_little():
    few = study.table([record(0.5)] * 5)
    many = study.table([record(0.5)] * 200)
    assert "5 data sets settle little" in few and "settle little" not in many


def test_a_run_leaves_the_table_of_all_it_fitted(tmp_path, monkeypatch):
    fitted = []
    monkeypatch.setattr(study, "one", lambda seed: fitted.append(seed) or record(0.5))
    for _ in range(2):
        path = study.run(tmp_path, fast=True)
        assert fitted == [0, 1, 2, 3, 4] and "Each of 5 simulated" in path.read_text()
