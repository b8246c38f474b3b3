"""Labels that a profile may put before a fact: "Born: 1809", "Ann Lee's nationality was Danish"."""

import re

# What a fact may be called -> its kind.
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
    """The kind of fact that a label names, None if it is another."""
    return next((known for known, words in _LABELS.items() if re.fullmatch(words, label)), None)
