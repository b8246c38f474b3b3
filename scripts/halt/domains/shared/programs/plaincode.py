"""What Python code can do, read from its syntax: may it run beside a reference, and does a line do nothing?

A beginning of an answer is completed with the reference's own lines and run. Code that looks at its own process
(frames, modules, attributes in double underscores, code made from text) could read those lines and be taken for right.
So only a beginning without any of that is completed. This is a list of refused things, not a proof. What it lets
through still runs in the sandbox, where no expected result is. An answer that is not plain is right if it passes by
itself.
"""

import ast
import functools
import importlib
import string
import sys
from collections.abc import Collection, Sequence
from types import ModuleType

from halt.domains.shared.programs import codeparts

_NAMES = (
    "exec eval compile open globals locals vars dir breakpoint help getattr setattr delattr memoryview attrgetter "
    "methodcaller"
)
_ATTRIBUTES = (
    "modules settrace setprofile exc_info meta_path path_hooks excepthook displayhook format_map mro call_tracing "
    "intern addaudithook set_trace getsource currentframe subclasses "
    # in allowed modules: names that read attributes by name, or run a text
    "Formatter get_field get_value vformat get_type_hints ForwardRef evaluate_forward_ref make_dataclass "
    "update_wrapper wraps singledispatch singledispatchmethod"
)
_REFUSED = frozenset(_NAMES.split())  # as names, and as attributes
_REFUSED_ATTRIBUTES = _REFUSED | frozenset(_ATTRIBUTES.split())
_FRAMES = ("gi_", "cr_", "ag_", "f_", "tb_", "co_", "func_")  # attributes that lead to running frames
# Modules that an answer may import. Their attributes that are modules too (`typing.sys`) are refused.
_IMPORTED = (
    "abc array bisect calendar cmath collections copy dataclasses datetime decimal enum fractions functools heapq "
    "itertools json math more_itertools numbers operator queue random re statistics string sys textwrap time typing "
    "unicodedata uuid"
)
_MODULES = frozenset(_IMPORTED.split())
_SYS = "stdin stdout stderr argv maxsize setrecursionlimit exit float_info maxunicode version_info"
_OF_SYS = frozenset(_SYS.split())
# Module names that are also methods of ordinary values, or common import names.
_METHODS = "copy random time datetime bisect string queue array decimal select code statistics"
_ALSO_METHODS = frozenset(_METHODS.split())
_COMPOUND = (
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.If, ast.For, ast.AsyncFor, ast.While, ast.With),
    *(ast.AsyncWith, ast.Try, ast.TryStar, ast.Match),
)
_DEFINED = frozenset({"__init__", "__name__", "__main__", "__len__", "__doc__"})


def is_plain(tree: ast.AST) -> bool:
    """Whether a program uses nothing that could look at itself or at what runs it."""
    return all(_node_is_plain(node) for node in ast.walk(tree)) and not _uses_type(tree)


def _node_is_plain(node: ast.AST) -> bool:
    match node:
        case ast.Name(id=name):
            return name not in _REFUSED and not _is_special(name)
        case ast.Attribute():
            return _attribute_is_plain(node)
        case ast.Import(names=names):
            return all(alias.name in _MODULES and not (alias.name == "sys" and alias.asname) for alias in names)
        case ast.ImportFrom(module="sys", names=names, level=0):
            return all(alias.name in _OF_SYS for alias in names)
        case ast.ImportFrom(module=module, names=names, level=level):
            return not level and module in _MODULES and all(_import_is_plain(alias.name) for alias in names)
        case ast.MatchClass(kwd_attrs=names):  # reads attributes
            return all(_attribute_name_is_plain(name) for name in names)
        case ast.Constant(value=str() as text):
            return "__" not in text or text == "__main__"
    return True


