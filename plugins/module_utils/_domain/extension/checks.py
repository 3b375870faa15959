# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the settings that an extension would have make a whole: the one judgement, of modules and of preflight.

Sources, by their short names, as in `options.py`: deploy, cli.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.components import inference_is_installed
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.options import (
    DEFAULTS,
    OPTIONS,
    SERVICE_TYPES,
    SSL_SECRET,
    ExtensionOptions,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.problems import (
    NO_PURPOSE,
    Problem,
    option_problems,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.setting_values import (
    CLUSTER_ID_SETTINGS,
    INTERNAL_LOAD_BALANCER,
    NODES_FOR_HIGH_AVAILABILITY,
    SSL_CERTIFICATE,
    SSL_KEY,
    is_on,
    same_value,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import ClusterFacts, ExtensionFacts

_REPLICAS = "inferenceRouterHA"


@dataclass(frozen=True)
class Draft:
    """An extension as it would become, before it is judged."""

    options: ExtensionOptions
    cluster: ClusterFacts
    existing: ExtensionFacts | None
    wanted: Mapping[str, str]
    protected: Mapping[str, str] = field(repr=False)
    #: Every setting that it would have then, whatever way the value came into it.
    outcome: Mapping[str, str]

    @property
    def inference(self) -> bool:
        """Whether it would serve."""
        return is_on(self.outcome.get("enableInference"))

    @property
    def has_replicas(self) -> bool:
        """Whether the router would run highly available: the chart lets it unless it is told not to."""
        return self.inference and is_on(self.outcome.get(_REPLICAS, DEFAULTS[_REPLICAS]))

    @property
    def gains_replicas(self) -> bool:
        """Whether the router would become highly available. One that is so keeps it: nodes come and go."""
        return self.has_replicas and not self._had_replicas

    @property
    def _had_replicas(self) -> bool:
        if self.existing is None or not inference_is_installed(self.existing):
            return False
        return is_on(self.existing["settings"].get(_REPLICAS, DEFAULTS[_REPLICAS]))


def problems_of(draft: Draft) -> Iterator[Problem]:
    """Yield everything that is wrong with an extension as it would become."""
    yield from option_problems(draft.options)
    if draft.existing is None and not draft.inference and not is_on(draft.outcome.get("enableTraining")):
        # deploy: one of the two must be true
        yield NO_PURPOSE
    yield from _names_of_others(draft)
    if draft.inference:
        yield from _router(draft)
        yield from _tls(draft)
    else:
        yield from _options_of_the_router(draft.options)


def contradictions(
    typed: Mapping[str, str], free: Mapping[str, str], protected: Mapping[str, str]
) -> Iterator[Problem]:
    """Yield settings that are given twice and differently, or both openly and protected."""
    for name in sorted(typed.keys() & free.keys()):
        if not same_value(name, typed[name], free[name]):
            yield Problem(f"'{name}' is '{typed[name]}' by an option and '{free[name]}' in O(settings); drop one.")
    twice = sorted(protected.keys() & {*typed, *free})
    if twice:
        yield Problem(
            f"{', '.join(twice)} is given both as a setting and in O(protected_settings); keep it in one of them."
        )


def _names_of_others(draft: Draft) -> Iterator[Problem]:
    """Yield settings that would name another cluster than the one they are sent to."""
    for name, value in draft.wanted.items():
        if name.lower() in CLUSTER_ID_SETTINGS and not same_value(name, value, draft.cluster["id"]):
            yield Problem(f"'{name}' in O(settings) must be the cluster's own id, which is sent anyway; leave it out.")


def _router(draft: Draft) -> Iterator[Problem]:
    """Yield what of the router's settings does not make a whole (deploy; cli)."""
    service = draft.outcome.get("inferenceRouterServiceType", "")
    known = service.lower() in [each.lower() for each in SERVICE_TYPES]
    if not known:
        near = difflib.get_close_matches(service, SERVICE_TYPES, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        yield Problem(
            f"Inference needs O(inference_router_service_type): {', '.join(SERVICE_TYPES)}{hint}.", "service type"
        )
    if draft.wanted.get("internalLoadBalancerProvider") or is_on(draft.wanted.get(INTERNAL_LOAD_BALANCER)):
        if draft.cluster["kind"] == "arc":
            yield Problem("O(internal_load_balancer_provider) is for AKS clusters only.")
        elif known and service.lower() != "loadbalancer":
            yield Problem(
                "O(internal_load_balancer_provider) needs O(inference_router_service_type) LoadBalancer, not "
                f"{service}.",
                "internal load balancer",
            )
    nodes = draft.cluster["node_count"]
    if nodes is not None and nodes < NODES_FOR_HIGH_AVAILABILITY and draft.gains_replicas:
        yield Problem(
            f"O(inference_router_ha) needs {NODES_FOR_HIGH_AVAILABILITY} nodes, cluster {draft.cluster['name']} has "
            f"{nodes}; set it to false or add nodes.",
            "high availability",
        )


def _tls(draft: Draft) -> Iterator[Problem]:
    """Yield what is wrong unless one of TLS by key pair, TLS by Secret, insecure access is chosen (deploy)."""
    options, protected = draft.options, draft.protected
    certificate, key = protected.get(SSL_CERTIFICATE), protected.get(SSL_KEY)
    given = bool(certificate or key or options.ssl_certificate or options.ssl_key)
    secret = draft.outcome.get(SSL_SECRET)
    if given and draft.wanted.get(SSL_SECRET):
        yield Problem("Give either O(ssl_secret) or a certificate with its key, not both.")
    if bool(certificate) != bool(key) or bool(options.ssl_certificate) != bool(options.ssl_key):
        yield Problem("A TLS certificate and its key go together; one of them is missing.", "tls incomplete")
    if is_on(draft.wanted.get("allowInsecureConnections")) and (certificate or draft.wanted.get(SSL_SECRET)):
        yield Problem(
            "O(allow_insecure_connections) is true beside a certificate or O(ssl_secret): they contradict each other; "
            "choose one.",
            "tls ambiguous",
        )
    if (given or secret) and not draft.outcome.get("sslCname"):
        yield Problem("TLS needs O(ssl_cname), the name that the certificate is for.", "tls incomplete")
    if not (given or secret or is_on(draft.outcome.get("allowInsecureConnections")) or _is_decided(draft.existing)):
        yield Problem(
            "Inference needs a decision about TLS: give a certificate with its key, or O(ssl_secret), and "
            "O(ssl_cname); or set O(allow_insecure_connections) to true for development and test.",
            "tls undecided",
        )


def _is_decided(existing: ExtensionFacts | None) -> bool:
    """Tell whether what is installed serves already, or holds a certificate from the time when it did."""
    if existing is None:
        return False
    return is_on(existing["settings"].get("enableInference")) or SSL_CERTIFICATE in existing["protected_settings"]


def _options_of_the_router(options: ExtensionOptions) -> Iterator[Problem]:
    """Yield the options of the router while inference is off: they would do nothing."""
    given = [f"O({name})" for name, each in OPTIONS.items() if each.router_only and getattr(options, name)]
    if given:
        yield Problem(f"{', '.join(given)}: only with O(enable_inference), which is off.")
