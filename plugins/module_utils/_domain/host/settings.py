# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the variables that a user wrote to settings that everything else can trust.

Nothing here looks at Azure or at a cluster. The schema is in `variables.py`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from ansible_collections.azureml.fleet.plugins.module_utils._domain.computes.namespaces import namespace_problem
from ansible_collections.azureml.fleet.plugins.module_utils._domain.computes.plan import WantedCompute, identity_problem
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.options import ExtensionOptions
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.problems import option_problems
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.options import NodeOptions, RunOptions
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.variables import BY_NAME, EXCLUDING, PREFIX
from ansible_collections.azureml.fleet.plugins.module_utils._domain.nodes import labels
from ansible_collections.azureml.fleet.plugins.module_utils._foundation import checks
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.checks import kind_of
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.errors import FleetError, InputError
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.options import Option, options_of
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.resource_id import (
    ClusterKind,
    ResourceId,
    ResourceIdError,
    cluster_kind,
    parse_cluster_id,
    parse_workspace_id,
)

_ATTACHMENT_KEYS: dict[str, str] = {
    "workspace": "aml_workspace",
    "workspace_resource_group": "aml_workspace_resource_group",
    "compute_name": "aml_compute_name",
    "namespace": "aml_namespace",
    "identity": "aml_compute_identity",
    "user_assigned_identities": "aml_compute_user_assigned_identities",
    "default_instance_type": "aml_default_instance_type",
    "description": "aml_compute_description",
    "tags": "aml_compute_tags",
}
#: Letters, digits and dashes, beginning with a letter
#: (https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules). The service has the last
#: word on the length: its pages give 16, 24 and 32.
_COMPUTE_NAME = re.compile(r"[A-Za-z]([-A-Za-z0-9]{0,30}[A-Za-z0-9])")


Declaration = TypeVar("Declaration")


class Convert(Protocol):
    """Turns a value into one of Ansible's option types; Ansible's own rules are lent by the floor above."""

    def __call__(self, kind: str, value: Any, /) -> Any:
        """Return the value. Raises TypeError or ValueError when it cannot be converted."""


#: What an entry of `aml_instance_types` may hold: the options of module aml_instance_type.
_INSTANCE_TYPE_KEYS = ("name", "node_selector", "requests", "limits")


class VariablesError(InputError):
    """What is wrong with a host's variables, one sentence for each problem."""

    def __init__(self, problems: Sequence[str]) -> None:
        """Keep `problems`, in the order in which they were found."""
        super().__init__(" ".join(problems))
        self.problems = list(problems)


@dataclass(frozen=True)
class Settings:
    """What one cluster should become, each part as its options are declared."""

    cluster: ResourceId
    kind: ClusterKind
    attachments: tuple[WantedCompute, ...]
    namespace_create: bool
    extension: ExtensionOptions
    nodes: NodeOptions
    run: RunOptions
    #: Every variable of the schema, typed, None where it is not set: the form that goes back to Ansible.
    values: Mapping[str, Any]
    #: PEM texts of the router's certificate and key, for checking them; never shown and never returned.
    certificate: str | None = field(default=None, repr=False)
    key: str | None = field(default=None, repr=False)

    @property
    def cluster_id(self) -> str:
        """The cluster's id in Azure's own spelling."""
        return str(self.cluster)

    def workspace_ids(self) -> list[str]:
        """Return the id of every workspace of the attachments, each once, in the order given."""
        unique: dict[str, str] = {}
        for attachment in self.attachments:
            unique.setdefault(attachment.workspace_id.lower(), attachment.workspace_id)
        return list(unique.values())

    def namespaces(self) -> list[str]:
        """Return every namespace of the attachments, each once."""
        return list(dict.fromkeys(each.namespace for each in self.attachments if each.namespace))


def read_settings(
    variables: Mapping[str, Any], convert: Convert, *, certificate: str | None = None, key: str | None = None
) -> Settings:
    """Return the settings that `variables` (a host's `aml_…` variables) describe.

    Secrets may stand there as a marker that says no more than that they are set. Raises VariablesError with every
    problem that was found, not only the first.
    """
    problems = list(_unknown_names(variables))
    values: dict[str, Any] = {}
    for name, declared in BY_NAME.items():
        try:
            values[name] = _typed(declared, variables.get(name), convert)
        except (TypeError, ValueError) as error:
            problems.append(f"{name}: {error}.")
            values[name] = None
    cluster, kind = _cluster(values, problems)
    attachments = _attachments(values, cluster, problems, convert)
    problems.extend(_contradictions(values))
    problems.extend(_shapes(values))
    problems.extend(_checked(values))
    if problems or cluster is None or kind is None:
        raise VariablesError(problems)
    return Settings(
        cluster=cluster,
        kind=kind,
        attachments=attachments,
        namespace_create=bool(values["aml_namespace_create"]),
        extension=_declared(ExtensionOptions, values),
        nodes=_declared(NodeOptions, values),
        run=_declared(RunOptions, values),
        values=values,
        certificate=certificate,
        key=key,
    )


