"""What the tests of trainings train."""

import pytest
from trainings import finetune
from transformers import AutoTokenizer


@pytest.fixture(scope="session")
def model(random_tiny):
    """Its answers depend on its prompts: what is asked, and behind what, shows in p(True)."""
    return random_tiny


@pytest.fixture(scope="session")
def tokenizer(model):
    return AutoTokenizer.from_pretrained(model)


@pytest.fixture(scope="session")
def finetuned(model, tmp_path_factory):
    """An adapter to go on from."""
    return finetune(model, tmp_path_factory.mktemp("finetuned"), dtype="float32")
