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

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension import certificates
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.options import (
    BY_SETTING,
    DEFAULTS,
    NODE_SELECTOR,
    OPTIONS,
    SERVICE_TYPES,
    SSL_SECRET,
    SWITCHES,
    TEXTS,
    ExtensionOptions,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import ClusterFacts
from ansible_collections.azureml.fleet.plugins.module_utils._domain.nodes import labels
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.errors import InputError

#: Under this many nodes the router cannot have its three replicas (deploy; health check code E40002).
NODES_FOR_HIGH_AVAILABILITY = 3

#: What the chart itself reads beside the documented names (cli).
NODE_PORT = "scoringFe.serviceType.nodePort"
INTERNAL_LOAD_BALANCER = "scoringFe.serviceType.internalLoadBalancer"
SSL_CERTIFICATE = "scoringFe.sslCert"
SSL_KEY = "scoringFe.sslKey"
RELAY_CONNECTION = "relayserver.relayConnectionString"
#: Protected settings in which `az k8s-extension create` leaves what it was given, under names that no chart reads.
LEFT_BY_THE_CLI = frozenset(
    {"relayServerConnectionString", "serviceBusConnectionString", "sslCertPemFile", "sslKeyPemFile"}
)

#: Names from older documentation and tools, or misspelt ones -> what is to be used instead.
REPLACED_NAMES = {
    "doamin": "domain",
    "inferenceLoadBalancerHA": "inferenceRouterHA (option inference_router_ha)",
    "privateEndpointILB": "internalLoadBalancerProvider (option internal_load_balancer_provider)",
    "privateEndpointNodeport": "inferenceRouterServiceType (option inference_router_service_type)",
    "sslCertKeyFile": "option ssl_key_file",
    "sslCertPemFile": "option ssl_certificate_file (a path would be meaningless on the cluster)",
    "sslKeyPemFile": "option ssl_key_file (a path would be meaningless on the cluster)",
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
_CLUSTER_ID_SETTINGS = ("clusterid", "cluster_name", "prometheus.prometheusspec.externallabels.cluster_name")


class ExtensionSettingsError(InputError):
    """Options that the extension would refuse, or take without doing what they say."""


@dataclass(frozen=True)
class FinalSettings:
    """What is to be sent for a new extension, and what of it fills gaps only in one that exists."""

    #: From options and free settings, with their companions: these are wanted, whatever is there.
    wanted: dict[str, str]
    #: Derived from the cluster: sent with an installation or a repair, where there is no value of its own.
    derived: dict[str, str]
    #: Derived from the cluster's size at the moment of the installation: never sent to an extension that exists.
    at_creation: dict[str, str]
    protected: dict[str, str] = field(repr=False)
    warnings: tuple[str, ...] = ()

    def for_new(self) -> dict[str, str]:
        """Return the settings of a new extension."""
        return {**self.at_creation, **self.derived, **self.wanted}

    def changes(self, existing: Mapping[str, str], *, fill_gaps: bool = False) -> dict[str, str]:
        """Return the settings to send so that `existing` becomes what is wanted; Azure merges them by key.

        An equal value is no change, and neither is the chart's default where the extension has no value.
        What was derived and is not there travels with another change, or with an extension that is sent again as a
        whole (`fill_gaps`): without it the health check refuses an upgrade (hashicorp/terraform-provider-azurerm
        issue 24547). By itself a gap is no reason for one: `az k8s-extension update` sends no derived setting (cli).
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
            if name not in existing and not same_value(name, DEFAULTS.get(name, ""), value)
        }
        return {**gaps, **differing}


def final_settings(
    options: ExtensionOptions, cluster: ClusterFacts, existing: Mapping[str, str] | None = None
) -> FinalSettings:
    """Return the settings for `options` on `cluster`, with `existing` settings of the extension where there is one.

    Everything is derived from and checked on the final map, whatever way a value came into it.
    Raises ExtensionSettingsError, one sentence, when the options contradict each other or the documentation.
    """
    there, is_new = existing or {}, existing is None
    free = _free_settings(options.settings, "settings")
    protected = _free_settings(options.protected_settings, "protected_settings")
    typed = _typed_settings(options)
    _refuse_contradictions(typed, free, protected)
    if options.ssl_certificate and options.ssl_key:
        protected[SSL_CERTIFICATE] = certificates.to_setting(options.ssl_certificate)
        protected[SSL_KEY] = certificates.to_setting(options.ssl_key)
    wanted = {**free, **typed}
    wanted.update(_companions(wanted, there, protected))
    final = {**there, **wanted}
    _check_purpose(final, is_new=is_new)
    _check_names(wanted, cluster)
    inference = is_on(final.get("enableInference"))
    if inference:
        _check_router(wanted, final, cluster)
        _check_tls(options, wanted, final, protected, is_new=is_new)
    else:
        _refuse_inference_options(options)
    return FinalSettings(
        wanted=wanted,
        derived=_without(derived_settings(cluster), wanted),
        at_creation=_without(small_cluster_settings(cluster, inference=inference), wanted),
        protected=protected,
        warnings=_warnings(cluster, wanted, protected),
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


def same_value(name: str, one: str, other: str) -> bool:
    """Tell whether two texts of a setting mean the same: `True` equals `true`, ids ignore letter case."""
    if one == other:
        return True
    ignores_case = (
        {one.lower(), other.lower()} <= {"true", "false"}
        or name.lower() in _CLUSTER_ID_SETTINGS
        or (name in BY_SETTING and bool(BY_SETTING[name].choices))
    )
    return ignores_case and one.lower() == other.lower()


def is_on(value: str | None) -> bool:
    """Tell whether a setting's text is true."""
    return str(value or "").strip().lower() == "true"


def _typed_settings(options: ExtensionOptions) -> dict[str, str]:
    """Return the settings that the documented options become."""
    switches = {setting: getattr(options, name) for name, setting in SWITCHES.items()}
    texts = {setting: getattr(options, name) for name, setting in TEXTS.items()}
    typed = {setting: "True" if value else "False" for setting, value in switches.items() if value is not None}
    typed.update({setting: str(value) for setting, value in texts.items() if value})
    for key, given in options.node_selector.items():
        value = labels.as_text(given)
        problem = labels.syntax_problem(key, value)
        if problem is not None:
            raise ExtensionSettingsError(f"In node_selector, {problem}.")
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


def _free_settings(given: Mapping[str, Any], option: str) -> dict[str, str]:
    """Return a free map with its values as texts. Raises ExtensionSettingsError for names that would have no effect."""
    known = {name.lower(): name for name in KNOWN_NAMES}
    replaced = {name.lower(): instead for name, instead in REPLACED_NAMES.items()}
    settings: dict[str, str] = {}
    for name, value in given.items():
        if name.lower() in replaced:
            raise ExtensionSettingsError(
                f"'{name}' in {option} is not a setting of the extension; use {replaced[name.lower()]}."
            )
        right = known.get(name.lower())
        if right is not None and right != name:
            raise ExtensionSettingsError(
                f"'{name}' in {option} would have no effect, because case matters; write '{right}'."
            )
        settings[name] = _as_text(f"'{name}' in {option}", value)
    if "sslSecret" in settings:
        settings[SSL_SECRET] = settings.pop("sslSecret")
    return settings


def _as_text(what: str, value: Any) -> str:
    """Return a setting's value as the text that Azure stores. Raises ExtensionSettingsError for anything else."""
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, (str, int, float)):
        return str(value)
    raise ExtensionSettingsError(f"{what} must be a text, a number or a boolean.")


def _refuse_contradictions(typed: Mapping[str, str], free: Mapping[str, str], protected: Mapping[str, str]) -> None:
    """Raise ExtensionSettingsError when one setting is given twice and differently, or both openly and protected."""
    for name in sorted(typed.keys() & free.keys()):
        if not same_value(name, typed[name], free[name]):
            raise ExtensionSettingsError(
                f"'{name}' is '{typed[name]}' by an option and '{free[name]}' in settings; drop one."
            )
    twice = sorted(protected.keys() & {*typed, *free})
    if twice:
        raise ExtensionSettingsError(
            f"{', '.join(twice)} is given both as a setting and in protected_settings; keep it in one of them."
        )


def _check_purpose(final: Mapping[str, str], *, is_new: bool) -> None:
    """Raise ExtensionSettingsError when a new extension would serve nothing (deploy: one of the two must be true)."""
    if is_new and not is_on(final.get("enableTraining")) and not is_on(final.get("enableInference")):
        raise ExtensionSettingsError("The extension needs enable_training, enable_inference, or both.")


def _check_names(wanted: Mapping[str, str], cluster: ClusterFacts) -> None:
    """Raise ExtensionSettingsError for settings that would name another cluster than the one they are sent to."""
    for name in wanted:
        if name.lower() in _CLUSTER_ID_SETTINGS and not same_value(name, wanted[name], cluster["id"]):
            raise ExtensionSettingsError(
                f"'{name}' in settings must be the cluster's own id, which is sent anyway; leave it out."
            )


def _check_router(wanted: Mapping[str, str], final: Mapping[str, str], cluster: ClusterFacts) -> None:
    """Raise ExtensionSettingsError when the router's settings do not make a whole (deploy; cli)."""
    service = final.get("inferenceRouterServiceType", "")
    if service.lower() not in [each.lower() for each in SERVICE_TYPES]:
        near = difflib.get_close_matches(service, SERVICE_TYPES, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ExtensionSettingsError(
            f"Inference needs inference_router_service_type: {', '.join(SERVICE_TYPES)}{hint}."
        )
    if wanted.get("internalLoadBalancerProvider") or is_on(wanted.get(INTERNAL_LOAD_BALANCER)):
        if cluster["kind"] == "arc":
            raise ExtensionSettingsError("internal_load_balancer_provider is for AKS clusters only.")
        if service.lower() != "loadbalancer":
            raise ExtensionSettingsError(
                "internal_load_balancer_provider needs inference_router_service_type LoadBalancer."
            )
    nodes = cluster["node_count"]
    too_few = nodes is not None and nodes < NODES_FOR_HIGH_AVAILABILITY
    if too_few and is_on(wanted.get("inferenceRouterHA")):
        raise ExtensionSettingsError(
            f"inference_router_ha needs {NODES_FOR_HIGH_AVAILABILITY} nodes, cluster {cluster['name']} has {nodes}; "
            "set inference_router_ha to false or add nodes."
        )


def _check_tls(
    options: ExtensionOptions,
    wanted: Mapping[str, str],
    final: Mapping[str, str],
    protected: Mapping[str, str],
    *,
    is_new: bool,
) -> None:
    """Raise ExtensionSettingsError unless one of TLS by key pair, TLS by Secret, insecure access is chosen."""
    certificate, key = protected.get(SSL_CERTIFICATE), protected.get(SSL_KEY)
    secret = final.get(SSL_SECRET)
    if (certificate or key) and wanted.get(SSL_SECRET):
        raise ExtensionSettingsError("Give either ssl_secret or a certificate with its key, not both.")
    if bool(certificate) != bool(key) or bool(options.ssl_certificate) != bool(options.ssl_key):
        raise ExtensionSettingsError("A TLS certificate and its key go together; one of them is missing.")
    if is_on(wanted.get("allowInsecureConnections")) and (certificate or wanted.get(SSL_SECRET)):
        raise ExtensionSettingsError("allow_insecure_connections and TLS contradict each other; choose one.")
    if (certificate or secret) and not final.get("sslCname"):
        raise ExtensionSettingsError("TLS needs ssl_cname, the name that the certificate is for.")
    if is_new and not (certificate or secret or is_on(final.get("allowInsecureConnections"))):
        raise ExtensionSettingsError(
            "Inference needs a decision about TLS: give a certificate with its key, or ssl_secret, and ssl_cname; "
            "or set allow_insecure_connections to true for development and test."
        )


def _refuse_inference_options(options: ExtensionOptions) -> None:
    """Raise ExtensionSettingsError for options of the router while inference is off: they would do nothing."""
    given = [name for name, each in OPTIONS.items() if each.router_only and getattr(options, name)]
    if given:
        raise ExtensionSettingsError(f"{', '.join(given)}: only with enable_inference, which is off.")


def _warnings(cluster: ClusterFacts, wanted: Mapping[str, str], protected: Mapping[str, str]) -> tuple[str, ...]:
    """Return what the user should know although nothing forbids it."""
    relay_off = "relayserver.enabled" in wanted and not is_on(wanted["relayserver.enabled"])
    if cluster["kind"] == "arc" and not relay_off and RELAY_CONNECTION not in protected:
        return (
            f"Cluster {cluster['name']} is connected through Azure Arc and protected_settings has no "
            f"'{RELAY_CONNECTION}': the Azure CLI makes an Azure Relay for such clusters, this module does not.",
        )
    return ()
