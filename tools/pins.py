"""Solve envs/*.yaml against their channels and write the pin files that Snakemake installs instead.

Explicit pins (package URLs with checksums) are for the sites that run; make them where the channels can be reached.
--versions writes versions alone, for a later solve elsewhere. Needs an environment of requirements-conda.txt.
"""

import argparse
import asyncio
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from halt import errors

if TYPE_CHECKING:
    from rattler import RepoDataRecord

ROOT = Path(__file__).resolve().parents[1]
PLATFORM = "linux-64"
MACHINE = {
    "__unix": "0",
    "__linux": "4.18",
    "__glibc": "2.28",
    "__archspec": "1=x86_64",
}  # every cluster has at least this


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("environments", nargs="*", type=Path, help="default: envs/*.yaml")
    arguments.add_argument("--cuda", metavar="VERSION", help="solve for GPUs whose driver has this CUDA; default: none")
    arguments.add_argument("--versions", action="store_true", help="name=version without URLs and checksums")
    arguments.add_argument(
        "--channels", default="https://conda.anaconda.org/", metavar="URL", help="where channel names are looked up"
    )
    arguments.add_argument("--into", type=Path, help="folder of the pin files; default: beside each environment")
    return arguments


def main(args: argparse.Namespace) -> None:
    machine = MACHINE | ({"__cuda": args.cuda} if args.cuda else {})
    for environment in args.environments or sorted((ROOT / "envs").glob("*.yaml")):
        records = asyncio.run(_solve(environment, args.channels, machine))
        lines = _versions(records) if args.versions else _explicit(records)
        pins = (args.into or environment.parent) / f"{environment.stem}.{PLATFORM}.pin.txt"
        temporary = pins.with_name(f".{pins.name}.new")
        temporary.write_text("\n".join(lines) + "\n")
        os.replace(temporary, pins)
        print(f"{pins}: {len(records)} packages solved")


async def _solve(environment: Path, alias: str, machine: dict[str, str]) -> "list[RepoDataRecord]":
    import yaml
    from rattler import BuildString, Channel, ChannelConfig, GenericVirtualPackage, PackageName, Version, solve
    from rattler.exceptions import GatewayError, SolverError

    spec = yaml.safe_load(environment.read_text())
    config = ChannelConfig(channel_alias=alias)
    virtual = []
    for name, version in machine.items():
        number, _, build = version.partition("=")
        virtual.append(GenericVirtualPackage(PackageName(name), Version(number), BuildString(build or "0")))
    try:
        records = await solve(
            [Channel(name, config) for name in spec["channels"]],
            spec["dependencies"],
            platforms=[PLATFORM, "noarch"],
            virtual_packages=virtual,
        )
    except (GatewayError, SolverError) as error:
        raise errors.HaltError(f"{environment}: {error}") from error
    return sorted(records, key=lambda record: record.name.normalized)


def _explicit(records: "Sequence[RepoDataRecord]") -> list[str]:
    lines = (f"{record.url}#{record.md5.hex()}" for record in records)
    return [f"# platform: {PLATFORM}", "@EXPLICIT", *lines]


def _versions(records: "Sequence[RepoDataRecord]") -> list[str]:
    lines = ["# The versions that were tested. `make pins` puts packages with checksums in their place."]
    for record in records:
        name, version = record.name.normalized, str(record.version)
        channel = re.search(r"[^/]+(?=/?$)", str(record.channel))[0]
        if name == "python":  # channels differ in patch releases
            version = ".".join(version.split(".")[:2]) + ".*"
        lines.append(f"{channel}::{name}={version}")
    return lines


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
