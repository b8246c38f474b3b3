"""Biographies: short profiles of people, one atomic statement per line, from the WordNet extract.

    Charles Darwin was English.
    Charles Darwin was a naturalist.
    Charles Darwin was born in 1809.
    Charles Darwin died in 1882.

Source: a member people.tsv (data/wordnet/README.md). The judge reads statements in about this form ("Born: 1809", "Ann
Lee, a Danish painter, was born in 1900"), with or without Markdown. A line with several claims is wrong if one of them
is wrong, else not verifiable if one is not, else right. A line that declines, frames the answer or denies something is
not verifiable.
"""

import csv
import io
import re
from collections.abc import Iterator

from halt.domains import DomainError, Row, Verdict, settings
from halt.domains.shared.text import labels, markup, naming, talk
from halt.domains.shared.text.nationalities import (
    ALSO_RIGHT,
    ALWAYS_OPEN,
    COUNTRIES,
    NATIONALITIES,
    NOT_WRONG,
    adjective,
)

DEPENDENT = False
REFERENCE_JUDGE = True
OPTIONS = {
    "most_famous": {
        "type": "integer",
        "minimum": 1,
        "default": 1000,
        "description": "how many of the best-known people are used (column `fame`); small models know few others",
    }
}
EXAMPLE = "Request: {prompt}\nProfile:\n{response}\n\n"
STOP = ("\n\n", "\nRequest:", "\nProfile:")

# Too general to be a fact about somebody's occupation.
_TRIVIAL = (
    "person individual someone somebody human man woman male female adult grownup figure worker celebrity native "
    "citizen inhabitant people child kid boy girl gentleman lady member"
)
_PRAISE = (
    "famous great notable renowned prominent influential leading important well-known celebrated distinguished "
    "prolific early late former professional successful talented"
)
TRIVIAL = frozenset(_TRIVIAL.split())
PRAISE = frozenset(_PRAISE.split())
YEAR = re.compile(r"\b(?P<year>\d{3,4}(?: bc)?|\d{1,2} bc)(?!\d)")
SUBJECT = re.compile(r"^(?P<subject>.*?)\s+(?P<verb>was|is|became|died|passed away)\b(?P<rest>.*)$", re.DOTALL)
# Words that, before a name, make another subject ("the father of Ann Lee").
_LINKS = frozenset(
    ("of", "and", "or", "to", "with", "by", "for", "from", "in", "on", "at", "as", "than", "about", "after")
)
_DENIES = re.compile(r"\b(?:not|never|neither|nor|no)\b|n['’]t\b")
_OPENERS = re.compile(r"^(?:but|and|so|also|however|indeed|in fact|yes)\b[\s,]*")
# People with one of these occupations often have another, and the row need not say so.
_FAMILIES = [
    frozenset(family.split())
    for family in (
        "scientist naturalist biologist botanist zoologist geologist paleontologist chemist physicist astronomer "
        "mathematician physiologist geneticist anatomist ecologist ethologist anthropologist entomologist",
        "writer author novelist poet playwright dramatist essayist journalist critic storyteller",
    )
]


def rows(source, options: dict) -> Iterator[Row]:
    """One row per person, the best known first. DomainError if the source has no people.tsv."""
    chosen = settings("biography", OPTIONS, options)
    member = source.find("people.tsv")
    if member is None:
        raise DomainError(f"biography: {source.name} has no people.tsv")
    people = list(csv.DictReader(io.StringIO(source.read(member).decode()), delimiter="\t"))
    people.sort(key=lambda person: (-float(person["fame"]), person["name"]))
    for person in people[: chosen["most_famous"]]:
        truth = {key: person[key] for key in ("name", "nationality", "born", "died", "origin", "gloss")}
        truth["aliases"] = [alias for alias in person["aliases"].split("|") if alias]
        truth["occupations"] = person["occupations"].split("|")
        if _reference_occupation(truth) is None:
            continue
        identifier = re.sub(r"\W+", "-", person["name"].lower()).strip("-")
        yield Row(
            id=identifier,
            cluster=identifier,
            stratum="",
            prompt=f"Write a short profile of {person['name']}, one fact a line.",
            reference=join(statements(truth)),
            truth=truth,
        )