def _attribute_is_plain(node: ast.Attribute) -> bool:
    name, value = node.attr, node.value
    if isinstance(value, ast.Name) and value.id == "sys":
        return name in _OF_SYS
    if name == "format":  # "{0.gi_frame}".format(...) reads attributes
        return isinstance(value, ast.Constant) and _format_is_plain(str(value.value))
    return _attribute_name_is_plain(name, own=isinstance(value, ast.Name) and value.id in ("self", "cls"))


def _attribute_name_is_plain(name: str, own: bool = False) -> bool:
    hidden = name.startswith("_") and not own and name not in _DEFINED
    return not hidden and not _is_special(name) and not name.startswith(_FRAMES) and _import_is_plain(name)


def _format_is_plain(text: str) -> bool:
    try:
        fields = [field or "" for _, field, _, _ in string.Formatter().parse(text)]
    except ValueError:
        return False
    return not any(set(field) & set(".[") for field in fields)


def _import_is_plain(name: str) -> bool:
    """Whether a name may be imported from a module."""
    return name not in _REFUSED_ATTRIBUTES and name not in _names_of_modules()


@functools.cache
def _names_of_modules() -> frozenset[str]:
    """Names of a module inside other modules: its own, and the names that allowed modules give it."""
    found = set(sys.stdlib_module_names)
    for name in _MODULES & sys.stdlib_module_names:
        found |= {key for key, value in vars(importlib.import_module(name)).items() if isinstance(value, ModuleType)}
    return frozenset(found - _ALSO_METHODS)


def _is_special(name: str) -> bool:
    return name.startswith("__") and name not in _DEFINED


def _uses_type(tree: ast.AST) -> bool:
    """Whether `type` is used to make something: it may only be compared, or called in a comparison."""
    compared = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            for side in (node.left, *node.comparators):
                if isinstance(side, ast.Call):
                    compared.add(id(side.func))
                compared.add(id(side))
    return any(isinstance(n, ast.Name) and n.id == "type" and id(n) not in compared for n in ast.walk(tree))


def harmless(lines: Sequence[str], needed: Collection[str] = ()) -> list[bool]:
    """For every line of a program, whether it does nothing: a comment, a docstring, `pass`, an expression without a
    call, or an assignment of such a value to a name that nothing reads and that is not `needed`. Text that is no Python
    is never called harmless, nor a member of a class, which can be read invisibly."""
    tree = codeparts.parsed(lines)
    if tree is None:
        return [False] * len(lines)
    read = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    read |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)} | set(needed)
    members = {id(node) for owner in ast.walk(tree) if isinstance(owner, ast.ClassDef) for node in owner.body}
    declared = {name for node in ast.walk(tree) if isinstance(node, ast.Global | ast.Nonlocal) for name in node.names}
    found = [line.lstrip().startswith("#") for line in lines]
    busy = [False] * len(lines)
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt):
            assigns = isinstance(node, ast.Assign | ast.AnnAssign)
            idle = _does_nothing(node, read | declared) and not (assigns and id(node) in members)
            last = node.lineno if isinstance(node, _COMPOUND) else node.end_lineno
            for line in range(node.lineno - 1, min(last, len(lines))):
                (found if idle else busy)[line] = True
    return [idle and not works for idle, works in zip(found, busy, strict=True)]


def _does_nothing(node: ast.stmt, read: set[str]) -> bool:
    match node:
        case ast.Pass():
            return True
        case ast.Expr(value=value):
            return _is_still(value)
        case ast.Assign(targets=targets, value=value):
            names = [target for target in targets if isinstance(target, ast.Name)]
            return len(names) == len(targets) and not any(n.id in read for n in names) and _is_still(value)
        case ast.AnnAssign(target=ast.Name(id=name), value=value):
            return name not in read and (value is None or _is_still(value))
    return False


def _is_still(value: ast.expr) -> bool:
    """Whether an expression changes nothing and cannot visibly fail: constants, names, and combinations of them."""
    moving = ast.Call | ast.Await | ast.Yield | ast.YieldFrom | ast.NamedExpr | ast.Attribute | ast.Subscript
    return not any(isinstance(node, moving) for node in ast.walk(value))
