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

from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import ClusterFacts
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.errors import InputError

#: Under this many nodes the router cannot have its three replicas (deploy; health check code E40002).
NODES_FOR_HIGH_AVAILABILITY = 3

SERVICE_TYPES = ("ClusterIP", "LoadBalancer", "NodePort")

#: Option of `aml_extension` that is on or off -> the setting it becomes (deploy; enable_upgrade: upgrade).
SWITCHES = {
    "allow_insecure_connections": "allowInsecureConnections",
    "enable_inference": "enableInference",
    "enable_training": "enableTraining",
    "enable_upgrade": "scoringFe.enableUpgrade",
    "inference_router_ha": "inferenceRouterHA",
    "install_dcgm_exporter": "installDcgmExporter",
    "install_nvidia_device_plugin": "installNvidiaDevicePlugin",
    "install_prom_op": "installPromOp",
    "install_volcano": "installVolcano",
}
#: Option with a text -> the setting it becomes (deploy; cluster_purpose: cli).
TEXTS = {
    "cluster_purpose": "clusterPurpose",
    "inference_router_service_type": "inferenceRouterServiceType",
    "internal_load_balancer_provider": "internalLoadBalancerProvider",
    "ssl_cname": "sslCname",
}
#: Values that hold where an extension has none (deploy, "Review Azure Machine Learning extension configuration").
DEFAULTS = {
    "allowInsecureConnections": "False",
    "enableInference": "False",
    "enableTraining": "False",
    "inferenceRouterHA": "True",
    "installDcgmExporter": "False",
    "installNvidiaDevicePlugin": "False",
    "installPromOp": "True",
    "installVolcano": "True",
    "scoringFe.enableUpgrade": "False",
}
#: What the chart itself reads beside the documented names (cli).
NODE_PORT = "scoringFe.serviceType.nodePort"
INTERNAL_LOAD_BALANCER = "scoringFe.serviceType.internalLoadBalancer"
SSL_SECRET = "scoringFe.sslSecret"
SSL_CERTIFICATE = "scoringFe.sslCert"
SSL_KEY = "scoringFe.sslKey"
RELAY_CONNECTION = "relayserver.relayConnectionString"
_NODE_SELECTOR = "nodeSelector."

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
#: Changes of a live router that interrupt its callers (cli: `az k8s-extension update` asks before them).
_INTERRUPTING = (
    "allowInsecureConnections",
    "inferenceRouterServiceType",
    "internalLoadBalancerProvider",
    "sslCname",
)
_CLUSTER_ID_SETTINGS = ("clusterid", "cluster_name", "prometheus.prometheusspec.externallabels.cluster_name")


class ExtensionSettingsError(InputError):
    """Options that the extension would refuse, or take without doing what they say."""


@dataclass(frozen=True)
class ExtensionOptions:
    """What a user wants of the extension; None means 'as it is', or the chart's default for a new extension."""

    enable_training: bool | None = None
    enable_inference: bool | None = None
    inference_router_service_type: str | None = None
    internal_load_balancer_provider: str | None = None
    allow_insecure_connections: bool | None = None
    ssl_secret: str | None = None
    ssl_cname: str | None = None
    #: Base64 of the PEM text, or None; both or neither.
    ssl_certificate: str | None = field(default=None, repr=False)
    ssl_key: str | None = field(default=None, repr=False)
    inference_router_ha: bool | None = None
    node_selector: Mapping[str, Any] = field(default_factory=dict)
    install_nvidia_device_plugin: bool | None = None
    install_prom_op: bool | None = None
    install_volcano: bool | None = None
    install_dcgm_exporter: bool | None = None
    cluster_purpose: str | None = None
    enable_upgrade: bool | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    protected_settings: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class FinalSettings:
    """What is to be sent for a new extension, and what of it fills gaps only in one that exists."""

    #: From options and free settings: these are wanted, whatever is there.
    wanted: dict[str, str]
    #: Derived from the cluster: sent where the extension has no value of its own.
    derived: dict[str, str]
    protected: dict[str, str] = field(repr=False)
    warnings: tuple[str, ...] = ()

    def for_new(self) -> dict[str, str]:
        """Return the settings of a new extension."""
        return {**self.derived, **self.wanted}

    def changes(self, existing: Mapping[str, str]) -> dict[str, str]:
        """Return the settings to send so that `existing` becomes what is wanted; Azure merges them by key.

        An equal value is no change, and neither is the chart's default where the extension has no value.
        """
        gaps = {name: value for name, value in self.derived.items() if name not in existing}
        return {
            name: value
            for name, value in {**gaps, **self.wanted}.items()
            if not same_value(name, existing.get(name, DEFAULTS.get(name, "")), value)
        }