def statements(truth: dict) -> list[str]:
    """The two to four statements of a complete profile."""
    name, occupation = truth["name"], _reference_occupation(truth)
    lines = [f"{name} was {truth['nationality']}.", f"{name} was {article(occupation)} {occupation}."]
    if truth["born"]:
        lines.append(f"{name} was born in {truth['born']}.")
    if truth["died"]:
        lines.append(f"{name} died in {truth['died']}.")
    return lines


def _reference_occupation(truth: dict) -> str | None:
    """The first occupation that says something."""
    return next((name for name in truth["occupations"] if name.lower() not in TRIVIAL), None)


def article(noun: str) -> str:
    """a or an, by the sound that the noun begins with."""
    if re.match(r"(uni|eu|use|one)", noun.lower()):
        return "a"
    return "an" if re.match(r"([aeiou]|heir|hono|hour)", noun.lower()) else "a"


def split(text: str) -> list[str]:
    """One fragment per line; empty lines and titles ("# Ann Lee") are left out."""
    return [line.strip() for line in text.splitlines() if line.strip() and not talk.is_title(line.strip())]


def join(fragments: list[str]) -> str:
    return "\n".join(fragments)


def subject(row: Row) -> str:
    return row.truth.get("name", "")


def evidence(row: Row) -> str:
    """The reference, and what else the row knows."""
    truth = row.truth
    known = {
        "Also called": ", ".join(truth.get("aliases", [])),
        "Was all of these": ", ".join(truth.get("occupations", [])),
        "Comes from": truth.get("origin"),
        "In one line": truth.get("gloss"),
    }
    return "\n".join([row.reference, *(f"{what}: {said}" for what, said in known.items() if said)])


def judge(fragments: list[str], row: Row) -> list[Verdict]:
    """Each line by itself against the person's nationality, occupations (with their hypernyms) and years."""
    return [_judge(fragment, row.truth) for fragment in fragments]


def _judge(fragment: str, truth: dict) -> Verdict:
    if talk.refuses(fragment):
        return Verdict("unverifiable")
    text = _plain(markup.plain(fragment))
    labelled = labels.LABELLED.match(_plain(markup.with_label(fragment)))
    if labelled and SUBJECT.match(labelled["value"]) and naming.mentioned(labelled["value"], truth):
        text = labelled["value"]
    elif labelled:
        return _verdict(_labelled(labelled["label"], labelled["value"], truth))
    match = SUBJECT.match(text)
    if not match:
        return Verdict("unverifiable" if naming.mentioned(text, truth) or talk.says_nothing(fragment) else "wrong")
    rest = match["rest"].strip(" ,")
    subject = re.sub(r"\([^()]*\)", "", match["subject"])
    about = _about(subject, truth)
    if (
        about is None
        and (owned := labels.OWNED.match(subject))
        and naming.is_named(owned["owner"] or owned["owner_of"], truth)
    ):
        denied = _DENIES.search(rest) is not None
        claims = _labelled(owned["label"] or owned["label_of"], rest, truth)
        return Verdict("unverifiable") if denied else _verdict(claims)
    claims = _claims(match["verb"], rest, truth)
    if _DENIES.search(rest):
        about, claims = about and [], [("unverifiable", claims[-1][1])]
    if about is None:
        return _unread(fragment, subject, claims, truth)
    if subject != match["subject"]:
        claims.append(("unverifiable", None))  # text in parentheses is not read
    return _verdict([*about, *claims])


def _plain(text: str) -> str:
    text = re.sub(r"\s+", " ", text).strip().rstrip(".").lower()
    return re.sub(r"\b(?:b\.c\.?(?:e\.?)?|bce)(?!\w)", "bc", text)


def _verdict(claims: list[tuple[str, str | None]]) -> Verdict:
    """Wrong if a claim is wrong, else not verifiable if one is not, else right; the kind is the last claim's."""
    kind = next((claimed for _, claimed in reversed(claims) if claimed), None)
    wrong = [claimed for label, claimed in claims if label == "wrong"]
    if wrong:
        return Verdict("wrong", wrong[0])
    if any(label == "unverifiable" for label, _ in claims):
        return Verdict("unverifiable", kind)
    return Verdict("right", kind, kind)


