"""conda-forge's names of PyPI packages."""

CONDA_NAMES = {  # where they are not PyPI's in lower case with hyphens
    "huggingface-hub": "huggingface_hub",
    "matplotlib": "matplotlib-base",
    "torch": "pytorch",
    "typing-extensions": "typing_extensions",
    "tzdata": "python-tzdata",
    "xxhash": "python-xxhash",
}
PYPI_NAMES = {conda: pypi for pypi, conda in CONDA_NAMES.items()}
