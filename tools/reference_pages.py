"""The generated parts of the documentation: every key of a config, every file of the results, every column of a table.

They come from the schema, the configs, scripts/halt/paths.py and scripts/halt/frames.py when the site is built, so none
can be forgotten. A page says `<!-- generated: config -->` where a part belongs. mkdocs calls `on_page_markdown`.
Nothing else here knows mkdocs, and nothing needs more than PyYAML.
"""

import ast
import html
import json
import re
import tokenize
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from halt import paths
from halt.config import load_schema
from halt.config.messages import expected

ROOT = Path(__file__).parents[1]
LIBRARY = ROOT / "scripts" / "halt"

ORIGINS = {  # of a key: what the schema may say, and what the page says for it
    "paper": "the paper",
    "other-paper": "another paper",
    "decision": "our decision",
    "setup": "your setup",
    "machine": "the machine",
}
OVERLAY = "config/paper.yaml"  # its values stand beside those of the default run
NAME = "<name>"  # of a registry's entry, in the path of a key
# Parts of the schema that several keys share, as the page calls them; each has a section of its own.
SHARED = {
    "needs": "Needs of a stage",
    "finetune_needs": "Needs of finetuning",
    "requests": "Needs of a judge or an extractor that is asked over HTTP",
    "model_package": "Source of a model: package",
    "domain_package": "Source of a domain: package",
    "hub": "Source: hub",
    "path_source": "Source: path",
    "plain_judge": "Judge: reference, and a module of yours",
    "local_judge": "Judge: llm, loaded in the job",
    "served_judge": "Judge: llm, served by the workflow",
    "openai_judge": "Judge: llm, at an endpoint",
    "local_extractor": "Extractor: loaded in the job",
    "served_extractor": "Extractor: served by the workflow",
    "openai_extractor": "Extractor: at an endpoint",
    "window": "Window of an extractor",
}

# What lies where in the results, by the table that it holds: (template in halt.paths, what it is).
TABLES = {
    "DATA": [
        (paths.DATA, "The rows of one split."),
        (paths.COUNTED, "The same with the claims of their references counted (`fragments: claims`)."),
    ],
    "RESPONSES": [
        (paths.GENERATIONS, "Samples of the pretrained model."),
        (paths.RESPONSES, "Answers of a method to the test prompts."),
        (paths.SK_GENERATIONS, "Samples for SK-Tuning, if `generate` draws too few."),
    ],
    "FRAGMENTS": [
        (paths.FRAGMENTS, "Fragments of the samples."),
        (paths.RESPONSE_FRAGMENTS, "Fragments of the answers."),
        (paths.SK_FRAGMENTS, "Fragments of the samples for SK-Tuning."),
    ],
    "CLAIMS": [
        (paths.CLAIMS, "Sentences of the samples with their claims (`fragments: claims`)."),
        (paths.RESPONSE_CLAIMS, "Sentences of the answers with their claims."),
        (paths.REFERENCE_CLAIMS, "Sentences of the references with their claims."),
        (paths.SK_CLAIMS, "Sentences of the samples for SK-Tuning with their claims."),
    ],
    "JUDGEMENTS": [
        (paths.JUDGEMENTS, "Verdicts on the samples, as the judge gave them."),
        (paths.ASSESSMENTS, "Verdicts on the answers."),
        (paths.SK_JUDGEMENTS, "Verdicts on the samples for SK-Tuning."),
        (paths.SK_ENTAILED, "The same by entailment (`sk_tuning.labels: nli`)."),
    ],
    "TARGETS": [
        (paths.TARGETS, "What the model is finetuned on."),
        (paths.FIRST_TARGETS, "The same before an extractor rewrites sentences (`join: edit`)."),
    ],
    "PAIRS": [(paths.PAIRS, "What a preference method trains on.")],
    "METRICS": [(paths.METRICS, "Counts of every answer; all scores are made of them.")],
    "CONFIDENCES": [(paths.CONFIDENCES, "How sure the model is of each fragment, for a method that filters.")],
    "RATINGS": [
        (paths.RATINGS, "p(True) of the fragments of samples."),
        (paths.CHOICE_RATINGS, "p(True) of the answers that questions give to choose from."),
    ],
    "ASSURANCES": [(paths.ASSURANCES, "How sure a model says it is of its answers (R-Tuning).")],
    "CHOICES": [(paths.CHOICES, "How likely a model finds the answers that a question gives to choose from.")],
}
OTHER_FILES = [
    (paths.MODEL, "The model's files with their sha256. The files lie beside it."),
    (paths.SOURCE, "The data source's files with their sha256. The files lie beside it."),
    (paths.NLI, "The same of the classifier of entailment."),
    (paths.ADAPTER, "The record of a training. The adapter lies beside it, and a log of its loss."),
    (paths.SK_ADAPTER, "The same of SK-Tuning."),
    (paths.ADDRESS, "Where a served judge answers while jobs judge."),
    (paths.EXTRACTOR_ADDRESS, "Where a served extractor answers while jobs extract."),
    (paths.REFERENCES_ADDRESS, "The same for the references."),
]
_TYPES = {
    "pl.String": "text",
    "pl.Int32": "whole number",
    "pl.Int64": "whole number",
    "pl.Float64": "number",
    "pl.Boolean": "true or false",
    "pl.Enum(LABELS)": "one of the labels",
    "pl.List(pl.Float32)": "list of numbers",
    "pl.List(pl.String)": "list of texts",
}
_OPTIONAL = re.compile(r"^Optional(?P<said>, [^.:]+)?[.:] ")
_MARKER = re.compile(r"^<!-- generated: (.+?) -->$", re.MULTILINE)


