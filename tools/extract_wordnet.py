"""Make the extract in data/wordnet from a WordNet `dict` folder: well-documented people, and medical terms.

    python tools/extract_wordnet.py DICT OUTPUT

DICT holds index.noun and data.{noun,verb,adj,adv} of WordNet 3.1. OUTPUT receives people.tsv and medical.tsv.
A line of a data file is `offset lexfile type count(hex) word id ... pointers symbol offset type target ... | gloss`.
"""

import argparse
import csv
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

PERSON_FILE = "18"  # lexicographer file noun.person
INSTANCE, HYPERNYM, PART_OF = "@i", "@", "#p"

# Country name of a gloss or of a "born in ..." note -> adjective; glosses mostly give the adjective itself.
COUNTRIES = {"United States": "American", "America": "American", "South African": "South African"}
_ADJECTIVES = (
    "American English British French German Italian Russian Scottish Roman Spanish Austrian Greek Dutch Irish Swiss "
    "Swedish Canadian Danish Soviet Egyptian Norwegian Indian Japanese Australian Babylonian Chinese Welsh Polish "
    "Belgian Hungarian Israeli Czech Mexican Finnish Persian Flemish Cuban Portuguese Mongolian Indonesian Venezuelan "
    "Romanian Vietnamese Macedonian Yugoslav Brazilian Argentine Chilean Colombian Icelandic Turkish Serbian Croatian "
    "Bulgarian Ukrainian Prussian Korean Iranian Iraqi Pakistani Filipino Nigerian Kenyan Ethiopian Ghanaian Zairean "
    "Estonian Latvian Lithuanian Peruvian Bolivian Nicaraguan Guatemalan Moroccan Tunisian Algerian Jordanian Syrian "
    "Lebanese Czechoslovakian Austro-Hungarian"
)
NATIONALITIES = frozenset(_ADJECTIVES.split())
DEMONYMS = {"Englishman": "English", "Frenchman": "French", "Irishman": "Irish", "Dutchman": "Dutch"}

# Roots of the medical part: offset of the synset in WordNet 3.1 -> the kind its hyponyms are.
KINDS = {
    "14093842": "disease",
    "14323139": "symptom",
    "05227735": "body part",
    "01026334": "medical procedure",
    "03252323": "drug",
    "05414462": "hormone",
    "15113825": "vitamin",
}
# Hypernyms that say nothing, and a branch of `drug` that is no medicine.
_EMPTY_WORDS = (
    "entity|physical entity|abstraction|abstract entity|object|physical object|matter|whole|unit|part|"
    "portion|component|component part|constituent|relation|thing|substance|causal agent|cause|causal agency|"
    "state|condition|status|attribute|event|act|deed|human action|human activity|psychological feature|piece|"
    "agent|group|grouping"
)
GENERAL = frozenset(_EMPTY_WORDS.split("|"))
DRINK = "alcoholic drink"
ANIMAL = re.compile(
    r"\b(animals?|birds?|fish|fishes|insects?|arthropods?|plants?|horses?|cattle|cows?|sheep|reptiles?|crustaceans?|"
    r"mollus[ck]s?|invertebrates?|ruminants?|spiders?|wings?|snakes?|whales?|dogs?|fowl|hoofed|embryo|fetus|amphibians?|"
    r"quadrupeds?|mammals?|worms?|larvae?|carcass|hoof)\b"
)


class Synset(NamedTuple):
    file: str  # lexicographer file
    words: list[str]
    pointers: list[tuple[str, str]]  # (symbol, offset of a noun synset)
    derived: int  # derivationally related forms
    gloss: str


