"""Serve an evaluator model on this machine until told to stop: a service of the workflow."""

import argparse
import os
import secrets
import shutil
import sys

from halt import cli, errors


def parser() -> argparse.ArgumentParser:
    arguments = cli.parser(
        __doc__,
        "model settings",
        settings="judges/<j> or extractors/<e>, and models/<m>",
        files={"address": "file that says where the server answers"},
    )
    arguments.add_argument("--gpus", type=int, required=True, help="GPUs that the model is spread over (vllm)")
    arguments.add_argument("--threads", type=int, required=True, help="threads of a server on the CPU")
    arguments.add_argument("--log", required=True, help="this program's log, named in the message if the server fails")
    return arguments


def main(args: argparse.Namespace) -> None:
    from halt.engines import precision, serving

    if not args.gpus:
        os.environ["CUDA_VISIBLE_DEVICES"] = ""  # as launch.sh does
    [server] = [entry["server"] for key, entry in args.settings.items() if key.startswith(("judges/", "extractors/"))]
    [dtype] = [entry["dtype"] for key, entry in args.settings.items() if key.startswith("models/")]
    if shutil.which(server) is None:
        raise serving.ServingError(f"the server '{server}' is not installed: no such command was found")
    kept, port = serving.reserve_port()
    key = secrets.token_urlsafe(32) if server == "vllm" else None  # transformers takes no key
    environment = {
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_CACHE": str(args.address.parent.resolve()),  # must exist: `transformers serve` lists it
        "TOKENIZERS_PARALLELISM": "false",
        "OMP_NUM_THREADS": str(args.threads),
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_CPU_OMP_THREADS_BIND": os.environ.get("VLLM_CPU_OMP_THREADS_BIND", "nobind"),
        **({"VLLM_API_KEY": key} if key else {}),
    }
    command = serving.command(server, args.model.parent, precision.computed_in(dtype), port, args.gpus)
    print(f"[halt] {' '.join(command)}", flush=True)
    address = serving.Address(f"http://{serving.HOST}:{port}/v1", key, args.log)
    address.write(args.address)
    with kept:
        status = serving.hold(command, environment, address, args.address)
    sys.exit(status)


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
