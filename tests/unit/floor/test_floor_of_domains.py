"""No answer that is the same for every prompt wins in a domain: on all test rows of the default run, strictly read."""

import json
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import pytest
import synthetic as made
import yaml
from runs import ROOT, TINY

from halt import config, domains, floor, judges, metrics
from halt.floor import candidates
from halt.inputs import fetching, sources, splits
from halt.judges import reference
from halt.prompting import fragments

pytestmark = pytest.mark.long
CONFIG = config.merged(ROOT, [ROOT / "config/laptop.yaml"])  # as many rows as results rely on
# Code on fewer packages and rows, and on those of the default run: in a sandbox, hundreds of answers take two minutes.
CONFIG["domains"]["functions"] = yaml.safe_load((ROOT / TINY).read_text())["domains"]["functions"]
STRICT = metrics.Scoring(1, 0, "wrong")
PHRASES = CONFIG["phrases"]
# What a constant answer may score at most, F1: any degenerate one, and the best that is found. The best says what most
# references say (a nationality and an occupation; "is a disease"; the commonest answer), and is right where it is.
BOUNDS = {
    "biography": (0.15, 0.30),
    "mathematics": (0.10, 0.15),
    "medicine": (0.40, 0.40),
    "functions": (0.15, 0.20),
    "code": (0.15, 0.20),
}
# Answers of degenerate kinds that are no knowledge in any domain: F1 is 0, but for a row that really adds 1 and 1.
ONE_ROW = 0.02
WORTHLESS = {
    "biography": [("{subject} was a person.",), ("{subject} was famous.",), ("{prompt}",), ("{subject}",)],
    "mathematics": [
        ("1 + 1 = 2",),
        ("1 + 1 = 2", "1 + 2 = 3", "1 + 3 = 4"),
        ("{first number} + 0 = {first number}",),
        ("{first number} * 1 = {first number}", "{last number} * 1 = {last number}"),
        ("{first number} - {first number} = 0",),
        ("{first number} = {first number}",),
        ("{prompt}",),
    ],
    "medicine": [
        ("{subject} is a medical term.",),
        ("{subject} is {subject}.",),
        ("{subject} is also called {subject}.",),
        ("{subject} is a thing.",),
        ("{prompt}",),
    ],
    "functions": [
        ("pass",),
        ("{subject}\n    pass",),
        ("{subject}\n    return None",),
        ('{subject}\n    """Do it."""', "    x = 0", "    # done", "    pass"),
        ("# Nothing is done here.",),
        ("{prompt}",),
    ],
}
WORTHLESS["code"] = WORTHLESS["functions"]
DOMAINS = [pytest.param(name, marks=pytest.mark.slow if name == "code" else ()) for name in BOUNDS]


@pytest.fixture(params=DOMAINS)
def made_of(request, tmp_path):
    """(name, module, training rows, test rows) of a domain, from its real source."""
    name, entry = request.param, CONFIG["domains"][request.param]
    manifest = tmp_path / "source" / "manifest.json"
    settings = json.dumps({f"domains/{name}": {"source": entry["source"]}})
    command = [sys.executable, "scripts/fetch_source.py", "--settings", settings, "--manifest", manifest]
    subprocess.run(command, cwd=ROOT, check=True)
    module = domains.load(entry["module"])
    files = [file if file.exists() else ROOT / file for file in fetching.files(manifest)]
    rows = domains.checked(name, module.rows(sources.open_source(files, entry["source"]), entry["options"]))
    shares = CONFIG["data"]
    parts = splits.assign(rows, shares["validation"], shares["test"], entry["rows"], shares["seed"], entry["fold"])
    return name, module, parts["train"], parts["test"]


def scores(module, name, rows, answers, phrases=None):
    """Scores by name of each constant answer over all rows, judged and counted as results are.

    answers: templates; phrases: each is given behind `Uncertain`, by a method that marks.
    """
    method = "add-on" if phrases else "floor"
    keys = partial(made.answer, method, "none", domain=name)
    before = f"{phrases['uncertain']}\n" if phrases else ""
    texts = {
        (sample, row.id): before + floor.text(module, answer, row)
        for sample, answer in enumerate(answers)
        for row in rows
    }
    pieces = {key: fragments.cut(text, module, phrases) for key, text in texts.items()}
    cases = [
        judges.Case(row, [[part.text for part in pieces[sample, row.id]] for sample in range(len(answers))])
        for row in rows
    ]
    with ProcessPoolExecutor(2) as pool:
        verdicts = reference.judge(cases, module, pool)
    judged = [
        keys(id=row.id, sample=sample)
        | {"fragment": place, **part._asdict(), **said.verdict._asdict(), "solved": None, "score": None}
        for row, responses in zip(rows, verdicts, strict=True)
        for sample, response in enumerate(responses)
        for place, (part, said) in enumerate(zip(pieces[sample, row.id], response, strict=True))
    ]
    data = [made.row(row.id, domain=name, wanted=len(domains.reference_fragments(name, module, row))) for row in rows]
    table = metrics.per_prompt(
        made.responses(*(made.response(keys(id=id, sample=sample), text) for (sample, id), text in texts.items())),
        made.judgements(*judged),
        made.data(*data),
        made.judgements(),
        dependent=module.DEPENDENT,
        add_on=["add-on"] if phrases else [],
    )
    counted = table.filter(method=method).partition_by("sample", as_dict=True)
    return [
        dict(zip(metrics.SCORES, metrics.estimate([counted[sample,]], STRICT).point.tolist(), strict=True))
        for sample in range(len(answers))
    ]


def test_no_constant_answer_wins(made_of):
    """Degenerate answers, the best that the search finds, and the commonest reference, all of it marked as doubted."""
    name, module, training, rows = made_of
    found = floor.constant(module, training)
    listed = list(dict.fromkeys([*candidates.degenerate(module, training), *WORTHLESS[name]]))
    told = dict(zip([found.answer, *listed], scores(module, name, rows, [found.answer, *listed]), strict=True))
    degenerate, best = BOUNDS[name]
    print(name, {answer: round(score["f1_all"], 3) for answer, score in told.items()})  # shown where one is too good
    assert told[found.answer]["f1_all"] <= best
    assert {answer for answer in WORTHLESS[name] if told[answer]["f1_all"] > ONE_ROW} == set()
    assert max(told[answer]["f1_all"] for answer in listed) <= degenerate
    assert told[()]["response_rate"] == 0
    for score in told.values():
        assert score["completeness_all"] <= 0.40
    # The search on training rows did not miss a better one: what is good on test rows was good there too.
    assert max(told[answer]["f1_all"] for answer in listed) <= told[found.answer]["f1_all"] + 0.05
    [marked] = scores(module, name, rows, candidates.commonest(candidates.references(module, training), 1), PHRASES)
    assert (marked["response_rate"], marked["completeness_all"], marked["f1_all"]) == (0.0, 0.0, 0.0)
