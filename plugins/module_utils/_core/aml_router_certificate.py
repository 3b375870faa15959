# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Core of `aml_router_certificate`: another certificate for the router, proven by what it serves afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._azure import extension_changes
from ansible_collections.azureml.fleet.plugins.module_utils._azure.connection import MISSING_LIBRARY as MISSING_AZURE
from ansible_collections.azureml.fleet.plugins.module_utils._azure.errors import AzureError
from ansible_collections.azureml.fleet.plugins.module_utils._azure.extension_changes import ExtensionRequest
from ansible_collections.azureml.fleet.plugins.module_utils._core._access import (
    MISSING_LIBRARY as MISSING_KUBERNETES,
)
from ansible_collections.azureml.fleet.plugins.module_utils._core._access import (
    connect_azure,
    waiting_for,
)
from ansible_collections.azureml.fleet.plugins.module_utils._core._failures import refuse_missing, reported_failures
from ansible_collections.azureml.fleet.plugins.module_utils._core._files import read_text_file
from ansible_collections.azureml.fleet.plugins.module_utils._core._installation import Installation, followed
from ansible_collections.azureml.fleet.plugins.module_utils._core._router_look import RouterLook
from ansible_collections.azureml.fleet.plugins.module_utils._domain.change import described
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension import certificates, renewal
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import (
    CertificateFacts,
    ExtensionFacts,
    RouterTlsFacts,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.options import RunOptions
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.resource_id import parse_cluster_id
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.waiting import WaitTimeoutError
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import Call, Difference, ModuleFailure, Outcome
from ansible_collections.azureml.fleet.plugins.module_utils._module.options import (
    AZURE,
    CLUSTER_REQUIRED,
    KUBERNETES,
    waiting,
)
from ansible_collections.azureml.fleet.plugins.module_utils._module.spec import ModuleSpec

MISSING_LIBRARY = (
    MISSING_AZURE or MISSING_KUBERNETES or extension_changes.MISSING_LIBRARY or certificates.MISSING_CRYPTOGRAPHY
)

SPEC = ModuleSpec(
    argument_spec={
        "ssl_certificate": {"type": "str", "no_log": True},
        "ssl_certificate_file": {"type": "path"},
        "ssl_key": {"type": "str", "no_log": True},
        "ssl_key_file": {"type": "path", "no_log": False},
        "force": {"type": "bool", "default": False},
        "protected_settings": {"type": "dict", "default": {}, "no_log": True},
    },
    mutually_exclusive=(("ssl_certificate", "ssl_certificate_file"), ("ssl_key", "ssl_key_file")),
).merge(AZURE, KUBERNETES, CLUSTER_REQUIRED, waiting(timeout_seconds=RunOptions.extension_timeout))

#: Restarts the router's pods, which may go on with the certificate that they began with (docs/beliefs.md,
#: `router-after-renewal`).
_RESTART = "kubectl rollout restart deployment azureml-fe-v2 --namespace azureml"
_PODS = "kubectl get pods --namespace azureml"


@dataclass
class _Renewal:
    """One call: the extension, what is to be served, and what is served."""

    task: Installation
    extension: ExtensionFacts
    certificate: CertificateFacts
    #: Fingerprints of the certificates that are to be shown, and of those that may be.
    chain: list[str]
    roots: list[str]
    protected: dict[str, str]
    look: RouterLook

    def is_served(self, seen: RouterTlsFacts) -> bool:
        """Tell whether the router shows the certificate that is wanted, and its chain as far as that can be seen."""
        shown = seen["certificate"]
        if shown is None or shown["fingerprint"] != self.certificate["fingerprint"]:
            return False
        return seen["chain"] is None or [each for each in seen["chain"] if each not in self.roots] == self.chain

    def wanted(self, seen: RouterTlsFacts) -> RouterTlsFacts:
        """Return what would be seen were the certificate served."""
        return {**seen, "certificate": self.certificate, "chain": self.chain, "mixed": False}


def run(call: Call) -> Outcome:
    """Give the router another certificate, unless it serves it already."""
    refuse_missing(MISSING_LIBRARY)
    with reported_failures():
        certificate, key = _pair(call)
        cluster = parse_cluster_id(call.params["cluster_id"])
        task = Installation(call, connect_azure(call), cluster, waiting_for(call))
        extension = renewal.check_renewable(task.settle(task.read()), cluster.name)
        if not certificate or not key:  # not before: where a Secret has it, another sentence is of use
            raise ModuleFailure(
                f"No certificate for cluster {cluster.name}, or no key. Nothing was changed; give both, as PEM: "
                "ssl_certificate or ssl_certificate_file, and ssl_key or ssl_key_file (of the playbook: aml_ssl_…)."
            )
        for warning in certificates.check_key_pair(certificate, key, extension["settings"].get("sslCname")):
            call.warn(f"Cluster {cluster.name}: {warning}")
        others = {str(name): str(value) for name, value in call.params["protected_settings"].items()}
        protected = renewal.protected_to_send(extension, certificate, key, others)
        look = RouterLook(call, task.connection, extension)
        chain, roots = certificates.chain_of_pem(certificate), certificates.roots_of_pem(certificate)
        work = _Renewal(task, extension, certificates.facts_of_pem(certificate), chain, roots, protected, look)
        before = work.look()
        if work.is_served(before) and not call.params["force"]:
            _warn_of_chain(work, before, "; force sends it")
            return _outcome(work, before, before, verified=True, chain_checked=before["chain"] is not None)
        if call.check_mode:
            _warn_unseen(work, before)
            return _outcome(work, before, work.wanted(before), verified=False)
        _send(work)
        return _proven(work, before)


def _pair(call: Call) -> tuple[str, str]:
    """Return certificate and key as PEM texts, empty where none is given. Raises ModuleFailure for a file not read."""
    params = call.params
    certificate = params["ssl_certificate"] or read_text_file(params["ssl_certificate_file"], "ssl_certificate_file")
    key = params["ssl_key"] or read_text_file(params["ssl_key_file"], "ssl_key_file")
    for secret in (*((key, certificates.to_setting(key)) if key else ()), *params["protected_settings"].values()):
        call.hide(str(secret))
    return certificate or "", key or ""


def _send(work: _Renewal) -> None:
    """Send the protected settings alone, again while another operation is in the way; wait for the end if asked to."""
    task, name = work.task, work.extension["name"]
    while True:
        try:
            poller = extension_changes.update(
                task.connection,
                task.cluster,
                name,
                ExtensionRequest(protected=work.protected),
                poll_interval=task.waiting.interval,
                follow=task.follow,
            )
            break
        except AzureError as error:
            if not error.busy:
                raise
            task.waiting.pause(task.what(name), f"busy ({error.code})")
            renewal.check_renewable(task.settle(task.read()), task.cluster.name)
    if task.follow:
        followed(task, poller, name, f"Giving another certificate to extension {name} of cluster {task.cluster.name}")


def _proven(work: _Renewal, before: RouterTlsFacts) -> Outcome:
    """Return the result once the router serves the certificate. Raises ModuleFailure when it does not in time.

    Where nobody could look at it before either, that is a warning: nothing is known then. A router that answered before
    and is silent now may have died of the new certificate, which is waited for and then a failure.
    """
    if not work.task.follow:
        return _outcome(work, before, work.wanted(before), verified=False)
    looks = [before]

    def look() -> RouterTlsFacts:
        looks[:] = [work.look()]
        return looks[0]

    try:
        seen = work.task.waiting.until(
            look,
            lambda state: work.is_served(state) or not (state["answered"] or before["answered"]),
            _shown,
            f"The router of cluster {work.task.cluster.name}",
        )
    except WaitTimeoutError as error:
        raise ModuleFailure(_unproven(work, looks[0], error.message), verified=False) from error
    if not seen["answered"]:
        work.task.call.warn(
            f"Cluster {work.task.cluster.name}: Azure has the new certificate, and whether the router serves it was "
            f"not checked: {seen['reason']}."
        )
        return _outcome(work, before, work.wanted(seen), verified=False)
    _warn_of_chain(work, seen)
    return _outcome(work, before, work.wanted(seen), verified=True, chain_checked=seen["chain"] is not None)


def _unproven(work: _Renewal, seen: RouterTlsFacts, waited: str) -> str:
    """Return the failure of a router that was not seen to serve the certificate; a command stands at its end."""
    name, cluster = work.extension["name"], work.task.cluster.name
    has_it = f"Azure has the new certificate: extension {name} of cluster {cluster} took it."
    if not seen["answered"]:
        return (
            f"{has_it} Its router answered before, and now nobody can tell whether it serves: {seen['reason']}. "
            f"{waited} If it stays so, look on cluster {cluster} for pods that do not become ready: {_PODS}"
        )
    return (
        f"{has_it} Its router does not serve it, or not in all its pods: {waited} If it stays so, restart them on "
        f"cluster {cluster}, which go on serving meanwhile: {_RESTART}"
    )


def _warn_unseen(work: _Renewal, before: RouterTlsFacts) -> None:
    """Say that what is served now is not known, so that the certificate would be sent in any case."""
    if not before["answered"]:
        work.task.call.warn(
            f"Cluster {work.task.cluster.name}: what the router serves now was not checked: {before['reason']}."
        )


def _warn_of_chain(work: _Renewal, seen: RouterTlsFacts, more: str = "") -> None:
    """Say that only the router's own certificate was compared, where others belong to it."""
    if seen["chain"] is None and len(work.chain) > 1:
        work.task.call.warn(
            f"Cluster {work.task.cluster.name}: chain not checked, which needs Python 3.13 on the controller: its "
            f"router serves the certificate; whether with the {len(work.chain) - 1} that follow it is not known{more}."
        )


def _shown(seen: RouterTlsFacts) -> str:
    """Return what the router does, in few words."""
    certificate = seen["certificate"]
    if certificate is None:
        return f"{'rolling out' if seen['mixed'] else 'showing no certificate'} ({seen['reason']})"
    others = f" and {len(seen['chain']) - 1} that follow it" if seen["chain"] else ""
    return f"showing certificate {certificate['fingerprint'][:16]}…{others}"


def _outcome(
    work: _Renewal, before: RouterTlsFacts, after: RouterTlsFacts, *, verified: bool, chain_checked: bool = False
) -> Outcome:
    """Return the result: fingerprints, never a key."""
    difference = Difference(
        subject=described("extension", work.extension["name"], f"cluster {work.task.cluster.name}"),
        before={"certificate": _difference(before)},
        after={"certificate": _difference(after)},
    )
    result: dict[str, Any] = {"certificate": work.certificate, "served_before": before, "verified": verified}
    result["chain_checked"] = chain_checked
    return Outcome(changed=difference.before != difference.after, result=result, differences=[difference])


def _difference(seen: RouterTlsFacts) -> dict[str, Any]:
    """Return what is compared: the certificate, or that none was seen."""
    chain = {"chain": "not known" if seen["chain"] is None else seen["chain"]}
    return chain | dict(seen["certificate"] or {"fingerprint": "different ones" if seen["mixed"] else "not known"})