def _declared(declaration: type[Declaration], values: Mapping[str, Any]) -> Declaration:
    """Return the options of a declaration with the values of their variables; what is not set is left out."""
    given = {name: values[each.variable] for name, each in options_of(declaration).items() if each.variable is not None}
    return declaration(**{name: value for name, value in given.items() if value is not None})


def _unknown_names(variables: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for every variable that begins with `aml_` and is none of ours, with the nearest known name."""
    for name in sorted(variables):
        if name in BY_NAME or not name.startswith(PREFIX):
            continue
        near = difflib.get_close_matches(name, BY_NAME, n=1, cutoff=0.6)
        hint = f"Did you mean {near[0]}?" if near else "See docs/variables.md for the names."
        yield f"{name} is not a variable of azureml.fleet. {hint}"


def _typed(declared: Option, value: Any, convert: Convert) -> Any:
    """Return `value` in the variable's own type, or the default when it is not set.

    Raises TypeError or ValueError with the reason when the value cannot be read.
    """
    if value is None or (value == "" and declared.kind != "path"):
        if declared.required:
            raise ValueError("it is required and not set")
        return declared.default
    if declared.secret:
        return value
    if isinstance(value, bool) and declared.kind in ("int", "float"):
        raise TypeError(f"{_NEEDED[declared.kind]} is needed, not {kind_of(value)}")
    try:
        typed = convert(declared.kind, value)
    except (OverflowError, TypeError) as error:
        raise TypeError(f"{_NEEDED[declared.kind]} is needed, not {kind_of(value)}") from error
    if declared.choices:
        return _one_of(declared.choices, typed)
    return typed.strip() if declared.kind == "str" else typed


def _one_of(choices: Sequence[str], value: str) -> str:
    """Return the choice that `value` names, whatever its letter case; Azure itself takes these words in any case."""
    for choice in choices:
        if choice.lower() == value.lower():
            return choice
    raise ValueError(f"'{value}' is none of {', '.join(choices)}")


_NEEDED = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "path": "a path",
    "dict": "a dictionary",
    "list": "a list",
}


def _cluster(values: Mapping[str, Any], problems: list[str]) -> tuple[ResourceId | None, ClusterKind | None]:
    """Return the cluster's parsed id and its kind (aks or arc); append to `problems` what is wrong with it."""
    text = values["aml_cluster_id"]
    if not text:
        return None, None
    try:
        return parse_cluster_id(text), cluster_kind(text)
    except ResourceIdError as error:
        problems.append(f"aml_cluster_id: {error}")
        return None, None


def _attachments(
    values: Mapping[str, Any], cluster: ResourceId | None, problems: list[str], convert: Convert
) -> tuple[WantedCompute, ...]:
    """Return the attachments that the variables ask for; append to `problems` what is wrong with them."""
    several = values["aml_attachments"]
    if not several:
        several = [{}]
    elif values["aml_workspace"] and values["aml_compute_name"]:
        problems.append("Both aml_attachments and aml_workspace with aml_compute_name are set: give one of them.")
    read: list[WantedCompute] = []
    for number, entry in enumerate(several):
        where = f"aml_attachments[{number}]: " if values["aml_attachments"] else ""
        try:
            read.append(_attachment(values, entry, cluster, convert))
        except (FleetError, TypeError, ValueError) as error:
            problems.append(f"{where}{error}")
    names = [(each.workspace_id.lower(), each.name.lower()) for each in read]
    if len(set(names)) < len(names):
        problems.append("aml_attachments: two entries give the same compute name in the same workspace.")
    return tuple(read)


def _attachment(values: Mapping[str, Any], entry: Any, cluster: ResourceId | None, convert: Convert) -> WantedCompute:
    """Return one attachment: the entry's own keys over the variables. Raises TypeError or ValueError."""
    if not isinstance(entry, Mapping):
        raise TypeError(f"a dictionary is needed, not {kind_of(entry)}.")
    for name in entry:
        if name not in _ATTACHMENT_KEYS:
            near = difflib.get_close_matches(str(name), _ATTACHMENT_KEYS, n=1)
            raise ValueError(f"'{name}' is not a key of an attachment." + (f" Did you mean {near[0]}?" if near else ""))
    merged: dict[str, Any] = {}
    for name, variable in _ATTACHMENT_KEYS.items():
        own = entry.get(name)
        merged[name] = values[variable] if own is None else _own(name, BY_NAME[variable], own, convert)
    for name in ("workspace", "compute_name"):
        if not merged[name]:
            raise ValueError(f"{name if entry else _ATTACHMENT_KEYS[name]} is required and not set.")
    if not _COMPUTE_NAME.fullmatch(merged["compute_name"]):
        raise ValueError(
            f"'{merged['compute_name']}' cannot be a compute's name: use 2 to 32 letters, digits and dashes, "
            "beginning with a letter."
        )
    workspace = parse_workspace_id(_workspace_id(merged["workspace"], merged["workspace_resource_group"], cluster))
    wanted = WantedCompute(
        workspace=workspace,
        name=merged["compute_name"],
        namespace=merged["namespace"],
        identity_type=merged["identity"],
        user_assigned_identities=tuple(str(each) for each in merged["user_assigned_identities"] or ()),
        default_instance_type=merged["default_instance_type"],
        description=merged["description"],
        tags=None if merged["tags"] is None else {str(key): str(value) for key, value in merged["tags"].items()},
    )
    problem = namespace_problem(merged["namespace"]) or identity_problem(wanted)
    if problem:
        raise ValueError(problem)
    return wanted


def _own(name: str, declared: Option, value: Any, convert: Convert) -> Any:
    """Return the value of a key of an attachment, read as its variable is. Raises TypeError or ValueError."""
    try:
        typed = _typed(declared, value, convert)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name}: {error}.") from error
    for path, problem in declared.check(typed) if declared.check and typed is not None else ():
        raise ValueError(f"{name}{path}: {problem}.")
    return typed