def parse(lines: Iterable[str]) -> Iterator[tuple[str, Synset]]:
    """(offset, synset) of every line of a data file; the license lines at the top begin with two spaces."""
    for line in lines:
        if line.startswith("  "):
            continue
        data, gloss = line.rstrip("\n").split(" | ", 1)
        fields = data.split()
        count = int(fields[3], 16)
        words = [fields[4 + 2 * i].split("(")[0].replace("_", " ") for i in range(count)]
        start = 4 + 2 * count
        pointers = [tuple(fields[start + 1 + 4 * i : start + 5 + 4 * i]) for i in range(int(fields[start]))]
        yield (
            fields[0],
            Synset(
                file=fields[1],
                words=words,
                pointers=[(symbol, offset) for symbol, offset, kind, _ in pointers if kind == "n"],
                derived=sum(symbol == "+" for symbol, *_ in pointers),
                gloss=gloss.strip(),
            ),
        )


def ancestors(offset: str, nouns: dict[str, Synset], stop: frozenset[str] = frozenset()) -> list[str]:
    """Offsets from `offset` upwards along hypernyms, nearest first, without what lies in `stop` or above it."""
    found, queue = [], [offset]
    while queue:
        current = queue.pop(0)
        if current not in found and current not in stop:
            found.append(current)
            queue += [target for symbol, target in nouns[current].pointers if symbol in (HYPERNYM, INSTANCE)]
    return found


def definition(gloss: str) -> str:
    """The gloss without its quoted examples."""
    return re.sub(r';? *"[^"]*".*$', "", gloss).strip()


def nationality(gloss: str) -> str | None:
    """The adjective that the gloss begins with ("English natural scientist ..." -> English), None if it has none."""
    head = re.split(r"[;(]| who | which | whose ", gloss)[0]
    for country, adjective in COUNTRIES.items():
        if re.search(rf"(?<!born in )\b{country}\b", head):
            return adjective
    for word in re.findall(r"[A-Z][A-Za-z-]+", head)[:2]:
        if word in DEMONYMS:
            return DEMONYMS[word]
        if word in NATIONALITIES and not re.search(rf"\b{word}[- ]born\b", head):
            return word
    return None


def origin(gloss: str) -> str:
    """The place of a "(born in ...)" note, "" without one: such a person may have another nationality too."""
    match = re.search(r"born in ((?:[A-Z][\w.]+ ?)+)|\b([A-Z]\w+)[- ]born\b", gloss)
    return (match[1] or match[2]).strip() if match else ""


def years(gloss: str) -> tuple[str, str]:
    """Years of birth and death as written, "" where unknown, uncertain or of the first century; "BC" stays."""
    span = re.search(r"\((?:born in [^()]*?)?(\d{1,4})(\??)(?: (BC))?\s*-\s*(?:(\d{1,4})(\??)( BC)?)?[^()]*\)", gloss)
    if span:
        born, unsure_born, born_bc, died, unsure_died, died_bc = span.groups()
        suffix = " BC" if born_bc or died_bc else ""
        died = (died or "") + (died_bc or "")
        return _year(born + suffix, unsure_born), _year(died, unsure_died)
    born = re.search(r"\bborn (?:in [A-Z][\w. ]+ )?in (\d{4})\b", gloss)
    return (born[1] if born else ""), ""


def _year(text: str, unsure: str | None) -> str:
    return text if re.fullmatch(r"\d{3,4}( BC)?|\d{1,2} BC", text) and not unsure else ""


def full_name(words: list[str]) -> str | None:
    """The first lemma that is a given name with a surname; None for people known by one word or a title only."""
    surname = words[0]
    for word in words:
        if (
            " " in word
            and word[0].isupper()
            and word.split()[-1] == surname
            and not word.startswith(("Sir ", "Saint ", "St. "))
        ):
            return word
    return words[0] if len(words[0].split()) in (2, 3) and words[0].replace(" ", "").isalpha() else None


