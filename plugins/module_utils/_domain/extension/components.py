# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an installed extension runs, by what it was installed for.

https://learn.microsoft.com/azure/machine-learning/how-to-deploy-kubernetes-extension ("Review Azure Machine Learning
extension component": names, kinds, training or inference) and
https://learn.microsoft.com/azure/machine-learning/reference-kubernetes (their resources).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.options import DEFAULTS
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.setting_values import is_on
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import ExtensionFacts
from ansible_collections.azureml.fleet.plugins.module_utils._foundation import states

#: The router under its own name, and under the name of AksCompute's router that it took over.
ROUTER = ("azureml-fe-v2", "azureml-fe")
#: Exposes the GPUs of nodes. The documentation has it in the extension's namespace; users have met it in kube-system
#: (github.com/Azure/AML-Kubernetes/issues/43; docs/beliefs.md, `device-plugin-namespace`).
DEVICE_PLUGIN = "nvidia-device-plugin-daemonset"
DEVICE_PLUGIN_NAMESPACE = "kube-system"
_ALWAYS = ("gateway", "metrics-controller-manager")
_TRAINING = ("aml-operator",)
_VOLCANO = ("volcano-admission", "volcano-controllers", "volcano-scheduler")
_INFERENCE = ("amlarc-identity-controller", "amlarc-identity-proxy", "inference-operator-controller-manager")


@dataclass(frozen=True)
class Component:
    """One workload that must be there under one of its names."""

    names: tuple[str, ...]
    kind: Literal["Deployment", "DaemonSet", "StatefulSet"] = "Deployment"


def expected_components(release: str, settings: Mapping[str, str]) -> Iterator[Component]:
    """Yield each component that `settings` promise.

    `release` is the extension's name: it is part of the names of what comes from other charts. The documentation also
    has a DaemonSet fluent-bit everywhere, which version 1.1.17 moved to sidecars by its release notes: it is not asked
    for (docs/beliefs.md, `fluent-bit-installed`). Prometheus is run by the operator that is in the cluster; where that
    is not the extension's own, whether it looks into namespace azureml is the operator's settings' business.
    """

    def on(name: str) -> bool:
        return is_on(settings.get(name, DEFAULTS.get(name)))

    names = [*_ALWAYS, f"{release}-kube-state-metrics"]
    if on("installPromOp"):
        names.append(f"{release}-prometheus-operator")
        yield Component(("prometheus-prom-prometheus",), "StatefulSet")
    if on("relayserver.enabled"):
        names.append("relayserver")
    if on("enableTraining"):
        names.extend(_TRAINING)
        names.extend(_VOLCANO if on("installVolcano") else ())
    if on("enableInference"):
        names.extend(_INFERENCE)
        names.extend(("azureml-ingress-nginx-controller",) if on("nginxIngress.enabled") else ())
        yield Component(ROUTER)
    for name in names:
        yield Component((name,))
    if on("installDcgmExporter"):
        yield Component((f"{release}-dcgm-exporter",), "DaemonSet")
    if on("installNvidiaDevicePlugin"):
        yield Component((DEVICE_PLUGIN,), "DaemonSet")


def inference_is_installed(extension: ExtensionFacts | None) -> bool:
    """Tell whether the extension is there, in order, and was installed for inference: its router is then the router."""
    if extension is None or not states.has_succeeded(extension["provisioning_state"]):
        return False
    return _wants_inference(extension)


def _wants_inference(extension: ExtensionFacts) -> bool:
    return is_on(extension["settings"].get("enableInference", DEFAULTS.get("enableInference")))


def serves_tls(extension: ExtensionFacts | None) -> bool:
    """Tell whether the extension's router is to serve HTTPS: it is unless insecure connections were chosen.

    Whatever state the extension is in: while an operation runs, and after one that failed, a router goes on serving.
    """
    if extension is None or not _wants_inference(extension):
        return False
    return not is_on(extension["settings"].get("allowInsecureConnections", DEFAULTS.get("allowInsecureConnections")))