def final_settings(
    options: ExtensionOptions, cluster: ClusterFacts, existing: Mapping[str, str] | None = None
) -> FinalSettings:
    """Return the settings for `options` on `cluster`, with `existing` settings of the extension where there is one.

    Raises ExtensionSettingsError, one sentence, when the options contradict each other or the documentation.
    """
    free = _free_settings(options.settings, "settings")
    protected = _free_settings(options.protected_settings, "protected_settings")
    typed = _typed_settings(options, existing or {})
    _refuse_contradictions(typed, free)
    wanted = {**free, **typed}
    inference = is_on({**(existing or {}), **wanted}.get("enableInference"))
    if options.ssl_certificate and options.ssl_key:
        protected.update({SSL_CERTIFICATE: options.ssl_certificate, SSL_KEY: options.ssl_key})
    _check_purpose({**(existing or {}), **wanted}, is_new=existing is None)
    if inference:
        _check_inference(options, {**(existing or {}), **wanted}, protected, cluster, is_new=existing is None)
    else:
        _refuse_inference_options(options)
    return FinalSettings(
        wanted=wanted,
        derived=derived_settings(cluster, wanted, inference=inference),
        protected=protected,
        warnings=_warnings(cluster, wanted, protected),
    )


def derived_settings(
    cluster: ClusterFacts, wanted: Mapping[str, str] | None = None, *, inference: bool = True
) -> dict[str, str]:
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
    nodes = cluster["node_count"]
    if nodes is not None and nodes < NODES_FOR_HIGH_AVAILABILITY:
        derived["clusterPurpose"] = "DevTest"
        if inference:
            derived["inferenceRouterHA"] = "false"
    if on_arc and str(cluster["distribution"] or "").lower() == "openshift":
        derived["openshift"] = "true"
    return {name: value for name, value in derived.items() if name not in (wanted or {})}


def disruptions(existing: Mapping[str, str], changes: Mapping[str, str]) -> list[str]:
    """Return the changed settings that interrupt what runs on a live extension, in alphabetical order.

    Those of the router count only where inference is on (cli); a node selector moves every pod (deploy).
    """
    found: list[str] = []
    serving = is_on(existing.get("enableInference"))
    for name, value in changes.items():
        before = existing.get(name, DEFAULTS.get(name, ""))
        interrupts = serving and name in _INTERRUPTING and not same_value(name, before, value)
        switched_off = name in ("enableInference", "enableTraining") and is_on(before) and not is_on(value)
        if interrupts or switched_off or name.startswith(_NODE_SELECTOR):
            found.append(name)
    return sorted(found)


def same_value(name: str, one: str, other: str) -> bool:
    """Tell whether two texts of a setting mean the same: `True` equals `true`, ids ignore letter case."""
    if one == other:
        return True
    ignores_case = (
        {one.lower(), other.lower()} <= {"true", "false"}
        or name.lower() in _CLUSTER_ID_SETTINGS
        or name in ("inferenceRouterServiceType", "clusterPurpose", "internalLoadBalancerProvider")
    )
    return ignores_case and one.lower() == other.lower()


def is_on(value: str | None) -> bool:
    """Tell whether a setting's text is true."""
    return str(value or "").strip().lower() == "true"


def _typed_settings(options: ExtensionOptions, existing: Mapping[str, str]) -> dict[str, str]:
    """Return the settings that the documented options become, with the companions that the chart reads (cli)."""
    switches = {name: getattr(options, option) for option, name in SWITCHES.items()}
    texts = {name: getattr(options, option) for option, name in TEXTS.items()}
    typed = {name: "True" if value else "False" for name, value in switches.items() if value is not None}
    typed.update({name: str(value) for name, value in texts.items() if value})
    if options.inference_router_service_type == "NodePort":
        typed[NODE_PORT] = "True"
    elif options.inference_router_service_type and is_on(existing.get(NODE_PORT)):
        typed[NODE_PORT] = "False"
    if options.internal_load_balancer_provider:
        typed[INTERNAL_LOAD_BALANCER] = "True"
    if options.ssl_secret:
        typed[SSL_SECRET] = options.ssl_secret
    for key, value in options.node_selector.items():
        typed[f"{_NODE_SELECTOR}{key}"] = _as_text(f"node_selector {key}", value)
    return typed


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