def occupations(offset: str, nouns: dict[str, Synset], jobs: dict[str, str], above: frozenset[str]) -> list[str]:
    """Occupation names with their hypernyms up to (and without) person: of the instance pointers, then of the gloss.

    jobs: lower-case name -> offset of its first sense, where that is a person. The first name is the reference's.
    """
    synset = nouns[offset]
    starts = [target for symbol, target in synset.pointers if symbol == INSTANCE]
    head = re.split(r"[;(]| who | whose | which | known | noted | of | in | and (?=[a-z]+ of)", synset.gloss)[0]
    words = [word for word in re.findall(r"[A-Za-z]+", head) if word not in NATIONALITIES]
    for start in range(len(words)):
        for end in range(len(words), start, -1):
            name = " ".join(words[start:end]).lower()
            if name in jobs:
                starts.append(jobs[name])
                break
    names = []
    for start in starts:
        for ancestor in ancestors(start, nouns, above):
            names += [word for word in nouns[ancestor].words if word not in names]
    return names


def fame(people: dict[str, Synset], synsets: list[Synset]) -> dict[str, float]:
    """How often WordNet itself mentions each person elsewhere: the measure of difficulty.

    2 for every mention of a full name in another gloss or lemma. 1 for every mention of the surname, divided among the
    people who have it; left out if it is also a given name, a place or a common word (West, London, Henry). 3 for every
    word derived from the name (Darwinism). 1/2 for every variant of the name. 1/100 of the gloss's length.
    """
    bearers = Counter(person.words[0] for person in people.values())
    given = {word.split()[0] for person in people.values() for word in person.words if " " in word}
    common = {word.lower() for synset in synsets if synset.file != PERSON_FILE for word in synset.words}
    telling = {name for name in bearers if name not in given and name.lower() not in common}
    names = {word: offset for offset, person in people.items() for word in person.words if " " in word}
    mentions, surnames = Counter(), Counter()
    for synset in synsets:
        tokens = [
            re.sub(r"('s|[.,;:)'\"])+$", "", token).lstrip('("')
            for token in f"{'; '.join(synset.words)}; {synset.gloss}".split()
        ]
        surnames.update(set(tokens) & telling)
        phrases = {
            " ".join(tokens[i : i + size])
            for size in (2, 3)
            for i in range(len(tokens) - size + 1)
            if not tokens[i + size : i + size + 1] or not tokens[i + size][:1].isupper()  # William Henry Harrison
        }
        mentions.update({names[phrase] for phrase in phrases & names.keys()})
    result = {}
    for offset, person in people.items():
        surname = person.words[0]
        own = any(" " in word for word in person.words)  # its own lemmas were counted too
        shared = max(0, surnames[surname] - bearers[surname]) / bearers[surname]
        parts = 2 * max(0, mentions[offset] - own), shared, 3 * person.derived, len(person.words) / 2
        result[offset] = round(sum(parts) + len(person.gloss) / 100, 2)
    return result


def job_names(nouns: dict[str, Synset], senses: dict[str, list[str]], person: str) -> dict[str, str]:
    """Lower-case noun -> offset of its first sense, for the nouns whose first sense is a person by occupation."""
    jobs = {}
    for word, offsets in senses.items():
        synset = nouns[offsets[0]]
        instance = any(symbol == INSTANCE for symbol, _ in synset.pointers)
        if synset.file == PERSON_FILE and not instance and person in ancestors(offsets[0], nouns)[1:]:
            jobs[word] = offsets[0]
    return jobs


def index(lines: Iterable[str]) -> dict[str, list[str]]:
    """Lower-case noun -> offsets of its senses, the commonest first, of an index file."""
    senses = {}
    for line in lines:
        if not line.startswith("  "):
            fields = line.split()
            senses[fields[0].replace("_", " ")] = fields[-int(fields[2]) :]
    return senses


