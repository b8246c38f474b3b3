"""What the schema cannot check: one key of the config against another."""

from halt.config.crosschecks.registries import ALL
