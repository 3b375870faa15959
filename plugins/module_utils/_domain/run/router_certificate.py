# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does the router serve HTTPS, with the certificate that is wanted? Judged by what it showed in a handshake.

Source: learn.microsoft.com/azure/machine-learning/how-to-secure-kubernetes-online-endpoint.
"""

from __future__ import annotations

import datetime

from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension import certificates
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.components import serves_tls
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import CertificateFacts, Facts
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.settings import Settings
from ansible_collections.azureml.fleet.plugins.module_utils._domain.names import EXTENSION_NAMESPACE
from ansible_collections.azureml.fleet.plugins.module_utils._domain.run.answers import Said

#: Days before its end from which on a certificate is worth a word.
_SOON = datetime.timedelta(days=30)


def router_certificate(settings: Settings, facts: Facts) -> Said:
    """Return what is wrong with the certificate that the router shows; nothing where it is to serve plain HTTP."""
    extension = facts["extension"]
    if extension is None or not serves_tls(extension):
        return Said()
    seen = facts.get("router_tls")
    if seen is None:
        return Said(unseen=["the cluster's API gave no answer, so the router's address is not known."])
    certificate = seen["certificate"]
    if seen.get("mixed"):
        return Said(
            [
                f"{seen['place']} is still rolling out: {seen['reason']}. Verify again in some minutes; if it stays "
                "so, restart the router's pods."
            ]
        )
    waiting = _without_address(facts)
    if certificate is None and waiting:
        return Said(waiting)
    if certificate is None and not seen["answered"]:
        return Said(unseen=[f"{seen['reason']}. From a machine that reaches it: verify again there."])
    if certificate is None:
        return Said([f"{seen['place']} answers, but not with TLS ({seen['reason']})."])
    cname = settings.extension.ssl_cname or extension["settings"].get("sslCname")
    problems = _problems(certificate, cname, str(seen["place"]), datetime.datetime.now(datetime.timezone.utc))
    wanted, unseen = _wanted(settings, facts)
    if wanted is not None and wanted != certificate["fingerprint"]:
        problems.append(
            f"{seen['place']} shows the certificate {short(certificate)}, and {wanted[:16]}… is wanted. Playbook "
            "azureml.fleet.renew_certificate brings a new one."
        )
    return Said(problems, [] if problems else _remarks(certificate), unseen)


def _without_address(facts: Facts) -> list[str]:
    """Return the extension's own Service when it waits for a load balancer: Helm had waited for its address."""
    services = facts["kubernetes"]["router_services"] if facts["kubernetes"] else []
    return [
        f"Service {each['namespace']}/{each['name']} is of type LoadBalancer and has no address."
        for each in services
        if each["namespace"] == EXTENSION_NAMESPACE and each["type"] == "LoadBalancer" and not each["address"]
    ]


def short(certificate: CertificateFacts) -> str:
    """Return a certificate in few words: the beginning of its fingerprint, and its last day."""
    return f"{certificate['fingerprint'][:16]}… (until {certificate['ends'][:10]})"


def _problems(certificate: CertificateFacts, cname: str | None, place: str, now: datetime.datetime) -> list[str]:
    """Return why callers would not take a certificate, whichever one is wanted."""
    found: list[str] = []
    if datetime.datetime.fromisoformat(certificate["ends"]) < now:
        found.append(f"The certificate that {place} shows expired on {certificate['ends'][:10]}.")
    if datetime.datetime.fromisoformat(certificate["begins"]) > now:
        found.append(f"The certificate that {place} shows is not valid before {certificate['begins'][:10]}.")
    if cname and not certificates.covers(certificate, cname):
        names = ", ".join(certificate["names"]) or "no name at all"
        found.append(f"The certificate that {place} shows is for {names}, and not for {cname}.")
    return found


def _wanted(settings: Settings, facts: Facts) -> tuple[str | None, list[str]]:
    """Return the fingerprint of the certificate that the host's variables ask for, and why it is not known."""
    if settings.certificate:
        try:
            return certificates.facts_of_pem(settings.certificate)["fingerprint"], []
        except certificates.CertificateError as error:
            return None, [str(error)]
    secret = facts["kubernetes"]["tls_secret"] if facts["kubernetes"] else None
    if not settings.extension.ssl_secret:
        return None, []
    if secret is None or secret["fingerprint"] is None:
        name = settings.extension.ssl_secret
        return None, [f"the certificate in Secret azureml/{name} could not be read to compare it with what is served."]
    return secret["fingerprint"], []


def _remarks(certificate: CertificateFacts) -> list[str]:
    """Return that a certificate ends soon."""
    ends = datetime.datetime.fromisoformat(certificate["ends"])
    if ends - datetime.datetime.now(datetime.timezone.utc) > _SOON:
        return []
    return [f"The router's certificate expires on {certificate['ends'][:10]}, in less than 30 days."]
