"""Changes the interpreter for those who come after it."""

import builtins
import json
import os
import sys

builtins.repr = lambda value: "42"
json.dumps = lambda *values, **options: "{}"
os.write = lambda number, data: len(data)
sys.modules["math"] = None
sys.setrecursionlimit(50)
