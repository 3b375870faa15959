# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML and JSON from outside: bounded in size and depth, and without what grows when it is written out again."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._foundation.errors import FleetError

try:
    import yaml
except ImportError:  # comes with ansible-core, where every module of this collection runs
    yaml = None  # type: ignore[assignment]  # checked where it is used

#: Bytes of an answer after which reading stops: a list of 5000 computes has about 10 MB, a Kubernetes page of 500
#: objects at most some 30 MB.
LARGEST_ANSWER = 64 * 1024 * 1024
#: Bytes of a kubeconfig: that of one AKS cluster has about 10 kB.
LARGEST_KUBECONFIG = 1024 * 1024
#: Levels of nesting: a kubeconfig has six.
_DEEPEST = 64
#: Tags of YAML that are not taken, written out or recognised (https://yaml.org/type/).
_NUMBERS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("int", "float", "timestamp"))


class DocumentError(FleetError):
    """A text from outside that is not taken; the message is the end of a sentence ('it is not YAML')."""


def load_yaml(text: str | bytes, largest: int = LARGEST_KUBECONFIG) -> Any:
    """Return one YAML document of texts, true and false, null, lists and maps, read with PyYAML's safe loader.

    Numbers and times stay texts: no field of a kubeconfig is one, and an integer to the base of 60 (1:1:1:...,
    https://yaml.org/type/int.html) takes minutes to compute.
    Aliases are refused, because a few lines of them stand for gigabytes as soon as they are written out; no tool writes
    them into a kubeconfig. Raises DocumentError for these, for a text of more than `largest` characters or bytes, for
    deeper nesting than makes sense, and for what is not YAML.
    """
    if yaml is None:
        raise DocumentError("the Python package PyYAML is missing")
    if len(text) > largest:
        raise DocumentError(f"it is larger than {largest // 1024} KiB")
    loader = _loader()
    try:
        _refuse_growth(text, loader)
        return yaml.load(text, Loader=loader)  # a subclass of a safe loader, with fewer types
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, OverflowError, TypeError, RecursionError) as error:
        raise DocumentError("it is not YAML") from error


@cache
def _loader() -> Any:
    """Return a safe loader, written in C where there is one, that makes no numbers and no times."""

    class PlainLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # chosen when it runs
        """Tables of its own, so that those of PyYAML stay as they are for everybody else."""

        yaml_implicit_resolvers = {
            first: [(tag, pattern) for tag, pattern in resolvers if tag not in _NUMBERS]
            for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }
        yaml_constructors = {
            tag: make for tag, make in yaml.SafeLoader.yaml_constructors.items() if tag not in _NUMBERS
        }

    return PlainLoader


def load_json(text: str | bytes) -> Any:
    """Return a JSON document. Raises DocumentError for what is none, or is nested without end."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DocumentError("it is not JSON") from error


def _refuse_growth(text: str | bytes, loader: Any) -> None:
    """Raise DocumentError for aliases and for deep nesting, before anything is built from the text."""
    depth = 0
    for event in yaml.parse(text, Loader=loader):
        if isinstance(event, yaml.AliasEvent):
            raise DocumentError("it has YAML aliases, which are not taken from outside")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise DocumentError(f"it is nested deeper than {_DEEPEST} levels")