def _unread(fragment: str, subject: str, claims: list[tuple[str, str | None]], truth: dict) -> Verdict:
    """For a statement whose subject is not read as the person: it is wrong if it names nobody that the row knows.

    If it names the person somewhere, it may be true. It is wrong only if it begins with the name and states a wrong
    year or nationality.
    """
    wrong = [kind for label, kind in claims if label == "wrong"]
    if not naming.mentioned(subject, truth):
        kind = next((claimed for _, claimed in reversed(claims) if claimed), None)
        return Verdict("unverifiable") if talk.says_nothing(fragment) else Verdict("wrong", wrong[0] if wrong else kind)
    plain = re.match(rf"{re.escape(truth['name'].lower())}(?!['’\w]| and )", subject)
    wrong = [kind for kind in wrong if kind in ("birth year", "death year", "nationality")]
    return Verdict("wrong", wrong[0]) if plain and wrong else Verdict("unverifiable")


def _about(subject: str, truth: dict) -> list[tuple[str, str | None]] | None:
    """The claims in a subject besides the name ("Ann Lee, a Danish painter,"); None if it is another person."""
    if naming.is_named(subject, truth):
        return _titled(subject.strip(" ,").split(), truth)
    parts = [_OPENERS.sub("", part.strip()) for part in subject.split(",", 12)]
    for place, part in enumerate(parts):
        words = part.split()[:40]
        for begin in range(max(1, len(words) - 1)):
            before, name = " ".join(words[:begin]), " ".join(words[begin:])
            if not naming.is_named(name, truth) or _LINKS & {*words[:begin]} or "'" in before:
                continue
            claims = _titled(words[begin:], truth)
            for said in (before, ", ".join(parts[:place]), ", ".join(parts[place + 1 :])):
                claims += _claims("was", said, truth) if _bared(said) else []
            return claims
    return None


def _titled(words: list[str], truth: dict) -> list[tuple[str, str | None]]:
    return [("unverifiable", None)] if naming.titled(words, truth) else []


def _labelled(label: str, value: str, truth: dict) -> list[tuple[str, str | None]]:
    """Claims of "Born: 1809" and similar; a label of an unknown fact is not verifiable."""
    kind = labels.kind(label)
    if kind in ("birth year", "death year"):
        year = YEAR.search(value)
        if not year:
            return [("unverifiable", kind)]
        stated = _year(year["year"], truth["born" if kind == "birth year" else "died"])
        whole = value.strip(" ,") in (year["year"], f"in {year['year']}")
        return [(stated, kind), *([] if whole else [("unverifiable", kind)])]
    if kind == "nationality":
        said = [part.strip() for part in re.split(r",|/|\band\b", value) if part.strip()]
        known = NATIONALITIES | {truth["nationality"].lower()}
        return [(_nationality(part, truth) if part in known else "unverifiable", kind) for part in said]
    return _description(f"a {value}", truth) if kind else [("unverifiable", None)]


def _claims(verb: str, rest: str, truth: dict) -> list[tuple[str, str | None]]:
    """(label, kind) of every claim of a predicate; at least one."""
    claims: list[tuple[str, str | None]] = []
    if verb in ("died", "passed away"):
        rest, verb = f"died {rest}", "was"
    born, died = _dated(r"\bborn\b", rest), _dated(r"\b(?:died|passed away)\b", rest)
    for found, kind, year in ((born, "birth year", truth["born"]), (died, "death year", truth["died"])):
        if found:
            whole, place, stated = found
            claims.append((_year(stated, year), kind))
            if place not in ("in", "in the year", ""):
                claims.append(("unverifiable", kind))
            rest = rest.replace(whole, " ")
    rest = _bared(rest)
    if rest:
        claims += _description(rest, truth)
    return claims or [("unverifiable", None)]


def _dated(event: str, text: str) -> tuple[str, str, str] | None:
    """From the first such event to the next year: the whole text, the text between them, the year."""
    begun = re.search(event, text)
    year = YEAR.search(text, begun.end()) if begun else None
    if not year:
        return None
    return text[begun.start() : year.end()], text[begun.end() : year.start()].strip(" ,"), year["year"]


