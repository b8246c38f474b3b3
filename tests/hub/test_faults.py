"""What goes wrong at the hub ends in one line that says what to do, and nothing altered is kept. By its real client.

docs/your-data.md has a table of them.
"""

import json
import os
import re
import socket
import time

import huggingface_hub
import local_hub
import pytest
from huggingface_hub import constants
from local_hub import Faults, Repository
from runs import ROOT, finish

from halt.inputs import fetching
from halt.inputs.fetching import FetchError

COMMIT = "a1" * 20
NAMES = ["config.json", "model.safetensors"]
WEIGHTS = bytes(range(256)) * 2000
DATA = Repository(COMMIT, {"train.jsonl": b'{"a": 1}\n' * 50})
MODEL = Repository(COMMIT, {"config.json": b'{"model_type": "llama"}\n', "model.safetensors": WEIGHTS})
PAGE = "https://huggingface.co/acme/model"


@pytest.fixture(scope="module")
def server():
    with local_hub.serve({"acme/rows": DATA}, {"acme/model": MODEL}) as hub:
        yield hub


@pytest.fixture
def hub(server, monkeypatch, tmp_path):
    """The hub without faults; its client asks it without a token, keeps nothing elsewhere, and does not wait."""
    server.faults = Faults()
    server.asked.clear()
    monkeypatch.setattr(constants, "ENDPOINT", server.endpoint)
    monkeypatch.setattr(
        constants, "HUGGINGFACE_CO_URL_TEMPLATE", server.endpoint + "/{repo_id}/resolve/{revision}/{filename}"
    )
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return server


def fetch(folder, names=NAMES, repository="acme/model", kind="model", revision=COMMIT):
    return fetching.fetch_hub(repository, revision, names, folder, kind)[0]


def refused(folder, *arguments, **named):
    with pytest.raises(FetchError) as fault:
        fetch(folder, *arguments, **named)
    assert "\n" not in str(fault.value)
    return str(fault.value)


ANSWERS = [
    (Faults(gated=True), "", {}, f"gated: accept the license at {PAGE} and `hf auth login`"),
    (
        Faults(gated=True),
        "",
        {"repository": "acme/rows", "kind": "dataset", "names": ["train.jsonl"]},
        "gated: accept the license at https://huggingface.co/datasets/acme/rows and `hf auth login`",
    ),
    (
        Faults(gated=True),
        local_hub.STRANGER,
        {},
        f"gated, and your account is not let in: accept the license at {PAGE} or wait for the owner's consent",
    ),
    (
        Faults(),
        local_hub.UNKNOWN,
        {},
        "the hub does not know your token: make one at https://huggingface.co/settings/tokens and `hf auth login`",
    ),
    (
        Faults(),
        local_hub.NARROW,
        {},
        "your token may not read it: let it read gated repositories at https://huggingface.co/settings/tokens",
    ),
    (
        Faults(),
        "",
        {"repository": "acme/other"},
        "no such model: look at `repository` and https://huggingface.co/acme/other; if it is private, `hf auth login`",
    ),
    (
        Faults(),
        "",
        {"revision": "b2" * 20},
        f"no commit {'b2' * 20}: copy the 40 digits of one from {PAGE}/commits/main",
    ),
    (Faults(), "", {"names": ["absent.json"]}, f"no such file at this commit: look at {PAGE}/tree/{COMMIT}"),
    (
        Faults(status=429),
        "",
        {},
        "too many requests (429): start again in five minutes; `hf auth login` allows more",
    ),
    (
        Faults(status=429, headers={"RateLimit": '"resolvers";r=0;t=87'}),
        "",
        {},
        "too many requests (429): start again in 87 s; `hf auth login` allows more",
    ),
    (Faults(status=503), "", {}, "the hub is in trouble (status 503): start again later; what is there is kept"),
    (Faults(status=404), "", {}, "127.0.0.1 answers 404, as no hub does: look at HF_ENDPOINT"),
    (
        Faults(cut=1000),
        "",
        {"names": ["model.safetensors"]},
        "the connection to 127.0.0.1 broke again and again: start again; files that are whole are kept",
    ),
    (
        Faults(cut=1000, reset=True),
        "",
        {"names": ["model.safetensors"]},
        "the connection to 127.0.0.1 broke again and again: start again; files that are whole are kept",
    ),
]


