# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Helm release of the extension's chart: the values that the chart reads, and how it can fail.

The chart reads fewer keys than a user of the Azure CLI writes: `internalLoadBalancerProvider`, `sslSecret`,
`sslCertPemFile`, `sslKeyPemFile` and `isAKSMigration` mean something to the CLI only, which turns them into keys below
`scoringFe`. A value that nobody has turned has no effect, and Helm does not complain of values that it does not know.

Source: src/k8s-extension/azext_k8s_extension/partner_extensions/AzureMLKubernetes.py of Azure/azure-cli-extensions.
Belief: service-type-setting
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

from tests.simulator.foundation.beliefs import Beliefs

if TYPE_CHECKING:
    from tests.simulator.foundation.router import Router

#: Extension types are compared in lower case.
EXTENSION_TYPE = "microsoft.azureml.kubernetes"
HELM_LABEL = "app.kubernetes.io/managed-by"
RELEASE_NAME = "meta.helm.sh/release-name"
RELEASE_NAMESPACE = "meta.helm.sh/release-namespace"
NODE_SELECTOR = "nodeSelector."

ServiceType = Literal["LoadBalancer", "NodePort", "ClusterIP"]


class ChartError(Exception):
    """The chart refused; `message` is what Helm reports, complete."""

    def __init__(self, message: str) -> None:
        """Carry Helm's message."""
        super().__init__(message)
        self.message = message


class KeyPair(NamedTuple):
    """A certificate and its key, as PEM; empty where a value was no Base64."""

    certificate: str
    key: str


@dataclass(frozen=True)
class Release:
    """One release: its name and namespace, all values (protected ones too), and what kind of cluster it is for."""

    name: str
    namespace: str
    values: Mapping[str, str]
    managed_cluster: bool
    has_identity: bool = False
    beliefs: Beliefs = field(default_factory=Beliefs)
    load_balancer: bool = True
    """Whether somebody gives a Service of type LoadBalancer its address."""
    router: Router | None = None
    """Where the cluster's router answers; None where nobody asks it."""
    runs_without: frozenset[str] = frozenset()
    """Names of settings that the release before did not have, although it was well."""

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
    def router_replicas(self) -> int:
        """How many replicas the inference router gets."""
        return 3 if self.high_availability else 1

    @property
    def service_type(self) -> ServiceType:
        """The type of the router's Service; a load balancer unless something else is asked for."""
        wanted = self.values.get("inferenceRouterServiceType", "").lower()
        if self.flag("scoringFe.serviceType.nodePort"):
            return "NodePort"
        if wanted == "nodeport" and self.beliefs.answer("service-type-setting") == "either":
            return "NodePort"
        return "ClusterIP" if wanted == "clusterip" else "LoadBalancer"

    @property
    def internal_load_balancer(self) -> bool:
        """Whether the load balancer gets an address inside the network only."""
        return self.flag("scoringFe.serviceType.internalLoadBalancer")

    @property
    def secure(self) -> bool:
        """Whether the router is to serve HTTPS."""
        return self.inference and not self.flag("allowInsecureConnections")

    @property
    def key_pair(self) -> KeyPair | None:
        """The certificate and key in the values, or None unless both are there. They go before a Secret."""
        certificate, key = self.values.get("scoringFe.sslCert"), self.values.get("scoringFe.sslKey")
        return KeyPair(_decoded(certificate), _decoded(key)) if certificate and key else None

    @property
    def ssl_secret(self) -> str:
        """The Secret in the release's namespace that holds certificate and key; empty without one."""
        return self.values.get("scoringFe.sslSecret", "")

    @property
    def takes_over_front_end(self) -> bool:
        """Whether the values allow to take over `default/azureml-fe`.

        Source: AML-Kubernetes docs/attach-compute-on-aks-v1-cluster.md.
        Belief: front-end-takeover-setting
        """
        if self.beliefs.answer("front-end-takeover-setting") == "namespace":
            return self.values.get("scoringFe.namespace") == "default"
        return self.flag("scoringFe.enableUpgrade")  # the answer enable-upgrade

    @property
    def front_end_name(self) -> str:
        """The Deployment of the inference router."""
        return "azureml-fe-v2"

    @property
    def node_selector(self) -> dict[str, str]:
        """The node selector in values such as `nodeSelector.key=value`."""
        return {k.removeprefix(NODE_SELECTOR): v for k, v in self.values.items() if k.startswith(NODE_SELECTOR)}

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


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _value(found: object, key: str) -> object:
    return found.get(key) if isinstance(found, Mapping) else None


def _fault(kind: str, found: object, key: str, wanted: str) -> str:
    value = _value(found, key)
    if value is None:
        return f'{kind} validation error: missing key "{key}": must be set to "{wanted}"'
    return f'{kind} validation error: key "{key}" must equal "{wanted}": current value is "{value}"'
