"""What the schema cannot say: one key of the config against another."""

from halt.config.crosschecks.registries import ALL
