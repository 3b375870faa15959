# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Deployments that an installed extension has, by what it was installed for.

https://learn.microsoft.com/azure/machine-learning/how-to-deploy-kubernetes-extension ("Review Azure Machine Learning
extension components") and https://learn.microsoft.com/azure/machine-learning/reference-kubernetes (their resources).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.final_settings import is_on
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.options import DEFAULTS

#: The router under its own name, and under the name of AksCompute's router that it took over.
ROUTER = ("azureml-fe-v2", "azureml-fe")
_ALWAYS = ("gateway", "metrics-controller-manager")
_TRAINING = ("aml-operator",)
_VOLCANO = ("volcano-admission", "volcano-controllers", "volcano-scheduler")
_INFERENCE = ("amlarc-identity-controller", "amlarc-identity-proxy", "inference-operator-controller-manager")


def expected_components(release: str, settings: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    """Yield the names of each Deployment that `settings` promise; any one of several names will do.

    `release` is the extension's name: it is part of the names of what comes from other charts.
    """

    def on(name: str) -> bool:
        return is_on(settings.get(name, DEFAULTS.get(name)))

    names = [*_ALWAYS, f"{release}-kube-state-metrics"]
    if on("installPromOp"):
        names.append(f"{release}-prometheus-operator")
    if on("relayserver.enabled"):
        names.append("relayserver")
    if on("enableTraining"):
        names.extend(_TRAINING)
        names.extend(_VOLCANO if on("installVolcano") else ())
    if on("enableInference"):
        names.extend(_INFERENCE)
        names.extend(("azureml-ingress-nginx-controller",) if on("nginxIngress.enabled") else ())
        yield ROUTER
    for name in names:
        yield (name,)