def _refuse_contradictions(typed: Mapping[str, str], free: Mapping[str, str]) -> None:
    """Raise ExtensionSettingsError when an option and the free map say different things about one setting."""
    for name in sorted(typed.keys() & free.keys()):
        if not same_value(name, typed[name], free[name]):
            raise ExtensionSettingsError(
                f"'{name}' is '{typed[name]}' by an option and '{free[name]}' in settings; drop one."
            )


def _check_purpose(settings: Mapping[str, str], *, is_new: bool) -> None:
    """Raise ExtensionSettingsError when a new extension would serve nothing (deploy: one of the two must be true)."""
    if is_new and not is_on(settings.get("enableTraining")) and not is_on(settings.get("enableInference")):
        raise ExtensionSettingsError("The extension needs enable_training, enable_inference, or both.")


def _check_inference(
    options: ExtensionOptions,
    settings: Mapping[str, str],
    protected: Mapping[str, str],
    cluster: ClusterFacts,
    *,
    is_new: bool,
) -> None:
    """Raise ExtensionSettingsError when the router's settings do not make a whole (deploy; cli)."""
    service = settings.get("inferenceRouterServiceType", "")
    if service.lower() not in [each.lower() for each in SERVICE_TYPES]:
        near = difflib.get_close_matches(service, SERVICE_TYPES, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ExtensionSettingsError(
            f"Inference needs inference_router_service_type: {', '.join(SERVICE_TYPES)}{hint}."
        )
    if options.internal_load_balancer_provider:
        if cluster["kind"] == "arc":
            raise ExtensionSettingsError("internal_load_balancer_provider is for AKS clusters only.")
        if service.lower() != "loadbalancer":
            raise ExtensionSettingsError(
                "internal_load_balancer_provider needs inference_router_service_type LoadBalancer."
            )
    nodes = cluster["node_count"]
    too_few = nodes is not None and nodes < NODES_FOR_HIGH_AVAILABILITY
    if too_few and options.inference_router_ha:
        raise ExtensionSettingsError(
            f"inference_router_ha needs {NODES_FOR_HIGH_AVAILABILITY} nodes, cluster {cluster['name']} has {nodes}; "
            "set inference_router_ha to false or add nodes."
        )
    _check_tls(options, settings, protected, is_new=is_new)


def _check_tls(
    options: ExtensionOptions, settings: Mapping[str, str], protected: Mapping[str, str], *, is_new: bool
) -> None:
    """Raise ExtensionSettingsError unless one of TLS by key pair, TLS by Secret, insecure access is chosen."""
    insecure = is_on(settings.get("allowInsecureConnections"))
    pair = bool(protected.get(SSL_CERTIFICATE) and protected.get(SSL_KEY))
    secret = bool(options.ssl_secret or settings.get(SSL_SECRET))
    if pair and options.ssl_secret:
        raise ExtensionSettingsError("Give either ssl_secret or a certificate with its key, not both.")
    if bool(options.ssl_certificate) != bool(options.ssl_key):
        raise ExtensionSettingsError("A TLS certificate and its key go together; one of them is missing.")
    if options.allow_insecure_connections and (options.ssl_certificate or options.ssl_secret):
        raise ExtensionSettingsError("allow_insecure_connections and TLS contradict each other; choose one.")
    if (pair or secret) and not settings.get("sslCname"):
        raise ExtensionSettingsError("TLS needs ssl_cname, the name that the certificate is for.")
    if is_new and not (pair or secret or insecure):
        raise ExtensionSettingsError(
            "Inference needs a decision about TLS: give a certificate with its key, or ssl_secret, and ssl_cname; "
            "or set allow_insecure_connections to true for development and test."
        )


def _refuse_inference_options(options: ExtensionOptions) -> None:
    """Raise ExtensionSettingsError for options of the router while inference is off: they would do nothing."""
    given = [
        name
        for name in (*TEXTS, "ssl_secret", "ssl_certificate")
        if getattr(options, name) and name != "cluster_purpose"
    ]
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