def _workspace_id(workspace: str, resource_group: str | None, cluster: ResourceId | None) -> str:
    """Return the full id of a workspace that is given by id or by name."""
    if not workspace.startswith("/"):
        subscription = cluster.subscription_id if cluster else "unknown"
        group = resource_group or (cluster.resource_group if cluster else "unknown")
        workspace = (
            f"/subscriptions/{subscription}/resourceGroups/{group}"
            f"/providers/Microsoft.MachineLearningServices/workspaces/{workspace}"
        )
    return workspace


def _shapes(values: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for every entry of a list or map that is not of the kind that is needed."""
    for number, entry in enumerate(values["aml_instance_types"] or ()):
        where = f"aml_instance_types[{number}]"
        if isinstance(entry, Mapping):
            yield from _instance_type_shapes(where, entry)
        else:
            yield f"{where}: a dictionary is needed, not {kind_of(entry)}."
    for pool, given in (values["aml_node_pool_labels"] or {}).items():
        if isinstance(given, Mapping):
            yield from _no_texts(f"aml_node_pool_labels.{pool}", given)
        else:
            yield f"aml_node_pool_labels.{pool}: a dictionary of labels is needed, not {kind_of(given)}."
    yield from _no_texts("aml_node_selector", values["aml_node_selector"] or {})


def _instance_type_shapes(where: str, entry: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for everything in an instance type that has another name or kind than is needed."""
    for name in entry:
        if name not in _INSTANCE_TYPE_KEYS:
            near = difflib.get_close_matches(str(name), _INSTANCE_TYPE_KEYS, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            yield f"{where}: '{name}' is not a key of an instance type.{hint}"
    if not isinstance(entry.get("name"), str) or not entry["name"]:
        yield f"{where}.name: a text is needed, not {kind_of(entry.get('name'))}."
    for name in ("node_selector", "requests", "limits"):
        if entry.get(name) is not None and not isinstance(entry[name], Mapping):
            yield f"{where}.{name}: a dictionary is needed, not {kind_of(entry[name])}."
    yield from _no_texts(f"{where}.node_selector", _mapping(entry.get("node_selector")))
    for name in ("requests", "limits"):
        for path, problem in checks.flat(_mapping(entry.get(name))):
            yield f"{where}.{name}{path}: {problem}."


def _mapping(value: Any) -> Mapping[str, Any]:
    """Return a dictionary that a user wrote, or an empty one where something else stands."""
    return value if isinstance(value, Mapping) else {}


def _checked(values: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for everything that a declared check finds, with the path of the wrong part."""
    for name, declared in BY_NAME.items():
        value = values[name]
        if declared.check is not None and value is not None:
            for path, problem in declared.check(value):
                yield f"{name}{path}: {problem}."


def _no_texts(where: str, given: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for every label whose value has no text of its own: YAML has already made 1.1 of 1.10."""
    for key, value in given.items():
        if value is not None and not isinstance(labels.as_text(value), str):
            yield f"{where}: the value of label '{key}' is not a text; put it in quotation marks."


def _contradictions(values: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for all variables that cannot be meant together, as their declarations say."""
    for one, other in EXCLUDING:
        if values[one] and values[other]:
            yield f"Both {one} and {other} are set: give one of them."
    for problem in option_problems(_declared(ExtensionOptions, values)):
        yield problem.for_variables()
