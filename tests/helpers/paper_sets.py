"""Made-up rows in the form that the files of the paper's four data sets have, quirks included."""

import io
import json
import zipfile

import polars

SPECIALTIES = (
    "biomedical_engineer",
    "clinical_laboratory_scientist",
    "clinical_psychologist",
    "occupational_therapist",
    "speech_pathologist",
)
SUBJECTS = {
    "algebra": "Algebra",
    "counting_and_probability": "Counting & Probability",
    "geometry": "Geometry",
    "intermediate_algebra": "Intermediate Algebra",
    "number_theory": "Number Theory",
    "prealgebra": "Prealgebra",
    "precalculus": "Precalculus",
}
TRADES = ("potter", "surveyor", "organist", "glazier", "jockey", "typist", "chandler")


def wikibio(people: int = 60) -> dict[str, bytes]:
    """The repository's archive: of each set, files with a line an article and one with a line a sentence."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, first in (("train", 0), ("valid", 10_000), ("test", 20_000)):
            articles = [_article(first + number) for number in range(people)]
            lines = {
                "id": [str(first + number) for number in range(people)],
                "url": [f"http://en.wikipedia.org/wiki?curid={first + number}" for number in range(people)],
                "contributors": [f"http://en.wikipedia.org/w/index.php?title={number}" for number in range(people)],
                "title": [title for title, _, _ in articles],
                "nb": [str(len(sentences)) for _, sentences, _ in articles],
                "sent": [sentence for _, sentences, _ in articles for sentence in sentences],
                "box": [box for _, _, box in articles],
            }
            for kind, listed in lines.items():
                name = f"wikipedia-biography-dataset/{part}/{part}.{kind}"
                archive.writestr(name, "".join(f"{line}\n" for line in listed))
    return {
        "README.md": b"---\nlicense: cc-by-sa-3.0\n---\n",
        "wiki_bio.py": b"raise SystemExit('code of a repository was run')\n",
        "data/wikipedia-biography-dataset.zip": packed.getvalue(),
    }


def _article(number: int) -> tuple[str, list[str], str]:
    trade = TRADES[number % len(TRADES)]
    title = f"odo{chr(97 + number % 26)} vell{chr(97 + number // 26 % 26)}"
    if number % 7 == 3:
        title += f" -lrb- {trade} -rrb-"
    sentences = [
        f"{title.split(' -lrb-')[0]} -lrb- born {1 + number % 28} may {1900 + number % 90} -rrb- was a welsh {trade} .",
        "he did n't travel , and `` the long road '' was 2\\/3 of his work .",
    ][: 1 + (number % 5 != 0)]
    long = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
    cells = [f"name_{place}:{word}" for place, word in enumerate(title.split(" -lrb-")[0].split(), 1)]
    cells += [f"known_for_{place}:{word}" for place, word in enumerate(long, 1)]
    cells += [f"occupation_1:{trade}", "image:<none>", "website_1:http://x.example", "caption_1:<none>"]
    return title, sentences, "\t".join(cells)


def math() -> dict[str, bytes]:
    """A folder a subject, each with two files of the same names; solutions with their several kinds of boxes."""
    files = {}
    for place, (folder, name) in enumerate(SUBJECTS.items()):
        for part, count in (("train", 6), ("test", 4)):
            rows = [_problem(name, 100 * place + 10 * (part == "test") + number, number) for number in range(count)]
            files[f"{folder}/{part}-00000-of-00001.parquet"] = _parquet(rows)
    return files


def _problem(subject: str, key: int, number: int) -> dict[str, str]:
    box = [f"\\boxed{{{key + 5}}}", f"\\boxed {key + 5}", f"\\fbox{{{key + 5}}}", f"\\boxed{{\\frac{{{key + 5}}}1}}"]
    solution = f"We add the two.\n\n\\[{key}+5={key + 5},\\] so it is ${box[number % 4]}$."
    if number == 5:
        solution = "It cannot be said."  # no answer in a box
    level = "Level ?" if number == 4 else f"Level {1 + number % 5}"
    return {"problem": f"What is ${key}+5$?", "level": level, "type": subject, "solution": solution}


def medexqa() -> dict[str, bytes]:
    """Tab-separated files without a header, dev and test of each specialty, with quotation marks that stand alone."""
    files = {}
    for specialty in SPECIALTIES:
        for part, count in (("dev", 1), ("test", 9)):
            lines = [_question(specialty, f"{part}-{number}", number) for number in range(count)]
            files[f"{part}/{specialty}_{part}.tsv"] = "".join(f"{line}\n" for line in lines).encode()
    return files


def _question(specialty: str, key: str, number: int) -> str:
    because = ['Rule "one" holds.', '"Rule one" holds.', '"Rule one holds.', '"Rule ""one"" holds,\nand two."'][
        number % 4
    ]
    cells = [f"Which of {key} is so for a {specialty}?", "this", "that", "both", "none", because, "It does.", "B"]
    return "\t".join(cells)


def apps() -> dict[str, bytes]:
    """The raw file: `id`, JSON in texts, problems without tests or solutions, another difficulty, a long integer."""
    rows = [
        _task(number, f"Print {number} times the number.", f"print(int(input()) * {number})") for number in range(40)
    ]
    rows.append(_task(40, "Print no number.", "print()") | {"difficulty": "interview"})
    rows.append(_task(41, "Print nothing.", "print()") | {"input_output": ""})
    rows.append(_task(42, "Print something.", "print()") | {"solutions": ""})
    function = "def after(n):\n    return n + 1"
    long = f'{{"fn_name": "after", "inputs": [[{"9" * 5000}]], "outputs": [1{"0" * 5000}]}}'
    rows.append(_task(43, "The number after n.", function) | {"input_output": long, "starter_code": "def after(n):"})
    return {"train.jsonl": "".join(f"{json.dumps(row)}\n" for row in rows).encode()}


def _task(number: int, question: str, solution: str) -> dict:
    return {
        "id": number,
        "question": question,
        "solutions": json.dumps([solution]),
        "starter_code": "",
        "input_output": json.dumps({"inputs": ["3\n"], "outputs": [f"{3 * number}\n"]}),
        "difficulty": "introductory",
        "url": f"https://problems.example/{number}",
    }


def _parquet(rows: list[dict]) -> bytes:
    written = io.BytesIO()
    polars.DataFrame(rows).write_parquet(written)
    return written.getvalue()
