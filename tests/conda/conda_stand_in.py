"""A stand-in for the `conda` command, on py-rattler: what Snakemake 9 calls and nothing else.

Not conda. But solving, linking and the environment's layout are real, done by the rattler library from a real channel.
CONDA_CHANNEL_ALIAS says where channel names are looked up, as it does for conda.
"""

import argparse
import asyncio
import hashlib
import json
import os
import re
import sys
import urllib.parse
from collections.abc import Sequence
from pathlib import Path

import yaml
from rattler import Channel, ChannelConfig, Platform, RepoDataRecord, VirtualPackage, install, solve

ROOT = Path(__file__).resolve().parent
PLATFORM = str(Platform.current())


def main(argv: Sequence[str]) -> None:
    match argv:
        case ["--version"]:
            print("conda 24.11.1")  # Snakemake asks for 24.7.1 at least
        case ["info", "--json"]:
            print(json.dumps({"conda_prefix": str(ROOT), "platform": PLATFORM}))
        case ["config", "--get", "channel_priority", "--json"]:
            print(json.dumps({"get": {"channel_priority": "strict"}}))
        case ["env", "create", *rest]:
            args = _parser("conda env create").parse_args(rest)
            spec = yaml.safe_load(args.file.read_text())
            asyncio.run(_create(args.prefix, spec["channels"], spec["dependencies"]))
        case ["create", *rest]:
            args = _parser("conda create").parse_args(rest)
            lines = [line.partition(" #")[0].strip() for line in args.file.read_text().splitlines()]
            lines = [line for line in lines if line and not line.startswith("#")]
            if lines[0] == "@EXPLICIT":
                asyncio.run(_create_explicit(args.prefix, lines[1:]))
            else:
                pairs = [line.split("::") for line in lines]
                asyncio.run(
                    _create(
                        args.prefix, dict.fromkeys(channel for channel, _ in pairs), [_exact(spec) for _, spec in pairs]
                    )
                )
        case ["clean", "-y", "--tarballs", *_]:
            pass  # rattler keeps none
        case _:
            sys.exit(f"this stand-in for conda does not know: {' '.join(argv)}")


def _parser(program: str) -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(program)
    arguments.add_argument("--quiet", action="store_true")
    arguments.add_argument("--yes", action="store_true")
    arguments.add_argument("--no-default-packages", action="store_true")
    arguments.add_argument("--file", type=Path, required=True)
    arguments.add_argument("--prefix", required=True)
    return arguments


def _exact(line: str) -> str:
    """As conda reads a line of a file: name=1.0 means exactly 1.0, not 1.0.*"""
    return re.sub(r"^([^=]+)=([^=*]+)$", r"\1 ==\2", line)


async def _create(prefix: str, channels: Sequence[str], specs: Sequence[str]) -> None:
    config = ChannelConfig(channel_alias=os.environ["CONDA_CHANNEL_ALIAS"])
    records = await solve(
        [Channel(name, config) for name in channels],
        specs,
        platforms=[PLATFORM, "noarch"],
        virtual_packages=VirtualPackage.detect(),
    )
    await install(records, target_prefix=prefix, show_progress=False)


async def _create_explicit(prefix: str, lines: Sequence[str]) -> None:
    records = []
    for line in lines:
        url, _, md5 = line.partition("#")
        where = urllib.parse.urlsplit(url)
        if where.scheme != "file":
            sys.exit(f"this stand-in for conda reads file:// packages alone, found {url}")
        package = Path(urllib.parse.unquote(where.path))
        if hashlib.md5(package.read_bytes()).hexdigest() != md5:
            sys.exit(f"{url}: its md5 is not {md5}")
        records.append(await RepoDataRecord.from_package_archive(package))
    await install(records, target_prefix=prefix, show_progress=False)


if __name__ == "__main__":
    main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(0)  # rattler's threads may still ask for the interpreter while it ends, which aborts it