@pytest.mark.parametrize(("faults", "token", "asked", "said"), ANSWERS)
def test_what_the_hub_answers_is_one_line_that_says_what_to_do(hub, monkeypatch, tmp_path, faults, token, asked, said):
    hub.faults = faults
    if token:
        monkeypatch.setenv("HF_TOKEN", token)
    line = refused(tmp_path, **asked)
    repository = f"{asked.get('repository', 'acme/model')}@{asked.get('revision', COMMIT)[:8]}"
    assert line == f"{repository}: could not fetch {asked.get('names', NAMES)[0]}: {said}"
    assert not token or token not in line
    assert any(request.token for request in hub.asked) is bool(token)


def nobody_listens():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


UNREACHED = [
    (
        "http://name:secret@hub.invalid",
        "found no address of hub.invalid: no internet or no DNS here; fetch where it is (docs/cluster.md)",
    ),
    (
        nobody_listens(),
        "no connection to 127.0.0.1: look at the internet, at HTTPS_PROXY and HF_ENDPOINT",
    ),
    ("huggingface.co", "HF_ENDPOINT is no address, expected one like https://huggingface.co"),
]


@pytest.mark.parametrize(("endpoint", "said"), UNREACHED, ids=["no DNS", "nobody listens", "no address"])
def test_a_hub_that_is_not_reached_is_one_line(hub, monkeypatch, tmp_path, endpoint, said):
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", endpoint + "/{repo_id}/resolve/{revision}/{filename}")
    assert refused(tmp_path).endswith(f"could not fetch config.json: {said}")


def test_a_program_without_dns_ends_in_one_line(tmp_path):
    settings = {"models/x": {"source": {"type": "hub", "repository": "a/b", "revision": COMMIT, "files": NAMES}}}
    settings["models/x"]["dtype"] = "float32"
    command = ["python", "scripts/fetch_model.py", "--settings", json.dumps(settings)]
    command += ["--manifest", str(tmp_path / "x/manifest.json")]
    done = finish(command, ROOT, HF_ENDPOINT="http://hub.invalid", HF_HOME=str(tmp_path), HF_HUB_OFFLINE="0")
    assert done.returncode == 1
    assert re.fullmatch(
        r"fetch_model: a/b@a1a1a1a1: could not fetch config\.json: found no address of .*\n", done.stdout
    )


OFFLINE = "HF_HUB_OFFLINE forbids it to ask the hub: unset that variable and start again"


def test_a_hub_that_must_not_be_asked_is_one_line(hub, monkeypatch, tmp_path):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert refused(tmp_path).endswith(OFFLINE)


DISK = [
    (28, "the disk is full: make room and start again; files that are whole are kept"),
    (13, "cannot be written (Permission denied)"),
]


@pytest.mark.parametrize(("number", "said"), DISK)
def test_a_disk_that_takes_nothing_is_one_line(hub, monkeypatch, tmp_path, number, said):
    def full(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", full)
    assert refused(tmp_path).endswith(said)


ALTERED = (
    r"was altered on the way, its checksum is \w{12} and the hub says \w{12}: it is removed, start again; if it"
    " comes so again, look at your proxy"
)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])  # git's blob id, sha256
def test_bytes_that_were_altered_on_the_way_are_not_kept(hub, tmp_path, name):
    hub.faults = Faults(altered=True)
    line = refused(tmp_path, [name])
    assert re.fullmatch(rf"acme/model@a1a1a1a1: {re.escape(name)} {ALTERED}", line)
    assert not (tmp_path / name).exists()
    hub.faults = Faults()
    assert fetch(tmp_path, [name])[0].read_bytes() == MODEL.files[name]