class ReferenceError(Exception):
    """A page asks for something that cannot be made; the message says which page, key or column."""


class Key(NamedTuple):
    """One key of a config. place: its path, NAME for the name of a registry's entry."""

    place: tuple[str, ...]
    holds: bool  # a mapping of keys that have entries of their own, not a value
    kind: str  # what an error message says was expected
    shared: tuple[str, ...]  # keys of SHARED that say what it holds, if it is a mapping of one of these forms
    optional: bool
    origin: str | None  # of ORIGINS; None for a mapping
    description: str


class Column(NamedTuple):
    """One column of a parquet table."""

    name: str
    kind: str
    description: str


def on_page_markdown(markdown: str, page: Any, **_) -> str:
    """mkdocs' hook: a page with its generated parts."""
    return fill(markdown, page.file.src_uri)


def fill(markdown: str, name: str = "page") -> str:
    """A page's text with its markers replaced; ReferenceError for a marker that nothing here makes."""

    def part(marker: re.Match) -> str:
        if marker[1] not in PARTS:
            raise ReferenceError(f"{name}: found generated: {marker[1]}, expected one of {', '.join(PARTS)}")
        return PARTS[marker[1]]()

    return _MARKER.sub(part, markdown)


def keys(schema: Mapping, root: Mapping, place: tuple[str, ...] = ()) -> Iterator[Key]:
    """Every key under a part of the schema, mappings before what they hold; SHARED parts are named and not entered."""
    required = schema.get("required", ())
    entries = [((*place, key), key in required, part) for key, part in schema.get("properties", {}).items()]
    entries += [((*place, NAME), True, part) for part in schema.get("patternProperties", {}).values()]
    for inner, needed, part in entries:
        shared = tuple(dict.fromkeys(_shared(part, root)))
        holds = "properties" in part or "patternProperties" in part
        origin = part.get("origin")
        kind = "a mapping" if holds or shared else expected(part, root)
        yield Key(inner, holds or bool(shared), kind, shared, not needed, origin, part.get("description", ""))
        if holds and not shared:
            yield from keys(part, root, inner)


