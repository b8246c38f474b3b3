"""Labels that a line may put before a fact: "Born: 1809", "Ann Lee's nationality was Danish", "Also called: gout"."""

import re

# Names of a fact -> its kind.
_LABELS = {
    "nationality": "nationality|citizenship",
    "birth year": "born|birth|birth year|year of birth|birth ?date|date of birth",
    "death year": "died|death|death year|year of death|death date|date of death",
    "occupation": "occupations?|professions?|jobs?|roles?",
}
_OPEN_LABELS = (
    "(?:full |birth )?name|also known as|known for|best known for|famous for|education|alma mater|fields?|(?:"
    "(?:notable |major |famous |key )?(?:works?|achievements?|contributions?|ideas?))|legacy|awards?|spouse|children"
    "|parents|family|(?:place|country) of (?:birth|death)|birthplace|early life|later life|career|religion"
    "|gender|era|cause of death"
)
_LABEL = "|".join([*(f"(?:{words})" for words in _LABELS.values()), _OPEN_LABELS])
LABELLED = re.compile(rf"(?P<label>{_LABEL})\s*:\s*(?P<value>.+)$")
OWNED = re.compile(rf"(?:(?P<owner>.+?)['’]s? (?P<label>{_LABEL})|the (?P<label_of>{_LABEL}) of (?P<owner_of>.+))$")


def kind(label: str) -> str | None:
    """The kind of fact that a label names; None for any other label."""
    return next((known for known, words in _LABELS.items() if re.fullmatch(words, label)), None)


# Labels of medical facts -> the statement that one makes; None if no row knows such facts.
_STATEMENTS = {
    "also (?:called|known as)|other names?|synonyms?|aka|alternative names?": "is also called",
    "kind|type|what it is|category|classification": "is a",
    "(?:body |affected )?system|affects": "is a disease of the",
    "definition|description|symptoms?|signs?|causes?|treatments?|diagnosis|prevention|risk factors?|complications?"
    "|uses?|side effects|functions?|location|prognosis": None,
}
MEDICAL = re.compile(rf"(?P<label>{'|'.join(_STATEMENTS)})\s*:\s*(?P<value>.+)$")
# Any label except one that denies what follows.
ANY = r"(?:(?![^:]*\b(?:no|not|never|false|wrong|untrue|incorrect|myth|unlikely)\b)[^:]{1,40}:\s*)"
CALLED = re.compile(
    r"(?:is|are) (?:(?:also|sometimes|often|commonly|otherwise) )*(?:called|known as|named|referred to as|termed) "
    r"(?:the |an? )?(?P<name>.+)$"
)


def spelled_out(name: str, labelled: re.Match) -> str | None:
    """The statement that a label of a medical fact and its value make about a name; None if no row knows such facts."""
    verb = next(verb for words, verb in _STATEMENTS.items() if re.fullmatch(words, labelled["label"]))
    value = re.sub(r"^(?:an?|the) ", "", labelled["value"])
    return verb and f"{name} {verb} {value}"
