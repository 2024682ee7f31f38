"""Labels of levels: words for the values of a column in sentences, tables and facts."""

import pandas as pd
import pytest

import causalstats as cs
from causalstats.core.wording import Wording
from causalstats.errors import DataError

FRAME = pd.DataFrame(
    {"drug": ["a", "b"] * 40, "state": ["ill", "ill", "well", "well"] * 20}
)
LABELS = {
    "drug": "the drug",
    "drug=a": "placebo",
    "drug=b": "aspirin",
    "state": "the patient",
    "state=well": "free of pain",
}


def _fit(frame=FRAME, labels=LABELS, **options):
    data = cs.Observations.from_frame(frame, labels=labels)
    model = cs.CausalDiagram("drug -> state", **options)
    return cs.fit(model, data, seed=1, progress=False)


def test_the_sentence_says_levels_by_their_labels():
    fit = _fit()
    words = fit.effect("effect").in_words()
    assert words.startswith("Setting the drug to aspirin in place of placebo")
    assert "the probability that the patient is free of pain" in words
    assert fit.effect("effect").contrast == "the drug: aspirin against placebo"


def test_a_label_of_a_level_needs_none_of_its_column():
    words = _fit(labels={"drug=b": "aspirin"}).effect("effect").in_words()
    assert words.startswith("Setting drug to aspirin in place of a")


def test_entries_of_tables_have_the_labels():
    frame = pd.concat(
        [FRAME, pd.DataFrame({"drug": ["c"] * 40, "state": ["ill"] * 40})]
    )
    fit = _fit(frame)
    shown = fit.effect("effect").relabelled(fit.effect("effect").numbers())
    assert list(shown.index) == ["aspirin against placebo", "c against placebo"]


def test_facts_of_the_data_have_the_labels():
    data = cs.Observations.from_frame(FRAME, labels=LABELS)
    assert data.facts()["Levels of the drug"] == "placebo, aspirin"


def test_a_level_that_is_not_there_is_refused():
    with pytest.raises(DataError, match="There is no level 'bb'. Did you mean 'b'"):
        cs.Observations.from_frame(FRAME, labels={"drug=bb": "aspirin"})
    with pytest.raises(DataError, match="There is no column 'drg=b'"):
        cs.Observations.from_frame(FRAME, labels={"drg=b": "aspirin"})


def test_groups_of_a_table_are_called_by_their_labels():
    index = pd.Index(["south", "north"], name="region")
    table = pd.DataFrame({"mean": [1.0, 2.0]}, index=index)
    effect = _fit().effect("effect")
    object.__setattr__(
        effect, "wording", Wording(levels={"region": {"south": "the South"}})
    )
    shown = effect.relabelled(table).index
    assert list(shown) == ["the South", "north"] and shown.name == "region"


def test_a_level_with_two_labels_stays_as_it_is_in_a_contrast():
    words = Wording(levels={"x": {"1": "yes"}, "y": {"1": "ill"}})
    assert words.entry("1 against 0") == "1 against 0"
    assert words.entry("y=1 | do(x=1)") == "y = ill | do(x = yes)"


def test_labels_survive_a_file(tmp_path):
    fit = _fit()
    again = cs.load(fit.save(tmp_path / "fit.nc"))
    assert again.effect("effect").in_words() == fit.effect("effect").in_words()


def test_a_name_within_the_label_of_another_column_is_not_explained():
    words = Wording({"age_cl": "age of the client", "age": "age of the provider"})
    text = "142 without age_cl, 86 without age"
    once = words.explained(text)
    assert once == (
        "142 without age_cl (age of the client), 86 without age (age of the provider)"
    )
    assert words.explained(once) == once
    assert words.explained("142 without age_cl (age of the client)").count("(") == 1
