"""What a run needs of its machine is told before the first job, by the key that names it."""

import os

import pytest

from halt import paths
from halt.config import ConfigError, readiness

SECRET = "key-of-the-endpoint"
CONFIG = {
    "experiment": {"domains": ["facts", "tales"]},
    "models": {
        "mine": {"source": {"type": "path", "path": "models/mine"}},
        "packaged": {"source": {"type": "package", "packages": ["mine==1.0"]}},
    },
    "domains": {
        "facts": {"judge": "api", "source": {"type": "path", "path": "facts.tsv"}},
        "tales": {
            "judge": "reference",
            "source": [{"type": "hub", "repository": "a/b"}, {"type": "path", "path": "tales"}],
        },
        "unused": {"judge": "open", "source": {"type": "path", "path": "unused.tsv"}},
    },
    "judges": {
        "api": {"type": "llm", "api_key_variable": "API_KEY"},
        "open": {"type": "llm", "api_key_variable": None},
        "reference": {"type": "reference"},
    },
}


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_missing_files_of_the_experiment_s_domains_are_named_by_their_keys(project):
    with pytest.raises(ConfigError) as refused:
        readiness.check_sources(CONFIG)
    assert str(refused.value).splitlines() == [
        "domains.facts.source.path: found 'facts.tsv', expected an existing file or folder",
        "domains.tales.source[1].path: found 'tales', expected an existing file or folder",
    ]
    (project / "facts.tsv").touch()
    (project / "tales").mkdir()
    readiness.check_sources(CONFIG)


def test_rows_that_were_brought_need_their_files_no_more(project):
    for domain in ("facts", "tales"):
        manifest = project / paths.SOURCE.format(domain=domain)
        manifest.parent.mkdir(parents=True)
        manifest.touch()
    readiness.check_sources(CONFIG)


def test_a_model_that_is_to_be_fetched_is_there(project):
    with pytest.raises(ConfigError) as refused:
        readiness.check_start(CONFIG, {"packaged", "mine"}, set(), set(), {})
    line = "models.mine.source.path: found 'models/mine', expected an existing model folder"
    assert str(refused.value) == line
    readiness.check_start(CONFIG, {"packaged"}, set(), set(), {})
    (project / "models/mine").mkdir(parents=True)
    readiness.check_start(CONFIG, {"packaged", "mine"}, set(), set(), {})


@pytest.mark.parametrize("environment", [{}, {"API_KEY": ""}, {"OTHER": SECRET}])
def test_a_judge_that_is_to_be_asked_has_its_key(environment):
    with pytest.raises(ConfigError) as refused:
        readiness.check_start(CONFIG, set(), {"facts", "tales", "unused"}, set(), environment)
    assert str(refused.value) == (
        "judges.api.api_key_variable: the environment variable API_KEY is not set,"
        " expected the key of its endpoint in it"
    )
    readiness.check_start(CONFIG, set(), {"tales", "unused"}, set(), environment)
    readiness.check_start(CONFIG, set(), {"facts"}, set(), environment | {"API_KEY": SECRET})


def test_an_extractor_that_is_to_be_asked_has_its_key():
    config = CONFIG | {
        "domains": CONFIG["domains"] | {"facts": CONFIG["domains"]["facts"] | {"extractor": "reader"}},
        "extractors": {"reader": {"engine": "openai", "endpoint": "https://x.example/v1", "api_key_variable": "READ"}},
    }
    with pytest.raises(
        ConfigError, match=r"^extractors\.reader\.api_key_variable: the environment variable READ is not"
    ):
        readiness.check_start(config, set(), set(), {"facts"}, {})
    readiness.check_start(config, set(), set(), set(), {})
    readiness.check_start(config, set(), set(), {"facts"}, {"READ": SECRET})


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_a_server_of_this_machine_needs_no_key(host):
    judges = {"api": CONFIG["judges"]["api"] | {"endpoint": f"http://{host}:8000/v1"}}
    readiness.check_start(CONFIG | {"judges": CONFIG["judges"] | judges}, set(), {"facts"}, set(), {})


def test_a_pipe_is_no_file_that_is_there(project):
    os.mkfifo(project / "facts.tsv")
    with pytest.raises(
        ConfigError, match=r"domains\.facts\.source\.path: found 'facts\.tsv', expected an existing file or folder"
    ):
        readiness.check_sources(CONFIG)