def people_rows(nouns: dict[str, Synset], senses: dict[str, list[str]], synsets: list[Synset]) -> list[dict]:
    """People with a full name, a nationality, an occupation and a year of birth, the best known first."""
    person = next(o for o, s in nouns.items() if s.file == "03" and s.words[:2] == ["person", "individual"])
    above = frozenset(ancestors(person, nouns))
    jobs = job_names(nouns, senses, person)
    everyone = {
        o: s for o, s in nouns.items() if s.file == PERSON_FILE and any(symbol == INSTANCE for symbol, _ in s.pointers)
    }
    known = fame(everyone, synsets)
    rows = []
    for offset, synset in everyone.items():
        born, died = years(synset.gloss)
        name = full_name(synset.words)
        row = {
            "name": name,
            "aliases": "|".join(word for word in synset.words if " " in word and word != name),
            "nationality": nationality(synset.gloss),
            "occupations": "|".join(occupations(offset, nouns, jobs, above)),
            "born": born,
            "died": died,
            "origin": origin(synset.gloss),
            "fame": known[offset],
            "gloss": definition(synset.gloss),
        }
        if row["name"] and row["nationality"] and row["occupations"] and row["born"]:
            rows.append(row)
    return sorted(rows, key=lambda row: (-row["fame"], row["name"]))


def medical_rows(nouns: dict[str, Synset]) -> list[dict]:
    """Terms below the roots of KINDS whose gloss has eight words or more."""
    rows = []
    for offset, synset in nouns.items():
        chain = ancestors(offset, nouns)
        if (
            not KINDS.keys() & chain[1:]
            or len(synset.gloss.split()) < 8
            or any(symbol == INSTANCE for symbol, _ in synset.pointers)
        ):
            continue
        if any(DRINK in nouns[o].words for o in chain):
            continue
        root = next(o for o in chain[1:] if o in KINDS)
        above = frozenset(ancestors(root, nouns)[1:])
        if KINDS[root] == "body part" and ANIMAL.search(synset.gloss):
            continue
        below = [o for o in chain[1:] if root in ancestors(o, nouns)]
        others = [o for o in chain[1:] if o not in above and o not in below]
        kinds = [nouns[o].words for o in below + others if nouns[o].words[0] not in GENERAL]
        wholes = [nouns[o].words for symbol, o in synset.pointers if symbol == PART_OF]
        rows.append(
            {
                "term": synset.words[0],
                "synonyms": "|".join(synset.words[1:]),
                "kind": KINDS[root],
                "hypernyms": "|".join(";".join(words) for words in kinds),
                "wholes": "|".join(";".join(words) for words in wholes),
                "gloss": definition(synset.gloss),
            }
        )
    return sorted(rows, key=lambda row: (row["kind"], row["term"], row["gloss"]))


def distinct(rows: list[dict], key: str) -> list[dict]:
    """Rows whose `key` occurs once: an ambiguous name does not say who is meant."""
    groups = defaultdict(list)
    for row in rows:
        groups[row[key].lower()].append(row)
    return [row for row in rows if len(groups[row[key].lower()]) == 1]


def write(rows: list[dict], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main(arguments: argparse.Namespace) -> None:
    data = {}
    for part in ("noun", "verb", "adj", "adv"):
        with (arguments.dict / f"data.{part}").open(encoding="utf-8") as file:
            data[part] = dict(parse(file))
    with (arguments.dict / "index.noun").open(encoding="utf-8") as file:
        senses = index(file)
    synsets = [synset for part in data.values() for synset in part.values()]
    people = distinct(people_rows(data["noun"], senses, synsets), "name")
    medical = distinct(medical_rows(data["noun"]), "term")
    arguments.output.mkdir(parents=True, exist_ok=True)
    write(people, arguments.output / "people.tsv")
    write(medical, arguments.output / "medical.tsv")
    print(f"{len(people)} people, {len(medical)} medical terms")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dict", type=Path, help="folder with index.noun and data.{noun,verb,adj,adv}")
    parser.add_argument("output", type=Path, help="folder for people.tsv and medical.tsv")
    main(parser.parse_args())