def all_keys(root: Mapping) -> Iterator[tuple[str, Key]]:
    """(section, key) of the whole schema: the top keys' sections, then one for each part of SHARED."""
    for key in keys(root, root):
        yield key.place[0], key
    for name in SHARED:
        for key in keys(root["$defs"][name], root):
            yield name, key


def _shared(part: Any, root: Mapping) -> Iterator[str]:
    """Names in SHARED of what a part of the schema may be, through references and branches."""
    if isinstance(part, list):
        for each in part:
            yield from _shared(each, root)
    elif isinstance(part, Mapping):
        name = part.get("$ref", "").removeprefix("#/$defs/")
        if name in SHARED:
            yield name
        elif name:
            yield from _shared(root["$defs"][name], root)
        for keyword in ("allOf", "then", "else", "items"):
            yield from _shared(part.get(keyword), root)


def config_reference() -> str:
    """Every key of a config as Markdown: type, value in the default run, origin and meaning."""
    root = load_schema()
    run, overlay = (yaml.safe_load((ROOT / name).read_text(encoding="utf-8")) for name in ("config.yaml", OVERLAY))
    lines: list[str] = []
    section = None
    for name, key in all_keys(root):
        if name != section:
            section = name
            if name in SHARED:
                lines += ["", f"## {SHARED[name]} {{ #{name} }}", ""]
            else:
                lines += ["", f"## `{name}` {{ #{name} }}", "", _prose(key.description), ""]
        if name in SHARED or len(key.place) > 1:
            lines += _entry(name, key, _values(key, run, overlay) if name not in SHARED else [])
    return "\n".join(lines)


def _entry(section: str, key: Key, values: list[str]) -> list[str]:
    shown = ".".join(key.place)
    said = _OPTIONAL.match(key.description)
    description = key.description[said.end() :] if said else key.description
    facts = ["one of " if len(key.shared) > 1 else ""] if key.shared else [key.kind]
    if key.shared:
        facts[0] += ", ".join(f"[{SHARED[name].lower()}](#{name})" for name in key.shared)
    else:
        facts[0] = html.escape(facts[0], quote=False)
    if key.optional:
        words = (said["said"] or "").removeprefix(", ") if said else ""
        conditional = words.startswith(("with ", "for "))
        facts.append(f"optional, {words}" if conditional else f"optional, else {words}" if words else "optional")
    facts += values
    origin = f' <span class="origin {key.origin}">{ORIGINS[key.origin]}</span>' if key.origin else ""
    identity = "-".join([section, *(part.strip("<>") for part in key.place[0 if section in SHARED else 1 :])])
    return [
        f'<div class="key" id="{identity}" markdown>',
        "",
        f"`{shown}`{origin}",
        "{: .key-name }",
        "",
        " · ".join(facts),
        "{: .key-facts }",
        "",
        _prose(description[:1].upper() + description[1:] if said else description),
        "",
        "</div>",
        "",
    ]


def _prose(text: str) -> str:
    """A description as Markdown: a `<` outside code is a `<` and begins no tag."""
    parts = text.split("`")
    return "`".join(part if number % 2 else part.replace("<", "&lt;") for number, part in enumerate(parts))


def _values(key: Key, run: Mapping, overlay: Mapping) -> list[str]:
    """What the default run says for a key that holds a value, and what the paper's grid says if it differs."""
    if key.origin is None or NAME in key.place:
        return []
    default, other = _at(run, key.place), _at(overlay, key.place)
    found = [] if default is None else [f"default run: `{_short(default)}`"]
    if other is not None and other != default:
        found.append(f"paper's grid: `{_short(other)}`")
    return found


