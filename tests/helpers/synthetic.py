"""Made-up tables for the tests of metrics and report: two domains, every method, any number of seeds.

biography is independent with kinds of fragments, mathematics dependent without. HALT gives fewer fragments and more
right ones the lower its threshold is.
"""

import json

import numpy as np

from halt import frames

KINDS = {"nationality": 0.8, "occupation": 0.5, "birth year": 0.15, "death year": 0.1}
METHODS = {
    "base": {"rewrite": None, "threshold": False},
    "unchanged-reference": {"rewrite": "unchanged_reference", "threshold": False},
    "unchanged-own": {"rewrite": "unchanged_own", "threshold": False},
    "halt": {"rewrite": "halt", "threshold": True},
    "add-on": {"rewrite": "add_on", "threshold": True},
}
# method, threshold: chance to give a wrong fragment, chance to give a right one
GIVES = {
    ("base", "none"): (1.0, 1.0),
    ("unchanged-reference", "none"): (0.95, 1.0),
    ("unchanged-own", "none"): (1.0, 0.9),
    ("halt", "0.40"): (0.12, 0.6),
    ("halt", "0.60"): (0.25, 0.75),
    ("halt", "0.80"): (0.45, 0.9),
    ("add-on", "0.60"): (1.0, 0.95),
}
DOMAINS = {name: {"module": name, "judge": "reference"} for name in ("biography", "mathematics")}
JUDGES = {"judges/reference": {"type": "reference"}}
SETTINGS = {
    "score": {"bootstrap": 200, "seed": 0},
    "reading": {"unverifiable": "wrong"},
    "report": {"prompts": 3},
    "methods": METHODS,
    "domains": DOMAINS,
    **JUDGES,
}
NOTHING = dict.fromkeys(("idle", "unverifiable", "unjudged"), 0) | {"solved": None}  # columns of METRICS


def answer(method="halt", threshold="0.40", seed=0, domain="biography", model="tiny", id="p0", sample=0):
    """The columns that every table of answers has."""
    return {
        "model": model,
        "domain": domain,
        "method": method,
        "threshold": threshold,
        "seed": seed,
        "test_domain": domain,
        "id": id,
        "sample": sample,
    }


def judged(key, labels, facts=None, kinds=None, texts=None, marked=(), solved=None):
    """JUDGEMENTS rows of one answer; labels by first letter: r, w, i, ? (unverifiable), j (unjudged)."""
    names = {"r": "right", "w": "wrong", "i": "idle", "?": "unverifiable", "j": "unjudged"}
    return [
        {
            **key,
            "fragment": place,
            "text": texts[place] if texts else f"statement {place}",
            "marked": place in marked,
            "label": names[letter],
            "kind": kinds[place] if kinds else None,
            "fact": facts[place] if facts and letter == "r" else None,
            "solved": solved,
            "score": None,
        }
        for place, letter in enumerate(labels)
    ]


def response(key, text="text", finished=True):
    return {**key, "text": text, "tokens": 5, "finished": finished}


def row(id="p0", cluster=None, wanted=4, domain="biography", prompt="Who?", reference="A\nB"):
    """One DATA row."""
    return {
        "domain": domain,
        "split": "test",
        "id": id,
        "cluster": cluster or id,
        "prompt": prompt,
        "reference": reference,
        "reference_fragments": wanted,
        "truth": "{}",
    }


def data(*rows):
    return frames.build(rows, frames.DATA)


def responses(*rows):
    return frames.build(rows, frames.RESPONSES)


def judgements(*rows):
    return frames.build(rows, frames.JUDGEMENTS)


def write(folder, prompts=40, seeds=(0,), domains=("biography", "mathematics"), model="tiny"):
    """A whole run's tables under `folder`; returns {name: [paths]} for data, responses, judgements, training, tested.

    training: judged samples of training prompts; tested: judged samples of the test prompts (capability).
    """
    paths = {name: [] for name in ("data", "responses", "judgements", "training", "tested")}

    def put(name, table, schema, *where):
        path = folder.joinpath(name, *where).with_suffix(".parquet")
        frames.write(table, path, schema)
        paths[name].append(path)

    for domain in domains:
        ids = [f"{domain}-{place}" for place in range(prompts)]
        rows = [row(id, f"{domain}-cluster-{place // 2}", domain=domain) for place, id in enumerate(ids)]
        put("data", data(*rows), frames.DATA, domain)
        for name in ("training", "tested"):
            samples = [
                line
                for id in ids
                for sample in range(5)
                for line in _answered(answer("samples", "none", 0, domain, model, id, sample), 1.0, 1.0)[1]
            ]
            put(name, judgements(*samples), frames.JUDGEMENTS, domain)
        for (method, threshold), gives in GIVES.items():
            for seed in seeds:
                answers = [_answered(answer(method, threshold, seed, domain, model, id), *gives) for id in ids]
                where = (domain, method, threshold.replace(".", "-"), str(seed))
                put("responses", responses(*(made for made, _ in answers)), frames.RESPONSES, *where)
                lines = [line for _, found in answers for line in found]
                put("judgements", judgements(*lines), frames.JUDGEMENTS, *where)
    return paths


def _answered(key, wrong, right):
    """One answer: what the model knows depends on the prompt, what it gives on the method."""
    known = np.random.default_rng([17, *key["id"].encode()]).random(4)
    luck = np.random.default_rng([key["seed"] * 10 + key["sample"], *json.dumps(key).encode()]).random((4, 2))
    labels = []
    for place, (kind, share) in enumerate(KINDS.items()):
        is_right = known[place] * 0.7 + luck[place, 0] * 0.3 < share
        if key["domain"] == "mathematics" and (not is_right or "wrong" in [label for label, _, _ in labels]):
            is_right = False
        if luck[place, 1] < (right if is_right else wrong):
            labels.append(("right" if is_right else "wrong", kind, place))
    lines = [
        line
        for number, (label, kind, place) in enumerate(labels)
        for line in judged(
            key,
            label[0],
            facts=[f"{kind} {place}"],
            kinds=[kind if key["domain"] == "biography" else None],
            texts=[f"{kind}: <value> & {place}"],
            marked=(0,)
            if key["method"] == "add-on" and "wrong" in [each for each, _, _ in labels[: number + 1]]
            else (),
        )
        for line in [{**line, "fragment": number}]
    ]
    text = "\n".join(line["text"] for line in lines) or "Unsure from here"
    return response(key, text), lines


def one(table):
    """The only row of a table as a mapping."""
    [found] = table.iter_rows(named=True)
    return found


def shuffled(table, seed=0):
    return table.sample(fraction=1.0, shuffle=True, seed=seed) if table.height else table
