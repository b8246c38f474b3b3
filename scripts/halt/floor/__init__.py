"""The best constant answer of a domain: what any score has to beat."""

from halt.floor.best import ROWS, Floor, constant, text