def _at(config: Any, place: tuple[str, ...]) -> Any:
    for key in place:
        if not isinstance(config, Mapping) or key not in config:
            return None
        config = config[key]
    return config


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def options_reference() -> str:
    """The options of every domain, rewriting and preference module that has any, as Markdown."""
    lines: list[str] = []
    for room, key in (("domains", "domains"), ("rewriting", "methods"), ("preferences", "methods")):
        for file in sorted((LIBRARY / room).glob("[a-z]*.py")):
            for name, option in module_options(file).items():
                lines += [
                    f'<div class="key" id="{room}-{file.stem}-{name}" markdown>',
                    "",
                    f"`{key}.<name>.options.{name}`",
                    "{: .key-name }",
                    "",
                    f"module `{room}/{file.stem}` · {html.escape(expected(option, {}), quote=False)} · default:"
                    f" `{_short(option['default'])}`",
                    "{: .key-facts }",
                    "",
                    option["description"][:1].upper() + option["description"][1:].rstrip(".") + ".",
                    "",
                    "</div>",
                    "",
                ]
    return "\n".join(lines)


def module_options(file: Path) -> dict[str, dict]:
    """OPTIONS of a plug-in module, read and not imported; {} without any. ReferenceError if they are no literal."""
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == "OPTIONS" for target in targets):
            try:
                return ast.literal_eval(node.value)
            except ValueError:
                raise ReferenceError(f"{file}: OPTIONS is computed, expected a literal") from None
    return {}


def columns() -> dict[str, list[Column]]:
    """The columns of every table that halt.frames declares: its own text is read, for the comments and without polars.

    ReferenceError for a column without a comment or of a type that has no name here.
    """
    file = LIBRARY / "frames.py"
    with file.open("rb") as source:
        comments = {
            token.start[0]: token.string.lstrip("# ")
            for token in tokenize.tokenize(source.readline)
            if token.type == tokenize.COMMENT
        }
    found: dict[str, list[Column]] = {}
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            table = node.targets[0].id
            if (read := _columns(table, node.value, comments, found)) is not None:
                found[table] = read
    return {name: table for name, table in found.items() if not name.startswith("_")}


def _columns(table: str, node: ast.expr, comments: Mapping, known: Mapping) -> list[Column] | None:
    """Columns of one assignment: a mapping, or one joined to a table that is known; None of anything else."""
    if isinstance(node, ast.BinOp) and isinstance(node.left, ast.Name):
        added = _columns(table, node.right, comments, known)
        return None if added is None or node.left.id not in known else known[node.left.id] + added
    if not isinstance(node, ast.Dict):
        return None
    read = []
    for key, value in zip(node.keys, node.values, strict=True):
        name, kind = ast.literal_eval(key), ast.unparse(value)
        if kind not in _TYPES or not comments.get(key.lineno):
            raise ReferenceError(f"frames.{table}: column '{name}' ({kind}) lacks a comment, or its type a name here")
        read.append(Column(name, _TYPES[kind], comments[key.lineno]))
    return read


def files_reference() -> str:
    """Every parquet table as Markdown: which files hold it, and its columns."""
    tables = columns()
    lines: list[str] = []
    for table, files in TABLES.items():
        lines += [f"### {table.title()}", "", "| file | what |", "|---|---|"]
        lines += [f"| {_path(path)} | {what} |" for path, what in files]
        lines += ["", "| column | type | meaning |", "|---|---|---|"]
        lines += [f"| `{one.name}` | {one.kind} | {_sentence(one.description)} |" for one in tables[table]]
        lines.append("")
    return "\n".join(lines)


def others_reference() -> str:
    """The files of the results that are no tables, as Markdown."""
    return "\n".join(["| file | what |", "|---|---|", *(f"| {_path(path)} | {what} |" for path, what in OTHER_FILES)])


def _path(template: str) -> str:
    """A path as code that a narrow screen may break after each slash."""
    return f"<code>{html.escape(template).replace('/', '/<wbr>')}</code>"


def _sentence(text: str) -> str:
    """A description as a sentence; an identifier at its head (n_all) stays as it is."""
    head = text[:1] if "_" in text.split(maxsplit=1)[0] else text[:1].upper()
    return head + text[1:].replace("|", "\\|").rstrip(".") + "."


PARTS: dict[str, Callable[[], str]] = {
    "config": config_reference,
    "options": options_reference,
    "files": files_reference,
    "other files": others_reference,
}
