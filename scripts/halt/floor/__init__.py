"""The best constant answer of a domain: any score must be above it to mean something."""

from halt.floor.best import ROWS, Floor, constant, text
