"""The default config with changes, and what is told of them."""

import copy

from runs import ROOT

from halt import config

DEFAULT = config.merged(ROOT)
DELETED = object()


def changed(*changes):
    """The default config with (path, value) changes; a path is slash-separated, DELETED takes a key away."""
    result = copy.deepcopy(DEFAULT)
    for path, value in changes:
        *parents, last = path.split("/")
        place = result
        for key in parents:
            place = place[key]
        if value is DELETED:
            del place[last]
        else:
            place[last] = value
    return result


def faults(*changes):
    """What is told of the default config with these changes."""
    return config.validate(changed(*changes))