def test_a_file_that_was_altered_on_the_disk_is_not_taken_for_the_hub_s(hub, tmp_path):
    [weights] = fetch(tmp_path, ["model.safetensors"])
    weights.write_bytes(WEIGHTS[:-1] + b"x")
    assert "model.safetensors was altered" in refused(tmp_path, ["model.safetensors"])
    assert fetch(tmp_path, ["model.safetensors"])[0].read_bytes() == WEIGHTS


def test_another_commit_than_the_one_asked_for_is_refused_before_anything_is_taken(hub, tmp_path):
    hub.faults = Faults(commit="c3" * 20)
    assert refused(tmp_path) == f"acme/model: the hub resolved {COMMIT} to {'c3' * 20}"
    assert {request.method for request in hub.asked} == {"HEAD"}


UNCHECKED = "comes without a checksum, expected the hub's: look at HF_ENDPOINT"


def test_a_file_without_a_checksum_is_refused(hub, tmp_path):
    hub.faults = Faults(etag='"v1"')
    assert refused(tmp_path, ["config.json"]) == f"acme/model@a1a1a1a1: config.json {UNCHECKED}"


def test_weights_come_from_where_the_hub_sends_to_and_the_token_does_not_go_there(hub, monkeypatch, tmp_path):
    hub.faults = Faults(gated=True)
    monkeypatch.setenv("HF_TOKEN", "hf_good")
    assert fetch(tmp_path)[1].read_bytes() == WEIGHTS
    given = [request for request in hub.asked if request.method == "GET"]
    assert [request.path.partition("/")[2][:4] for request in given] == ["acme", "lfs/"]


@pytest.mark.parametrize("reset", [False, True])
def test_a_download_that_was_cut_is_finished(hub, tmp_path, reset):
    hub.faults = Faults(cut=100_000, times=2, reset=reset)
    assert fetch(tmp_path, ["model.safetensors"])[0].read_bytes() == WEIGHTS


def test_a_download_that_was_cut_goes_on_at_the_byte(hub, monkeypatch, tmp_path):
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 1000)
    hub.faults = Faults(cut=100_000, times=1)
    fetch(tmp_path, ["model.safetensors"])
    assert [request.range for request in hub.asked if request.method == "GET"] == ["", "bytes=100000-"]


def test_a_server_in_trouble_gets_time(hub, tmp_path):
    hub.faults = Faults(status=502, times=2)
    assert fetch(tmp_path, ["config.json"])[0].read_bytes() == MODEL.files["config.json"]


def test_started_again_only_what_is_missing_is_fetched(hub, tmp_path):
    hub.faults = Faults(cut=1000)
    refused(tmp_path)
    left = tmp_path / ".cache/huggingface/download/half.1234.incomplete"
    left.write_bytes(b"of a killed job")
    hub.faults = Faults()
    hub.asked.clear()
    fetch(tmp_path)
    assert [request.path.rpartition("/")[2] for request in hub.asked if request.method == "GET"] == [
        "model.safetensors"
    ]
    assert not left.exists()


def _general(line):
    """A line of a test as the table has it."""
    line = re.sub(r"https://huggingface\.co/(datasets/)?acme/\w+", "PAGE", line)
    line = re.sub(r"\b[0-9a-f]{40}\b", "COMMIT", line)
    line = re.sub(r"\b127\.0\.0\.1\b|\bhub\.invalid\b", "HOST", line)
    line = re.sub(r"again in (87 s|five minutes)", "again in TIME", line)
    return line.replace(r"\w{12}", "...").replace("such model", "such KIND").replace("Permission denied", "...")


def test_the_table_of_the_docs_has_every_line():
    rows = (ROOT / "docs/your-data.md").read_text().partition("## If the hub gives nothing")[2].partition("\n## ")[0]
    told = [line.split(" | ")[1].removesuffix(" |") for line in rows.splitlines() if line.startswith("| ")][1:]
    tested = [*(case[-1] for case in [*ANSWERS, *UNREACHED, *DISK]), OFFLINE, ALTERED, UNCHECKED]
    tested.append(f"the hub resolved {COMMIT} to {'c3' * 20}")
    assert {line.strip("`") for line in told} == {_general(line).replace("`", "'") for line in tested}
