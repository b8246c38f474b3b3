"""The config of a run: read, checked and cut into the parts that each rule depends on."""

from halt.config.files import ConfigError, check_keys, defaults, merged, read
from halt.config.reading import SCHEMA, check, has, load_schema, settings, telling, validate
