"""Does this machine have what a sound config names: files of sources, keys of judges?"""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path

from halt import paths
from halt.config import ConfigError
from halt.config.messages import show
from halt.engines import asked
from halt.inputs import sources


def check_sources(config: Mapping) -> None:
    """ConfigError if a domain of the experiment needs a file that is missing and was not fetched before."""
    _refuse(_missing_sources(config))


def check_start(
    config: Mapping,
    models: Collection[str],
    judged: Collection[str],
    extracted: Collection[str],
    environment: Mapping[str, str],
) -> None:
    """ConfigError if a run would fail at one of the models that it fetches, or has no key for an endpoint.

    judged, extracted: domains in which the run judges, and takes claims.
    """
    askers = {("judges", config["domains"][domain]["judge"]) for domain in judged}
    askers |= {("extractors", config["domains"][domain]["extractor"]) for domain in extracted}
    _refuse(chain(_missing_models(config, models), _missing_keys(config, askers, environment)))


def _refuse(lines: Iterable[str]) -> None:
    if told := list(lines):
        raise ConfigError("\n".join(told))


def _missing_sources(config: Mapping) -> Iterator[str]:
    for domain in config["experiment"]["domains"]:
        if Path(paths.SOURCE.format(domain=domain)).is_file():
            continue
        source = config["domains"][domain]["source"]
        several = source if isinstance(source, list) else [source]
        for number, one in enumerate(several):
            if one["type"] == "path" and sources.lacks(Path(one["path"])):
                place = f"domains.{domain}.source" + (f"[{number}]" if several is source else "")
                yield f"{place}.path: found {show(one['path'])}, expected an existing file or folder"


def _missing_models(config: Mapping, models: Collection[str]) -> Iterator[str]:
    for model in sorted(models):
        source = config["models"][model]["source"]
        if source["type"] == "path" and not os.path.isdir(source["path"]):
            yield f"models.{model}.source.path: found {show(source['path'])}, expected an existing model folder"


def _missing_keys(
    config: Mapping, askers: Collection[tuple[str, str]], environment: Mapping[str, str]
) -> Iterator[str]:
    for registry, name in sorted(askers):
        entry = config[registry][name]
        variable = entry.get("api_key_variable")
        if variable is not None and not environment.get(variable) and not asked.is_local(entry.get("endpoint", "")):
            yield (
                f"{registry}.{name}.api_key_variable: the environment variable {variable} is not set,"
                " expected the key of its endpoint in it"
            )
