"""HALT: capability-aligned finetuning (arXiv 2506.04051), the library behind the workflow."""
