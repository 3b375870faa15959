# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the options of a user and the facts of a cluster to the final settings of the extension: pure functions.

Sources, named in the docstrings by their short names:
- deploy: learn.microsoft.com/azure/machine-learning/how-to-deploy-kubernetes-extension
- upgrade: github.com/Azure/AML-Kubernetes docs/attach-compute-on-aks-v1-cluster.md
- cli: `az k8s-extension create`, partner extension Microsoft.AzureML.Kubernetes (Azure/azure-cli-extensions), which
  computes settings on the client without which the chart's health check fails (hashicorp/terraform-provider-azurerm
  issue 24547)
- troubleshooting: learn.microsoft.com/azure/machine-learning/how-to-troubleshoot-kubernetes-extension
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension import certificates
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.checks import (
    Draft,
    contradictions,
    problems_of,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.options import (
    BY_SETTING,
    DEFAULTS,
    NODE_SELECTOR,
    SSL_SECRET,
    SWITCHES,
    TEXTS,
    ExtensionOptions,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.problems import (
    ExtensionSettingsError,
    Problem,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.setting_values import (
    INTERNAL_LOAD_BALANCER,
    NODE_PORT,
    NODES_FOR_HIGH_AVAILABILITY,
    RELAY_CONNECTION,
    SSL_CERTIFICATE,
    SSL_KEY,
    is_on,
    same_value,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import ClusterFacts, ExtensionFacts
from ansible_collections.azureml.fleet.plugins.module_utils._domain.nodes import labels

#: Protected settings in which `az k8s-extension create` leaves what it was given, under names that no chart reads.
LEFT_BY_THE_CLI = frozenset(
    {"relayServerConnectionString", "serviceBusConnectionString", "sslCertPemFile", "sslKeyPemFile"}
)

#: Names from older documentation and tools, or misspelt ones -> what is to be used instead.
REPLACED_NAMES = {
    "doamin": "domain",
    "inferenceLoadBalancerHA": "inferenceRouterHA (O(inference_router_ha))",
    "privateEndpointILB": "internalLoadBalancerProvider (O(internal_load_balancer_provider))",
    "privateEndpointNodeport": "inferenceRouterServiceType (O(inference_router_service_type))",
    "sslCertKeyFile": "O(ssl_key_file)",
    "sslCertPemFile": "O(ssl_certificate_file) (a path would be meaningless on the cluster)",
    "sslKeyPemFile": "O(ssl_key_file) (a path would be meaningless on the cluster)",
}
#: Settings whose spelling is known: another letter case would be stored beside them and have no effect.
KNOWN_NAMES = (
    *SWITCHES.values(),
    *TEXTS.values(),
    "cluster_name",
    "cluster_name_friendly",
    "clusterId",
    "domain",
    "jobSchedulerLocation",
    "location",
    "nginxIngress.enabled",
    "openshift",
    "prometheus.prometheusSpec.externalLabels.cluster_name",
    RELAY_CONNECTION,
    "relayserver.enabled",
    "servicebus.enabled",
    "sslSecret",
    INTERNAL_LOAD_BALANCER,
    NODE_PORT,
    SSL_CERTIFICATE,
    SSL_KEY,
    SSL_SECRET,
)
#: What the chart reads of the router's exposure beside the documented names: another value moves the router, too.
_COMPANIONS = (NODE_PORT, INTERNAL_LOAD_BALANCER)
#: What a relay, a service bus and the ingress carry ends when they are switched.
_PLUMBING = ("nginxIngress.enabled", "relayserver.enabled", "servicebus.enabled")
#: Switches, and how protected settings begin that nobody gives unless the switch is on (cli).
_SIGNS_OF_USE = {
    "relayserver.enabled": (RELAY_CONNECTION, "relayServerConnectionString"),
    "servicebus.enabled": ("servicebus.", "serviceBusConnectionString"),
}


@dataclass(frozen=True)
class FinalSettings:
    """What is to be sent for a new extension, and what of it fills gaps only in one that exists."""

    #: From options and free settings, with their companions: these are wanted, whatever is there.
    wanted: dict[str, str]
    #: Derived from the cluster: sent with an installation, a repair or another change, where there is no value.
    derived: dict[str, str]
    #: Derived from the cluster's size at the moment of the installation: never sent to an extension that exists.
    at_creation: dict[str, str]
    protected: dict[str, str] = field(repr=False)
    warnings: tuple[str, ...] = ()
    #: What is wrong with all of it; `final_settings` returns none that has problems.
    problems: tuple[Problem, ...] = ()
    #: Whether the router would be highly available, and whether it is not so now.
    has_replicas: bool = False
    gains_replicas: bool = False

    def for_new(self) -> dict[str, str]:
        """Return the settings of a new extension."""
        return {**self.at_creation, **self.derived, **self.wanted}

    def changes(self, existing: Mapping[str, str], *, fill_gaps: bool = False) -> dict[str, str]:
        """Return the settings to send so that `existing` becomes what is wanted; Azure merges them by key.

        An equal value is no change, and neither is the chart's default where the extension has no value.
        What was derived and is not there travels with another change, or with an extension that is sent again as a
        whole (`fill_gaps`): without it the health check refuses an upgrade (hashicorp/terraform-provider-azurerm
        issue 24547). By itself a gap is no reason for one: `az k8s-extension update` sends no derived setting (cli).

        Relay, service bus and ingress are left out of an update: an extension that was installed well without these
        switches runs with what its chart chose, which a derived value could contradict. A failed one needs them, but
        none that protected settings contradict (docs/beliefs.md, `settings-of-an-older-installation`).
        """
        differing = {
            name: value
            for name, value in self.wanted.items()
            if not same_value(name, existing.get(name, DEFAULTS.get(name, "")), value)
        }
        if not differing and not fill_gaps:
            return {}
        gaps = {
            name: value
            for name, value in self.derived.items()
            if name not in existing
            and not same_value(name, DEFAULTS.get(name, ""), value)
            and not (name in _PLUMBING and (not fill_gaps or self._is_contradicted(name, value)))
        }
        return {**gaps, **differing}

    def _is_contradicted(self, name: str, value: str) -> bool:
        """Tell whether a switch would be off although protected settings are given that only serve when it is on."""
        signs = _SIGNS_OF_USE.get(name, ())
        return bool(signs) and not is_on(value) and any(given.startswith(signs) for given in self.protected)


def final_settings(
    options: ExtensionOptions, cluster: ClusterFacts, existing: ExtensionFacts | None = None
) -> FinalSettings:
    """Return the settings for `options` on `cluster`, where there may be an extension already.

    Raises ExtensionSettingsError, a sentence for each thing that the extension would refuse.
    """
    final = draft_settings(options, cluster, existing)
    if final.problems:
        raise ExtensionSettingsError(*final.problems)
    return final


def draft_settings(
    options: ExtensionOptions, cluster: ClusterFacts, existing: ExtensionFacts | None = None
) -> FinalSettings:
    """Return the settings, and what is wrong with them.

    Everything is derived from and checked on the final map, whatever way a value came into it.
    """
    there = existing["settings"] if existing else {}
    problems: list[Problem] = []
    free = _free_settings(options.settings, "O(settings)", problems)
    protected = _free_settings(options.protected_settings, "O(protected_settings)", problems)
    typed = _typed_settings(options, problems)
    problems.extend(contradictions(typed, free, protected))
    if options.ssl_certificate and options.ssl_key:
        protected[SSL_CERTIFICATE] = certificates.to_setting(options.ssl_certificate)
        protected[SSL_KEY] = certificates.to_setting(options.ssl_key)
    wanted = {**free, **typed}
    wanted.update(_companions(wanted, there, protected))
    inference = is_on({**there, **wanted}.get("enableInference"))
    at_creation = _without(small_cluster_settings(cluster, inference=inference), wanted)
    outcome = {**({} if existing else at_creation), **there, **wanted}
    draft = Draft(options, cluster, existing, wanted, protected, outcome)
    problems.extend(problems_of(draft))
    return FinalSettings(
        wanted=wanted,
        derived=_without(derived_settings(cluster), wanted),
        at_creation=at_creation,
        protected=protected,
        warnings=_warnings(cluster, wanted, protected),
        problems=tuple(dict.fromkeys(problems)),
        has_replicas=draft.has_replicas,
        gains_replicas=draft.gains_replicas,
    )


def derived_settings(cluster: ClusterFacts) -> dict[str, str]:
    """Return what `az k8s-extension create` computes on the client and the service does not (cli).

    The CLI overwrites the user's `domain` because it looks for a misspelt key; ours stands.
    """
    on_arc = cluster["kind"] == "arc"
    location = cluster["location"]
    derived = {
        "cluster_name": cluster["id"],
        "clusterId": cluster["id"],
        "prometheus.prometheusSpec.externalLabels.cluster_name": cluster["id"],
        "domain": f"{location}.cloudapp.azure.com",
        "location": location,
        "jobSchedulerLocation": location,
        "cluster_name_friendly": cluster["name"],
        "enableTraining": "False",
        "enableInference": "False",
        "servicebus.enabled": "false",
        "relayserver.enabled": "true" if on_arc else "false",
        "nginxIngress.enabled": "false" if on_arc else "true",
    }
    if on_arc and str(cluster["distribution"] or "").lower() == "openshift":
        derived["openshift"] = "true"
    return derived


def small_cluster_settings(cluster: ClusterFacts, *, inference: bool) -> dict[str, str]:
    """Return what `az k8s-extension create` chooses for a cluster of fewer than three nodes (cli).

    It does so once, at the installation; an extension that exists must not lose its replicas because an autoscaler
    holds two nodes for a moment.
    """
    nodes = cluster["node_count"]
    if nodes is None or nodes >= NODES_FOR_HIGH_AVAILABILITY:
        return {}
    return {"clusterPurpose": "DevTest", **({"inferenceRouterHA": "false"} if inference else {})}


def disruptions(existing: Mapping[str, str], changes: Mapping[str, str]) -> list[str]:
    """Return the changed settings that interrupt what runs on a live extension, in alphabetical order.

    Which ones do is said by each option's `disruption`; those of the router count only where inference is on (cli).
    """
    serving = is_on(existing.get("enableInference"))
    return sorted(
        name
        for name, value in changes.items()
        if _interrupts(name, existing.get(name, DEFAULTS.get(name, "")), value, serving=serving)
    )


def _interrupts(name: str, before: str, value: str, *, serving: bool) -> bool:
    """Tell whether another value of one setting interrupts what runs."""
    if name.startswith(NODE_SELECTOR):
        return True
    if name in _COMPANIONS:
        return serving and not same_value(name, before or "False", value)
    if name in _PLUMBING:
        return bool(before) and not same_value(name, before, value)
    option = BY_SETTING.get(name)
    if option is None or option.disruption == "never" or same_value(name, before, value):
        return False
    if option.disruption == "when_switched_off":
        return is_on(before) and not is_on(value)
    return serving or option.disruption == "always"


def _typed_settings(options: ExtensionOptions, problems: list[Problem]) -> dict[str, str]:
    """Return the settings that the documented options become; append to `problems` what is wrong with them."""
    switches = {setting: getattr(options, name) for name, setting in SWITCHES.items()}
    texts = {setting: getattr(options, name) for name, setting in TEXTS.items()}
    typed = {setting: "True" if value else "False" for setting, value in switches.items() if value is not None}
    typed.update({setting: str(value) for setting, value in texts.items() if value})
    for key, given in options.node_selector.items():
        value = labels.as_text(given)
        problem = labels.syntax_problem(key, value)
        if problem is not None:
            problems.append(Problem(f"In O(node_selector), {problem}."))
        typed[f"{NODE_SELECTOR}{key}"] = str(value)
    return typed


def _companions(wanted: Mapping[str, str], existing: Mapping[str, str], protected: Mapping[str, str]) -> dict[str, str]:
    """Return the settings that others bring with them: what the chart itself reads (cli).

    A provider without its companion gives a public load balancer. TLS ends plain HTTP, which stays on otherwise.
    """
    final = {**existing, **wanted}
    found: dict[str, str] = {}
    service = final.get("inferenceRouterServiceType", "").lower()
    if service == "nodeport":
        found[NODE_PORT] = "True"
    elif service and is_on(final.get(NODE_PORT)):
        found[NODE_PORT] = "False"
    if final.get("internalLoadBalancerProvider", "").lower() == "azure":
        found[INTERNAL_LOAD_BALANCER] = "True"
    elif "internalLoadBalancerProvider" in wanted and is_on(final.get(INTERNAL_LOAD_BALANCER)):
        found[INTERNAL_LOAD_BALANCER] = "False"
    if is_on(final.get("isAKSMigration")):
        found["scoringFe.namespace"] = "default"
    secure = protected.get(SSL_CERTIFICATE) or wanted.get(SSL_SECRET)
    if secure and "allowInsecureConnections" not in wanted and is_on(existing.get("allowInsecureConnections")):
        found["allowInsecureConnections"] = "False"
    return found


def _without(settings: Mapping[str, str], names: Mapping[str, str]) -> dict[str, str]:
    """Return `settings` without those that `names` has."""
    return {name: value for name, value in settings.items() if name not in names}


def right_spelling(name: str) -> str | None:
    """Return the name of a known setting as the chart reads it, whatever the letter case; None for others."""
    return next((known for known in KNOWN_NAMES if known.lower() == name.lower()), None)


def _free_settings(given: Mapping[str, Any], option: str, problems: list[Problem]) -> dict[str, str]:
    """Return a free map with its values as texts; append to `problems` what would have no effect, or is no text."""
    replaced = {name.lower(): instead for name, instead in REPLACED_NAMES.items()}
    settings: dict[str, str] = {}
    for name, value in given.items():
        right = right_spelling(name)
        if name.lower() in replaced:
            instead = replaced[name.lower()]
            problems.append(Problem(f"'{name}' in {option} is not a setting of the extension; use {instead}."))
        elif right is not None and right != name:
            problems.append(
                Problem(f"'{name}' in {option} would have no effect, because case matters; write '{right}'.")
            )
        elif isinstance(value, bool):
            settings[name] = "True" if value else "False"
        elif isinstance(value, (str, int, float)):
            settings[name] = str(value)
        else:
            problems.append(Problem(f"'{name}' in {option} must be a text, a number or a boolean."))
    if "sslSecret" in settings:
        settings[SSL_SECRET] = settings.pop("sslSecret")
    return settings


def _warnings(cluster: ClusterFacts, wanted: Mapping[str, str], protected: Mapping[str, str]) -> tuple[str, ...]:
    """Return what the user should know although nothing forbids it."""
    relay_off = "relayserver.enabled" in wanted and not is_on(wanted["relayserver.enabled"])
    if cluster["kind"] == "arc" and not relay_off and RELAY_CONNECTION not in protected:
        return (
            f"Cluster {cluster['name']} is connected through Azure Arc and protected_settings has no "
            f"'{RELAY_CONNECTION}': the Azure CLI makes an Azure Relay for such clusters, this module does not.",
        )
    return ()
