"""The first mistakes with a frame are answered with what to type in its place."""

import pandas as pd
import pytest

import causalstats as cs

FRAME = pd.DataFrame(
    {"firm": [1, 1, 2, 2], "year": [1, 2] * 2, "d": ["no", "yes"] * 2, "y": range(4)}
)


def test_a_path_in_place_of_a_frame_is_answered_with_how_to_read_it():
    with pytest.raises(cs.DataError, match=r"pandas\.read_csv\('firms\.csv'\)"):
        cs.Panel.from_formula("y ~ d | firm + year", "firms.csv")


def test_a_frame_in_place_of_the_formula_is_not_printed():
    with pytest.raises(
        cs.DataError, match=r"DataFrame of shape \(4, 4\)\. The formula"
    ):
        cs.Panel.from_formula(FRAME, "y ~ d | firm + year")


def test_a_treatment_of_two_texts_is_answered_with_the_mapping_that_codes_it():
    with pytest.raises(
        cs.DataError, match=r"frame\['d'\]\.map\(\{'no': 0, 'yes': 1\}\)"
    ):
        cs.Panel.from_formula("y ~ d | firm + year", FRAME)


def test_a_frame_in_place_of_the_formula_of_instruments_is_not_printed():
    with pytest.raises(cs.DataError, match=r"DataFrame of shape \(4, 4\)\. Without"):
        cs.Instrumented.from_formula(FRAME, "y ~ 1 | year ~ firm")


def test_no_covariates_of_instruments_are_written_as_1():
    with pytest.raises(cs.DataError, match="outcome ~ 1 |"):
        cs.Instrumented.from_formula("y ~ | year ~ firm", FRAME)


def test_a_treatment_with_a_currency_is_not_compared_with_yes():
    frame = FRAME.assign(d=["1 EUR", "2 EUR", "3 EUR", "4 EUR"])
    with pytest.raises(cs.DataError, match="numbers without units"):
        cs.Instrumented.from_formula("y ~ 1 | d ~ firm", frame)


def test_a_variable_in_other_letters_is_answered_with_the_name_in_the_diagram():
    data = cs.Observations.from_frame(FRAME, columns=["d", "firm"])
    with pytest.raises(cs.ModelError, match="Did you mean 'Firm'"):
        cs.fit(cs.CausalDiagram("Firm -> d", treatment="Firm"), data, seed=1)


def test_outcomes_of_two_texts_are_recoded_so_that_missing_ones_stay_missing():
    loans = pd.DataFrame(
        {
            "income": [1.0, 2, 3, 4, 5, 6],
            "accepted": [1, 1, 1, 0, 0, 1],
            "default": ["no", "yes", "no", None, None, "yes"],
        }
    )
    roles = {"outcome": "default", "decision": "accepted", "features": ["income"]}
    with pytest.raises(cs.DataError, match=r"\.map\(\{'no': 0, 'yes': 1\}\)"):
        cs.Decisions.from_frame(loans, **roles)
    compared = loans.assign(default=(loans["default"] == "yes").astype(int))
    with pytest.raises(cs.DataError, match="makes of missing values"):
        cs.Decisions.from_frame(compared, **roles)
    mapped = loans.assign(default=loans["default"].map({"no": 0, "yes": 1}))
    assert cs.Decisions.from_frame(mapped, **roles).decision.sum() == 4


def test_taxa_named_in_a_column_are_to_be_made_the_index():
    table = pd.DataFrame({"taxon": ["a", "b", "c"], "s1": [5, 3, 2], "s2": [1, 4, 9]})
    for taxa_in_rows in (False, True):
        with pytest.raises(cs.DataError, match=r"frame\.set_index\('taxon'\)"):
            cs.Composition.from_abundances(table, taxa_in_rows=taxa_in_rows)
    data = cs.Composition.from_abundances(table.set_index("taxon"), taxa_in_rows=True)
    assert data.parts == ("a", "b", "c")


def test_shares_in_place_of_counts_are_refused_once():
    shares = pd.DataFrame({"a": [0.5, 0.2], "b": [0.2, 0.5], "c": [0.3, 0.3]})
    with pytest.raises(cs.DataError, match="and so in 2 other parts") as refused:
        cs.Composition.from_abundances(shares)
    assert "things are wrong" not in str(refused.value)


def test_a_table_of_text_in_place_of_a_biom_file_is_to_be_read_first(tmp_path):
    path = tmp_path / "counts.tsv"
    path.write_text("taxon\ts1\na\t3\n")
    with pytest.raises(cs.DataError, match=r"sep='\\t', index_col=0"):
        cs.Composition.from_abundances(str(path))


@pytest.mark.parametrize("written", ["{:.2f}", "{:,.2f}", "{:.1f} %"])
def test_text_that_reads_as_numbers_is_not_taken_as_categories(written):
    sizes = [written.format(1000 + 7.5 * k) for k in range(30)]
    frame = pd.DataFrame({"size": [*sizes[:-1], "n/a"], "x": ["a", "b"] * 15})
    with pytest.raises(cs.DataError, match="reads as numbers, such as .* beside 'n/a'"):
        cs.Observations.from_frame(frame)


@pytest.mark.parametrize(
    "codes", [[f"{k:05d}" for k in range(30)], [f"<{k}.5" for k in range(30)]]
)
def test_codes_and_limits_in_text_stay_categories(codes):
    frame = pd.DataFrame({"code": codes, "x": ["a", "b"] * 15})
    assert "code" not in cs.Observations.from_frame(frame).continuous


def test_a_list_of_covariates_in_place_of_a_formula_is_answered_with_the_formula():
    frame = pd.DataFrame({"a": [1, 2], "b": 3, "c": 4, "diet": "x", "of age": 1})
    with pytest.raises(cs.DataError, match=r"Write 'diet \+ `of age`'"):
        cs.Composition.from_frame(
            frame, parts=["a", "b", "c"], covariates=["diet", "of age"]
        )
