"""The paper's four data sets come from a hub, by its real client, in the form of their real files."""

import json
import shutil
from collections import Counter

import paper_sets
import polars
import pytest
import yaml
from local_hub import Repository, serve
from runs import ROOT, Run, finish

PAPER = yaml.safe_load((ROOT / "config/paper.yaml").read_text())
FILES = {
    "wikibios": paper_sets.wikibio,
    "competition-math": paper_sets.math,
    "medexqa": paper_sets.medexqa,
    "apps": paper_sets.apps,
}
SPLITS = ("train", "validation", "test")


@pytest.fixture(scope="module")
def hub():
    """The four repositories at the commits that config/paper.yaml names."""
    sources = {domain: PAPER["domains"][domain]["source"] for domain in FILES}
    repositories = {
        source["repository"]: Repository(source["revision"], FILES[domain]()) for domain, source in sources.items()
    }
    with serve(repositories) as hub:
        yield hub


@pytest.fixture(scope="module")
def made(hub, random_tiny, tmp_path_factory):
    """A run of the paper's config up to the rows of all four domains, and no further."""
    folder = tmp_path_factory.mktemp("paper")
    run = Run.of_project(folder, random_tiny, configs=("config/paper.yaml",), **hub.environment(folder / "hub-cache"))
    run.warm = False  # a program that starts warm has read the hub's address from another environment
    targets = [f"results/data/{domain}/{split}.parquet" for domain in FILES for split in SPLITS]
    run.snakemake("--", *targets, check=True)
    return run


@pytest.fixture(scope="module")
def rows(made):
    """domain -> its rows of all splits."""
    return {
        domain: polars.concat(
            polars.read_parquet(made.folder / f"results/data/{domain}/{split}.parquet") for split in SPLITS
        )
        for domain in FILES
    }


def _log(made, domain):
    return (made.folder / f"results/logs/data/{domain}/train.log").read_text()


def test_every_set_gives_rows_of_every_split_with_ids_of_their_own(rows):
    for domain, table in rows.items():
        assert set(table["split"]) == set(SPLITS), domain
        assert table["id"].is_unique().all(), domain


def test_only_what_the_config_names_is_fetched_and_nothing_of_it_is_run(made, hub):
    fetched = {asked.path.partition("/resolve/")[2].split("/", 1)[1] for asked in hub.asked if asked.status == 200}
    assert fetched == {name for domain in FILES for name in PAPER["domains"][domain]["source"]["files"]}
    for domain in FILES:
        manifest = json.loads((made.folder / f"results/sources/{domain}/manifest.json").read_text())
        assert manifest["source"] == [PAPER["domains"][domain]["source"]]


def test_files_of_one_name_are_told_apart_by_their_folders(rows):
    table = rows["competition-math"]
    places = Counter(name.rpartition("-")[0] for name in table["id"])
    # of the 6 rows for training, one is of no level and one has no answer
    assert places == {f"math-{folder}/{part}": 4 for folder in paper_sets.SUBJECTS for part in ("train", "test")}
    for prompt, truth in table.select("prompt", "truth").iter_rows():
        result = int(prompt.split("$")[1].split("+")[0]) + 5
        assert json.loads(truth)["answer"] in (f"{result}", f"\\frac{{{result}}}1")


def test_questions_of_dev_and_test_keep_their_quotation_marks(rows):
    table = rows["medexqa"]
    assert len(table) == 5 * 10
    explanations = Counter(json.loads(truth)["explanations"][0] for truth in table["truth"])
    assert set(explanations) == {
        'Rule "one" holds.', '"Rule one" holds.', '"Rule one holds.', 'Rule "one" holds,\nand two.'
    }  # fmt: skip


def test_people_have_clean_texts_and_whole_infoboxes(rows):
    table = rows["wikibios"]
    assert len(table) == 60
    [row] = table.filter(polars.col("id") == "wikibios-test-000003").to_dicts()
    truth = json.loads(row["truth"])
    trade = truth["infobox"]["occupation"]
    assert row["prompt"] == f"Write a short biography of {truth['name']}."
    assert truth["name"].endswith(f" ({trade})")
    assert "(born 11 may 1922) was a welsh" in row["reference"]
    assert row["reference"].endswith('he didn\'t travel, and "the long road" was 2/3 of his work.')
    assert truth["infobox"]["known_for"] == "one two three four five six seven eight nine ten eleven twelve"
    assert set(truth["infobox"]) == {"name", "known_for", "occupation", "website"}


def test_programs_come_by_their_number_and_none_is_lost_to_a_long_integer(rows):
    table = rows["apps"]
    assert set(table["id"]) == {f"apps-{number}" for number in [*range(40), 43]}
    [truth] = table.filter(polars.col("id") == "apps-43")["truth"]
    assert json.loads(truth, parse_int=str)["tests"] == [[["9" * 5000], "1" + "0" * 5000]]


@pytest.mark.parametrize(
    ("domain", "said"),
    [
        ("competition-math", "left out 14: 7 of an unknown level, 7 without a boxed answer"),
        ("apps", "left out 3: 1 of another difficulty, 1 without a solution, 1 without tests"),
    ],
)
def test_what_is_left_out_is_counted_by_reason(made, domain, said):
    assert f"{domain}: {said}" in _log(made, domain)


def test_the_archive_is_read_only_as_far_as_people_are_asked_for(made):
    few = {"domains": {"wikibios": {"options": {"set": "train", "people": 7}}}}
    shutil.rmtree(made.folder / "results/data/wikibios")
    made.snakemake("--", "results/data/wikibios/train.parquet", config=few, check=True)
    assert "of 7 rows" in _log(made, "wikibios")


def test_a_commit_that_the_hub_has_not_is_one_line(hub, made, tmp_path):
    settings = {"domains/x": {"source": PAPER["domains"]["apps"]["source"] | {"revision": "1" * 40}}}
    command = ["python", "scripts/fetch_source.py", "--settings", json.dumps(settings)]
    done = finish([*command, "--manifest", str(tmp_path / "manifest.json")], made.folder, **made.variables)
    assert done.returncode == 1
    assert done.stdout.startswith("fetch_source: codeparrot/apps@11111111: could not fetch train.jsonl: no commit 1111")
    assert len(done.stdout.splitlines()) == 1
