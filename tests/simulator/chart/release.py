# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Helm release of the extension's chart, and how it can fail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.simulator.beliefs import Beliefs

HELM_LABEL = "app.kubernetes.io/managed-by"
RELEASE_NAME = "meta.helm.sh/release-name"
RELEASE_NAMESPACE = "meta.helm.sh/release-namespace"


class ChartError(Exception):
    """The chart refused; `message` is what Helm reports, complete."""

    def __init__(self, message: str) -> None:
        """Carry Helm's message."""
        super().__init__(message)
        self.message = message


@dataclass(frozen=True)
class Release:
    """One release: its name and namespace, all values (protected ones too), and what kind of cluster it is for."""

    name: str
    namespace: str
    values: Mapping[str, str]
    managed_cluster: bool
    has_identity: bool = False
    beliefs: Beliefs = field(default_factory=Beliefs)

    def flag(self, key: str, default: bool = False) -> bool:
        """A value as Helm's templates read it: `true` in any case is true. Keys are case-sensitive."""
        value = self.values.get(key)
        return default if value is None else str(value).lower() == "true"

    @property
    def training(self) -> bool:
        """Whether the components for training are wanted."""
        return self.flag("enableTraining")

    @property
    def inference(self) -> bool:
        """Whether the components for inference are wanted."""
        return self.flag("enableInference")

    @property
    def high_availability(self) -> bool:
        """Whether the inference router gets three replicas (the chart's default)."""
        return self.flag("inferenceRouterHA", default=True)

    @property
    def front_end_name(self) -> str:
        """The Deployment of the inference router."""
        return "azureml-fe-v2"

    @property
    def node_selector(self) -> dict[str, str]:
        """The node selector in values such as `nodeSelector.key=value`."""
        prefix = "nodeSelector."
        return {k.removeprefix(prefix): v for k, v in self.values.items() if k.startswith(prefix)}

    def labels(self) -> dict[str, str]:
        """The label that Helm puts on every object."""
        return {HELM_LABEL: "Helm"}

    def annotations(self) -> dict[str, str]:
        """The annotations by which Helm knows its own objects."""
        return {RELEASE_NAME: self.name, RELEASE_NAMESPACE: self.namespace}

    def owns(self, metadata: Mapping[str, object]) -> bool:
        """Whether an object's metadata says that it belongs to this release."""
        return not self.ownership_faults(metadata)

    def ownership_faults(self, metadata: Mapping[str, object]) -> list[str]:
        """What Helm finds wrong with the ownership of an object that exists already."""
        labels = metadata.get("labels") or {}
        annotations = metadata.get("annotations") or {}
        wanted = [
            ("label", labels, HELM_LABEL, "Helm"),
            ("annotation", annotations, RELEASE_NAME, self.name),
            ("annotation", annotations, RELEASE_NAMESPACE, self.namespace),
        ]
        return [_fault(*row) for row in wanted if _value(row[1], row[2]) != row[3]]


def _value(found: object, key: str) -> object:
    return found.get(key) if isinstance(found, Mapping) else None


def _fault(kind: str, found: object, key: str, wanted: str) -> str:
    value = _value(found, key)
    if value is None:
        return f'{kind} validation error: missing key "{key}": must be set to "{wanted}"'
    return f'{kind} validation error: key "{key}" must equal "{wanted}": current value is "{value}"'
