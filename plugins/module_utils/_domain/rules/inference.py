# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is the router for inference decided on: service type, TLS, high availability?"""

from __future__ import annotations

import json

from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension import certificates
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.problems import ProblemCode
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.setting_values import (
    NODES_FOR_HIGH_AVAILABILITY,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import Facts
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host import wanted_labels
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.proposal import proposal
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.settings import Settings
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.wanted_extension import drafted_settings
from ansible_collections.azureml.fleet.plugins.module_utils._domain.rules import _sources as source
from ansible_collections.azureml.fleet.plugins.module_utils._domain.rules._engine import Evidence, rule


def _refused(settings: Settings, facts: Facts, code: ProblemCode) -> list[str]:
    """Return what of one kind the extension would refuse: its own judgement, which the module calls as well."""
    return [each.for_variables() for each in drafted_settings(settings, facts).problems if each.code == code]


@rule(
    "inference-not-wanted",
    "note",
    "v1 serves on this cluster, and the run is for training only: no router of v2 is installed",
    remedy="Nothing has to be done when only training is wanted. Else give the host the variables above, which carry "
    "over what v1 has, and put your own values where they are capitals.",
    source=source.UPGRADE_FROM_V1,
)
def inference_not_wanted(settings: Settings, facts: Facts) -> Evidence:
    """Propose the variables for inference, as lines of YAML, from what v1 has."""
    return [f"{name}: {json.dumps(value)}" for name, value in proposal(settings, facts).items()]


@rule(
    "router-service-type-missing",
    "blocker",
    "Inference is wanted, but not how its router is exposed",
    remedy="Set aml_inference_router_service_type to LoadBalancer, NodePort or ClusterIP.",
    source=source.DEPLOY_EXTENSION,
)
def router_service_type_missing(settings: Settings, facts: Facts) -> Evidence:
    """Find inference without a service type: the chart requires one. What an extension has already stays."""
    return _refused(settings, facts, "service type")


@rule(
    "tls-undecided",
    "blocker",
    "Inference is wanted, but neither TLS nor insecure access was chosen",
    remedy="Give aml_ssl_cname with either aml_ssl_secret or a certificate and key (aml_ssl_certificate_file, "
    "aml_ssl_key_file), or choose plain HTTP with aml_allow_insecure_connections: true.",
    source=source.SECURE_ENDPOINT,
)
def tls_undecided(settings: Settings, facts: Facts) -> Evidence:
    """Find inference without a decision about TLS; an extension that serves has one already."""
    return _refused(settings, facts, "tls undecided")


@rule(
    "tls-incomplete",
    "blocker",
    "The router's TLS settings are incomplete",
    remedy="Give certificate, key and aml_ssl_cname together, or aml_ssl_secret and aml_ssl_cname.",
    source=source.SECURE_ENDPOINT,
)
def tls_incomplete(settings: Settings, facts: Facts) -> Evidence:
    """Find a certificate without key, a key without certificate, or TLS without the name to serve."""
    return _refused(settings, facts, "tls incomplete")


@rule(
    "tls-secret-missing",
    "blocker",
    "The Secret with the router's certificate is not there, or lacks an entry",
    remedy="Make it: `kubectl create namespace azureml` where there is none, then `kubectl create secret generic NAME "
    "--namespace azureml --from-file=cert.pem --from-file=key.pem` with the name that aml_ssl_secret says.",
    source=source.SECURE_ENDPOINT,
)
def tls_secret_missing(settings: Settings, facts: Facts) -> Evidence:
    """Find a Secret without cert.pem or key.pem, before the installation fails for it (E40007).

    Where the credentials may not read it, nothing is said: no shipped role lets them.
    """
    secret = facts["kubernetes"]["tls_secret"] if facts["kubernetes"] else None
    if not settings.extension.enable_inference or secret is None or secret["keys"] is None:
        return None
    if not secret["keys"]:
        return f"There is no Secret {secret['name']} in namespace azureml, or it is empty."
    lacks = [each for each in ("cert.pem", "key.pem") if each not in secret["keys"]]
    return f"Secret {secret['name']} in namespace azureml lacks {' and '.join(lacks)}." if lacks else None


@rule(
    "tls-ambiguous",
    "blocker",
    "Insecure access was chosen although TLS is given",
    remedy="Remove aml_allow_insecure_connections, or the TLS settings.",
    source=source.SECURE_ENDPOINT,
)
def tls_ambiguous(settings: Settings, facts: Facts) -> Evidence:
    """Find both decisions at once."""
    return _refused(settings, facts, "tls ambiguous")


@rule(
    "tls-certificate-unusable",
    "blocker",
    "The router's certificate or key cannot be used",
    remedy="Give a PEM certificate that is valid today and covers aml_ssl_cname, with its own unencrypted PEM key.",
    source=source.SECURE_ENDPOINT,
)
def tls_certificate_unusable(settings: Settings, _facts: Facts) -> Evidence:
    """Find a certificate or key that does not parse, belongs to another, is encrypted, expired, or for another name."""
    return _certificate(settings)[0]


@rule(
    "tls-certificate-ageing",
    "warning",
    "The router's certificate needs attention soon",
    remedy="Renew the certificate, and give its chain with the server's certificate first.",
    source=source.SECURE_ENDPOINT,
)
def tls_certificate_ageing(settings: Settings, _facts: Facts) -> Evidence:
    """Find a certificate that expires within 30 days, or a chain out of order."""
    return _certificate(settings)[1]


@rule(
    "router-ha-impossible",
    "blocker",
    "High availability of the router needs three nodes that can run it",
    remedy="Add nodes that are ready, run Linux, have no taint but Azure Machine Learning's own, and match "
    "aml_node_selector; or set aml_inference_router_ha: false.",
    source=source.REFERENCE,
)
def router_ha_impossible(settings: Settings, facts: Facts) -> Evidence:
    """Find high availability that is wanted, or comes by itself on three nodes, where its replicas have no place.

    An extension that has it already is left alone: nodes come and go.
    """
    if not drafted_settings(settings, facts).gains_replicas:
        return None
    usable, said = _nodes_for_router(settings, facts)
    if usable is not None and usable < NODES_FOR_HIGH_AVAILABILITY:
        return said
    return _refused(settings, facts, "high availability")


@rule(
    "router-ha-off",
    "note",
    "The router runs without high availability: the cluster has fewer than three nodes",
    remedy="Nothing has to be done for tests. For production use at least three nodes.",
    source=source.REFERENCE,
)
def router_ha_off(settings: Settings, facts: Facts) -> Evidence:
    """Tell that a small cluster gets a single router and the purpose DevTest."""
    nodes = facts["cluster"]["node_count"]
    if not settings.extension.enable_inference or drafted_settings(settings, facts).has_replicas:
        return None
    return f"The cluster has {nodes} node(s)." if nodes is not None and nodes < NODES_FOR_HIGH_AVAILABILITY else None


def _nodes_for_router(settings: Settings, facts: Facts) -> tuple[int | None, list[str]]:
    """Return how many nodes can run the router, and sentences with what the others lack.

    Where the cluster's API gave no answer, all nodes that Azure counts are taken to be usable.
    """
    if facts["kubernetes"] is None:
        return facts["cluster"]["node_count"], [f"The cluster has {facts['cluster']['node_count']} node(s)."]
    unfit = wanted_labels.unfit_for_router(settings, facts)
    usable = sum(not lacks for lacks in unfit.values())
    others = [f"Node {name}: {'; '.join(lacks)}." for name, lacks in sorted(unfit.items()) if lacks]
    return usable, [f"{usable} of {len(unfit)} node(s) can run the router.", *others]


@rule(
    "router-cluster-ip",
    "warning",
    "The router gets a ClusterIP: its scoring URI cannot be reached from outside the cluster",
    remedy="Use LoadBalancer (internal with aml_internal_load_balancer_provider: azure) or NodePort, unless something "
    "of your own leads to the router.",
    source=source.DEPLOY_EXTENSION,
)
def router_cluster_ip(settings: Settings, _facts: Facts) -> Evidence:
    """Tell that a ClusterIP is only for callers inside the cluster."""
    if settings.extension.enable_inference and settings.extension.inference_router_service_type == "ClusterIP":
        return "aml_inference_router_service_type is ClusterIP."
    return None


@rule(
    "router-internal-load-balancer",
    "blocker",
    "An internal load balancer is wanted, but the router's service type is not LoadBalancer",
    remedy="Set aml_inference_router_service_type: LoadBalancer, or remove aml_internal_load_balancer_provider.",
    source=source.DEPLOY_EXTENSION,
)
def router_internal_load_balancer(settings: Settings, facts: Facts) -> Evidence:
    """Find a provider of internal load balancers that has no load balancer to provide."""
    return _refused(settings, facts, "internal load balancer")


def _certificate(settings: Settings) -> tuple[str | None, list[str]]:
    """Return what makes the certificate unusable, and what should be known about it otherwise."""
    if not settings.extension.enable_inference or not settings.certificate or not settings.key:
        return None, []
    try:
        return None, certificates.check_key_pair(settings.certificate, settings.key, settings.extension.ssl_cname)
    except certificates.CertificateError as error:
        return str(error), []