def _year(stated: str, known: str) -> str:
    if not known:
        return "unverifiable"
    return "right" if stated == known.lower() else "wrong"


def _bared(text: str) -> str:
    """A predicate without the joining words at its ends."""
    words = text.replace(",", " , ").split()
    begin, end = 0, len(words)
    while begin < end and words[begin] in (",", "and", "who", "was", "is", "he", "she"):
        begin += 1
    while begin < end and words[end - 1] in (",", "and", "who", "was", "is"):
        end -= 1
    return " ".join(words[begin:end]).replace(" ,", ",")


def _description(text: str, truth: dict) -> list[tuple[str, str | None]]:
    """Claims of "an American writer and poet" and similar; former occupations are not known."""
    text = adjective(text)
    claims = _described(text, truth)
    if re.search(r"\b(?:former|formerly|ex)\b", text):
        claims = [("unverifiable" if label == "right" else label, kind) for label, kind in claims]
    return claims


def _described(text: str, truth: dict) -> list[tuple[str, str | None]]:
    if re.match(r"(born|died|passed|from|in|at|on|of|the son|the daughter|married|known|best known)\b", text):
        return [("unverifiable", None)]
    claims: list[tuple[str, str | None]] = []
    bare = re.sub(r"^(an?|the)\s+", "", text)
    has_article = bare != text
    nationalities = NATIONALITIES | {truth["nationality"].lower()}
    if bare not in nationalities and _known(bare, truth):
        return [("right", "occupation")]
    for nationality in sorted(nationalities, key=len, reverse=True):
        found = re.match(rf"((?:\w+ )??){re.escape(nationality)}\b[ -]?", bare)
        if found and (not found[1] or found[1].strip() in PRAISE):
            claims.append((_nationality(nationality, truth), "nationality"))
            bare = re.sub(r"^(?:[,\s]|and\b)+", "", bare[found.end() :])
            break
    if not bare.strip():
        return claims
    if _known(bare, truth):
        return [*claims, ("right", "occupation")]
    head, *tail = re.split(
        r"(?:^|,? )(?:who|which|whose|that|known|best|from|of|in|for|at|during|with|to|by|on)\b", bare, maxsplit=1
    )
    for phrase in re.split(r"\s*,\s*(?:and\s+)?|\s+and\s+", head):
        phrase = re.sub(r"^(an?|the)\s+", "", phrase.strip())
        if phrase:
            claims.append((_occupation(phrase, truth, bool(tail), has_article or bool(claims)), "occupation"))
    if tail:
        claims.append(("unverifiable", "occupation"))
    return claims


def _nationality(stated: str, truth: dict) -> str:
    known = truth["nationality"].lower()
    if stated == known or stated in ALSO_RIGHT.get(known, ()):
        return "right"
    homes = {
        name.lower()
        for name, places in COUNTRIES.items()
        for place in places.split(", ")
        if place and place in truth["origin"]
    }
    return "unverifiable" if stated in NOT_WRONG.get(known, set()) | ALWAYS_OPEN | homes else "wrong"


def _known(phrase: str, truth: dict) -> bool:
    phrase = phrase.strip()
    return phrase not in TRIVIAL and phrase in {name.lower() for name in truth["occupations"]}


def _occupation(phrase: str, truth: dict, has_tail: bool, has_article: bool) -> str:
    words = [word for word in phrase.split() if word not in PRAISE]
    if not words or words[-1] in TRIVIAL:
        return "unverifiable"
    if _known(" ".join(words), truth):
        return "right"
    longest = max(len(name.split()) for name in truth["occupations"])
    if any(_known(" ".join(words[start:]), truth) for start in range(max(1, len(words) - longest), len(words))):
        return "unverifiable"  # more special than what is known: "romantic poet"
    gloss = truth["gloss"].lower()
    told = words[-1] in gloss and re.search(rf"\b{re.escape(words[-1])}\b", gloss)
    occupations = {name.lower() for name in truth["occupations"]}
    near = any(words[-1] in family and occupations & family for family in _FAMILIES)
    if told or near or has_tail or not has_article:
        return "unverifiable"
    return "wrong"
