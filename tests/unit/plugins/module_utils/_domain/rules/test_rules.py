# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every rule both ways: a near miss that it lets pass, and what it finds."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ansible_collections.azureml.fleet.plugins.module_utils._domain import rules
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import Facts, InstanceTypeFacts, LockFacts
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.proposal import proposal
from ansible_collections.azureml.fleet.plugins.module_utils._domain.rules import _engine
from tests.unit.plugins.module_utils._domain.builders import (
    ARC_ID,
    GIB,
    IDENTITY_ID,
    SUBSCRIPTION,
    WORKSPACE_ID,
    compute,
    extension,
    facts,
    gpu_node,
    gpu_pool,
    legacy_compute,
    node,
    pool,
    router_service,
    settings,
    workload,
)

Change = Callable[[Facts], object]


def same(_facts: Facts) -> None:
    """Leave the healthy cluster as it is."""


@dataclass(frozen=True)
class Side:
    """The settings and the change of facts for one side of a rule."""

    change: Change = same
    variables: dict[str, Any] = field(default_factory=dict)
    tls: dict[str, str] = field(default_factory=dict)

    def evidence(self, rule_id: str) -> tuple[str, ...]:
        found = facts()
        self.change(found)
        findings = rules.judge(settings(**self.variables, **self.tls), found)
        return next((each.evidence for each in findings if each.rule.id == rule_id), ())


def side(change: Change = same, /, **variables: Any) -> Side:
    return Side(change, variables)


def cluster(**changes: Any) -> Change:
    return lambda found: found["cluster"].update(changes)  # type: ignore[typeddict-item]  # tests name the keys


def kubernetes(**changes: Any) -> Change:
    def change(found: Facts) -> None:
        assert found["kubernetes"] is not None
        found["kubernetes"].update(changes)  # type: ignore[typeddict-item]  # tests name the keys

    return change


def front_end(**changes: Any) -> Change:
    def change(found: Facts) -> None:
        assert found["kubernetes"] is not None
        found["kubernetes"]["front_end"].update(changes)  # type: ignore[typeddict-item]  # tests name the keys

    return change


def computes(*wanted: Any) -> Change:
    return lambda found: found["workspaces"][0].update({"computes": list(wanted)})


def workspace(**changes: Any) -> Change:
    return lambda found: found["workspaces"][0].update(changes)  # type: ignore[typeddict-item]  # tests name the keys


def installed(**changes: Any) -> Change:
    return lambda found: found.update({"extension": extension(**changes)})


def both(*changes: Change) -> Change:
    def change(found: Facts) -> None:
        for each in changes:
            each(found)

    return change


def regions(*names: str) -> Change:
    return lambda found: found.update({"extension_regions": list(names)})


def offered(*versions: str) -> Change:
    return lambda found: found.update({"kubernetes_versions": list(versions)})


def lock(level: str) -> LockFacts:
    return {"name": "keep", "scope": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg", "level": level}


NODE_GROUP = f"/subscriptions/{SUBSCRIPTION.upper()}/resourcegroups/mc_rg_AKS_westeurope"


def lock_of_nodes(level: str, below: str = "") -> LockFacts:
    return {"name": "keep", "scope": NODE_GROUP + below, "level": level}


def locks(*wanted: LockFacts) -> Change:
    return lambda found: found.update({"locks": list(wanted)})


def unreachable(**cluster_changes: Any) -> Change:
    def change(found: Facts) -> None:
        found["kubernetes"] = None
        found["kubernetes_error"] = "connection refused"
        cluster(**cluster_changes)(found)

    return change


def agents(name: str = "aks", group: str = "rg", subscription: str = SUBSCRIPTION) -> Change:
    return kubernetes(arc_agents={"name": name, "resource_group": group, "subscription_id": subscription})


def arc(**changes: Any) -> Change:
    connected = cluster(
        kind="arc", id=ARC_ID, identity="None", connectivity_status="Connected", node_pools=[], **changes
    )
    return both(connected, agents())


def nodes_of(group: str) -> Change:
    return kubernetes(nodes=[node(labels={"kubernetes.azure.com/cluster": group})])


def permission(*, allowed: bool) -> Change:
    return kubernetes(
        permissions=[
            {
                "verb": "patch",
                "group": "apps",
                "resource": "deployments",
                "namespace": "default",
                "name": None,
                "allowed": allowed,
                "purpose": "annotate azureml-fe",
            }
        ]
    )


def key_pair(name: str, *, days: int) -> dict[str, str]:
    """Return a self-signed certificate for `name` that is valid for `days` more days, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return {"certificate": certificate.public_bytes(pem).decode(), "key": private.decode()}


def add_gpu_node(found: Facts) -> None:
    assert found["kubernetes"] is not None
    found["kubernetes"]["nodes"].append(gpu_node())


GPU = both(
    cluster(node_pools=[pool(), gpu_pool()]),
    add_gpu_node,
)
INFERENCE = {"enable_inference": True, "inference_router_service_type": "LoadBalancer"}
OPEN = {**INFERENCE, "allow_insecure_connections": True}
SECURE = {**INFERENCE, "ssl_certificate": "(set)", "ssl_key": "(set)", "ssl_cname": "ml.example.com"}
SERVING = {
    "enableTraining": "True",
    "enableInference": "True",
    "allowInsecureConnections": "True",
    "inferenceRouterServiceType": "NodePort",
}
TYPE = {
    "name": "gpu",
    "node_selector": {"azureml.fleet/gpu-model": "a100"},
    "requests": {"cpu": "4", "memory": "16Gi"},
    "limits": {"cpu": "8", "memory": "32Gi", "nvidia.com/gpu": 2},
}
SMALL = {"name": "cpu", "requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "1Gi"}}
ELSEWHERE = WORKSPACE_ID.replace("10000000", "20000000")


def owned_type(cpu: str) -> InstanceTypeFacts:
    """Return our instance type with a request that somebody edited."""
    return InstanceTypeFacts(
        name="cpu",
        node_selector={},
        requests={"cpu": cpu, "memory": "1Gi"},
        limits={"cpu": "1", "memory": "1Gi"},
        managed=True,
        owners={"resources.requests.cpu": [("kubectl-edit", "Update")]},
    )


WITHOUT_V1 = both(front_end(verdict="absent"), kubernetes(v1_services=[]))

#: rule id -> what it lets pass, what it finds, and words of the evidence.
CASES: dict[str, tuple[Side, Side, str]] = {
    "kubernetes-api-unreachable": (side(unreachable(power_state="Stopped")), side(unreachable()), "refused"),
    "kubernetes-api-of-another-cluster": (
        side(nodes_of("MC_rg_aks_westeurope")),
        side(nodes_of("MC_rg_other_westeurope")),
        "MC_rg_other_westeurope",
    ),
    "private-cluster-unreachable": (
        side(cluster(private=True)),
        side(unreachable(private=True)),
        "refused",
    ),
    "kubernetes-permission-missing": (
        side(permission(allowed=True)),
        side(permission(allowed=False)),
        "May not patch deployments.apps in namespace default: needed to annotate azureml-fe.",
    ),
    "workspace-unreadable": (
        side(workspace(computes=[])),
        side(workspace(exists=False)),
        "there is no such workspace",
    ),
    "provider-unregistered": (
        side(lambda found: found.update({"providers": {"Microsoft.KubernetesConfiguration": "registered"}})),
        side(lambda found: found.update({"providers": {"Microsoft.KubernetesConfiguration": "Registering"}})),
        "Microsoft.KubernetesConfiguration is Registering.",
    ),
    "cluster-connected-through-arc": (
        side(both(arc(distribution="aks"), front_end(verdict="absent"), kubernetes(v1_services=[]))),
        side(arc(distribution="aks")),
        "an Azure Arc connection whose distribution is AKS, and azureml-fe of v1 is there.",
    ),
    "workspace-user-assigned-identity": (
        side(lambda found: found.update({"workspaces_of_user_identity": [ELSEWHERE]})),
        side(lambda found: found.update({"workspaces_of_user_identity": [WORKSPACE_ID.upper()]})),
        "acts as a user-assigned identity.",
    ),
    "cluster-also-on-arc": (
        side(both(WITHOUT_V1, kubernetes(namespaces={"azure-arc": "Active"}))),
        side(kubernetes(namespaces={"azure-arc": "Active"})),
        "Namespace azure-arc is there, and azureml-fe of v1 is there.",
    ),
    "cluster-also-on-arc-without-v1": (
        side(both(WITHOUT_V1, arc(distribution="k3s"), kubernetes(namespaces={"azure-arc": "Active"}))),
        side(both(WITHOUT_V1, kubernetes(namespaces={"azure-arc": "Active"}))),
        "Namespace azure-arc is there.",
    ),
    "cluster-region-unsupported": (
        side(cluster(location="polandcentral")),  # which the collection's own list lacks
        side(cluster(location="mars")),
        "mars",
    ),
    "cluster-region-unknown": (
        side(cluster(location="mars")),
        side(both(cluster(location="usgovvirginia"), regions())),
        "The cluster is in usgovvirginia, and Azure did not say",
    ),
    "kubernetes-version-newer": (
        side(kubernetes(version="v1.36.0")),
        side(kubernetes(version="v1.37.0")),
        "1.37.0 is newer than the supported 1.34, 1.35, 1.36",
    ),
    "cluster-service-principal": (
        side(cluster(identity="UserAssigned")),
        side(cluster(identity="ServicePrincipal")),
        "no managed identity",
    ),
    "kubernetes-version-unsupported": (
        side(kubernetes(version="v1.34.0")),
        side(kubernetes(version="v1.33.9")),
        "1.33.9 is older than the supported 1.34, 1.35, 1.36",
    ),
    "kubernetes-version-old": (
        side(both(kubernetes(version="v1.34.0"), offered())),
        side(both(kubernetes(version="v1.33.9"), offered())),
        "1.33.9 is older than the supported 1.34, 1.35, 1.36",
    ),
    "lock-read-only": (
        side(locks(lock("CanNotDelete"))),
        side(locks(lock("ReadOnly"))),
        "/resourceGroups/rg/providers/Microsoft.Authorization/locks/keep is ReadOnly.",
    ),
    "lock-on-deletion": (side(locks(lock("ReadOnly"))), side(locks(lock("CanNotDelete"))), "keep is CanNotDelete."),
    "lock-on-nodes": (
        side(locks(lock_of_nodes("CanNotDelete")), inference_router_service_type="NodePort"),
        side(locks(lock_of_nodes("CanNotDelete")), **OPEN),
        "whose router has a load balancer there.",
    ),
    "lock-on-nodes-unneeded": (
        side(locks(lock_of_nodes("ReadOnly")), **OPEN),
        side(locks(lock_of_nodes("ReadOnly"))),
        "locks/keep is ReadOnly.",
    ),
    "locks-not-read": (side(locks()), side(lambda found: found.update({"locks": None})), "did not let this run read"),
    "cluster-too-small": (
        # One machine of 4 vCPU and 8 GiB, which is just enough, and what AKS leaves of it for pods.
        side(kubernetes(nodes=[node(cpu=3.86, memory=int(5.46 * GIB))])),
        side(kubernetes(nodes=[node(cpu=1.9, memory=int(2.2 * GIB)), node(operating_system="windows")])),
        "2 vCPU",
    ),
    "cluster-stopped": (side(cluster(power_state=None)), side(cluster(power_state="Stopped")), "Stopped"),
    "cluster-busy": (
        side(cluster(provisioning_state="Failed")),
        side(cluster(provisioning_state="Upgrading")),
        "Upgrading",
    ),
    "cluster-failed": (
        side(cluster(provisioning_state="Succeeded")),
        side(cluster(provisioning_state="Failed")),
        "Failed",
    ),
    "arc-agents-offline": (
        side(arc(distribution="k3s")),
        side(both(arc(), cluster(connectivity_status="Offline"))),
        "Offline",
    ),
    "cluster-pod-identity": (
        side(cluster(workload_identity=True)),
        side(cluster(pod_identity=True)),
        "podIdentityProfile",
    ),
    "cluster-local-accounts-disabled": (
        side(cluster(entra_integrated=True)),
        side(cluster(local_accounts_disabled=True)),
        "disableLocalAccounts",
    ),
    "acceptance-invalid": (
        side(accepted_findings=["legacy-compute-created"]),
        side(accepted_findings=["cluster-stopped", "x"]),
        "cluster-stopped cannot be accepted. No rule is called x.",
    ),
    "cluster-private-without-public-name": (
        side(cluster(private=True, private_public_fqdn=True)),
        side(cluster(private=True)),
        "public FQDN is disabled",
    ),
    "cluster-trusted-access-unavailable": (
        side(cluster(cloud="AzureCloud", local_accounts_disabled=True)),
        side(cluster(cloud="AzureChinaCloud", local_accounts_disabled=True, private=True)),
        "In AzureChinaCloud, its local accounts are disabled. In AzureChinaCloud, it is private without a public name.",
    ),
    "cluster-authorized-ip-ranges": (
        side(cluster(authorized_ip_ranges=[])),
        side(cluster(authorized_ip_ranges=["10.0.0.0/8"])),
        "10.0.0.0/8",
    ),
    "front-end-outdated": (
        side(front_end(verdict="v2")),
        side(front_end(verdict="v1", reasons=["no v2 pods"])),
        "No v2 pods.",
    ),
    "front-end-not-ready": (
        side(front_end(verdict="v2_not_ready")),
        side(front_end(verdict="v2_not_ready", reasons=["0 of 3 replicas are ready"]), **OPEN),
        "0 of 3",
    ),
    "front-end-degraded": (
        side(front_end(verdict="v2_not_ready"), **OPEN),
        side(front_end(ready_replicas=1)),
        "1 of 3 replicas are ready.",
    ),
    "v1-services-unreachable": (
        side(),
        side(kubernetes(router_services=[router_service(endpoints=0)])),
        "1 v1 service(s) run, and callers may not reach them: Service default/azureml-fe (20.0.0.1) has no ready pod",
    ),
    "front-end-absent": (
        side(both(front_end(verdict="absent"), kubernetes(v1_services=[]), computes())),
        side(both(front_end(verdict="absent", reasons=[]), kubernetes(v1_services=[]))),
        "absent",
    ),
    "extension-failed": (
        side(installed(provisioning_state="Failed"), retry_failed_extension=True),
        side(installed(provisioning_state="Failed", error="E40007")),
        "azureml is Failed: E40007",
    ),
    "tls-secret-missing": (
        side(kubernetes(tls_secret={"name": "tls", "keys": None}), **OPEN),
        side(kubernetes(tls_secret={"name": "tls", "keys": ["cert.pem"]}), **OPEN),
        "Secret tls in namespace azureml lacks key.pem.",
    ),
    "extension-outdated": (
        side(installed(version="1.1.1")),
        side(installed(version="1.0.96")),
        "1.0.96",
    ),
    "inference-not-wanted": (
        side(kubernetes(v1_services=[])),
        side(),
        'aml_enable_inference: true aml_inference_router_service_type: "LoadBalancer" '
        "aml_allow_insecure_connections: true aml_inference_router_ha: true",
    ),
    "extension-retried": (
        side(installed(provisioning_state="Failed")),
        side(installed(provisioning_state="Failed"), retry_failed_extension=True),
        "azureml is Failed.",
    ),
    "extension-being-deleted": (
        side(installed(provisioning_state="Updating")),
        side(installed(provisioning_state="Deleting")),
        "Deleting",
    ),
    "extension-busy": (
        side(installed(provisioning_state="Deleting")),
        side(installed(provisioning_state="Creating")),
        "Creating",
    ),
    "extension-other-name": (
        side(installed(name="AzureML")),
        side(installed(name="old-one")),
        "It is called old-one, not azureml.",
    ),
    "extension-setting-misspelt": (
        side(extension_settings={"inferenceRouterHA": "False"}),
        side(installed(settings={"InferenceRouterHA": "False", "enabletraining": "True", "own": "x"})),
        "InferenceRouterHA should be inferenceRouterHA. enabletraining should be enableTraining.",
    ),
    "extension-settings-refused": (
        side(enable_inference=True),
        side(extension_settings={"sslKeyPemFile": "key.pem"}),
        "'sslKeyPemFile' in aml_extension_settings is not a setting of the extension; use aml_ssl_key_file (a path",
    ),
    "extension-update-disruptive": (
        side(installed(settings=SERVING), **OPEN, allow_disruption=True),
        side(installed(settings=SERVING), **OPEN),
        "These settings would change: inferenceRouterServiceType.",
    ),
    "router-service-type-missing": (
        side(**INFERENCE),
        side(enable_inference=True),
        "Inference needs aml_inference_router_service_type: ClusterIP, LoadBalancer, NodePort.",
    ),
    "tls-undecided": (side(**OPEN), side(**INFERENCE), "or set aml_allow_insecure_connections to true"),
    "tls-incomplete": (
        side(**INFERENCE, ssl_secret="tls", ssl_cname="ml.example.com"),
        side(**INFERENCE, ssl_certificate="(set)"),
        "certificate and its key go together",
    ),
    "tls-ambiguous": (
        side(**OPEN),
        side(**OPEN, ssl_secret="tls", ssl_cname="ml.example.com"),
        "beside a certificate or aml_ssl_secret",
    ),
    "tls-certificate-unusable": (
        Side(variables=SECURE, tls=key_pair("ml.example.com", days=90)),
        Side(variables=SECURE, tls=key_pair("other.example.com", days=90)),
        "does not cover ssl_cname 'ml.example.com'",
    ),
    "tls-certificate-ageing": (
        Side(variables=SECURE, tls=key_pair("ml.example.com", days=90)),
        Side(variables=SECURE, tls=key_pair("ml.example.com", days=10)),
        "in less than 30 days",
    ),
    "router-ha-impossible": (
        side(**OPEN, inference_router_ha=True),
        side(kubernetes(nodes=[node("a"), node("b")]), **OPEN, inference_router_ha=True),
        "2 of 2 node(s) can run the router.",
    ),
    "router-ha-off": (
        side(cluster(node_count=2)),
        side(cluster(node_count=2), **OPEN),
        "2 node(s)",
    ),
    "router-cluster-ip": (
        side(inference_router_service_type="ClusterIP"),
        side(**{**OPEN, "inference_router_service_type": "ClusterIP"}),
        "ClusterIP",
    ),
    "router-internal-load-balancer": (
        side(**OPEN, internal_load_balancer_provider="azure"),
        side(**{**OPEN, "inference_router_service_type": "NodePort"}, internal_load_balancer_provider="azure"),
        "NodePort",
    ),
    "subscription-differs": (
        side(workspace=WORKSPACE_ID.upper()),
        side(workspace=ELSEWHERE),
        "20000000",
    ),
    "compute-name-taken": (
        side(),
        side(compute_name="AKS-v1"),
        "The name AKS-v1 is taken in workspace ml by a legacy AksCompute, which is never touched",
    ),
    "attachment-refused": (
        side(computes(compute(default_instance_type="old")), default_instance_type="gpu"),
        side(computes(compute(namespace="elsewhere"))),
        "is in namespace elsewhere, not in azureml-workloads",
    ),
    "attachment-stays": (
        side(computes(compute(identity_type="SystemAssigned", tags={"a": "b"})), compute_tags={"a": "c"}),
        side(computes(compute(identity_type="SystemAssigned", tags={"a": "b"})), compute_tags={}),
        "keeps the tags a:",
    ),
    "identities-unused": (
        side(compute_identity="UserAssigned", compute_user_assigned_identities=[IDENTITY_ID]),
        side(
            compute_identity="UserAssigned",
            compute_user_assigned_identities=[f"{IDENTITY_ID}-one", f"{IDENTITY_ID}-two"],
        ),
        "-two will do nothing",
    ),
    "legacy-compute-created": (
        side(computes(legacy_compute(attached=None))),
        side(computes(legacy_compute(attached=False))),
        "was created, not attached",
    ),
    "legacy-compute-busy": (
        side(computes(legacy_compute(provisioning_state="Failed"))),
        side(computes(legacy_compute(provisioning_state="Deleting"))),
        "aks-v1 is Deleting.",
    ),
    "legacy-compute-failed": (
        side(computes(legacy_compute(), compute(provisioning_state="Failed"))),
        side(computes(legacy_compute(provisioning_state="Failed", errors=["quota"]))),
        "aks-v1 is Failed: quota",
    ),
    "legacy-compute-absent": (side(both(arc(), computes())), side(computes()), "1 workspace(s)"),
    "compute-being-deleted": (
        side(computes(compute("other", provisioning_state="Deleting"))),
        side(computes(compute(provisioning_state="Deleting"))),
        "k8s is Deleting.",
    ),
    "namespace-of-v1": (
        side(namespace="azureml-mlx"),
        side(namespace="azureml-ml"),
        "azureml-ml is where v1 keeps its services",
    ),
    "namespace-used-by-v1": (
        side(namespace="jobs"),
        side(
            kubernetes(v1_services=[workload("score", namespace="jobs")]),
            namespace="jobs",
        ),
        "Service score runs in jobs.",
    ),
    "namespace-missing": (
        side(namespace="jobs"),
        side(namespace="jobs", namespace_create=False),
        "There is no namespace jobs.",
    ),
    "namespace-terminating": (
        side(kubernetes(namespaces={"old": "Terminating"})),
        side(kubernetes(namespaces={"azureml": "Terminating"})),
        "azureml is Terminating.",
    ),
    "namespace-default": (side(namespace="jobs"), side(namespace="default"), "default"),
    "instance-type-owned": (
        side(kubernetes(instance_types=[owned_type("1")]), instance_types=[SMALL]),
        side(kubernetes(instance_types=[owned_type("2")]), instance_types=[SMALL]),
        "spec.resources.requests.cpu of instance type 'cpu' belongs to kubectl-edit.",
    ),
    "instance-type-invalid": (
        side(instance_types=[SMALL]),
        side(instance_types=[{"name": "x", "requests": {"cpu": 1}}]),
        "Instance type 'x': requests.memory is missing",
    ),
    # The GPU labels are not on the nodes yet: they count as if they were, because the run puts them there.
    "instance-type-impossible": (
        side(GPU, instance_types=[TYPE]),
        side(instance_types=[TYPE]),
        "Instance type 'gpu' fits nowhere: the nearest is node-0",
    ),
    "default-instance-type-unknown": (
        side(default_instance_type="cpu", instance_types=[SMALL]),
        side(default_instance_type="cpu"),
        "There is no instance type 'cpu'.",
    ),
    "gpu-pool-tainted": (
        side(
            cluster(
                node_pools=[gpu_pool(taints=["ml.azure.com/amlarc=true:NoSchedule"]), pool(taints=["a=b:NoSchedule"])]
            )
        ),
        side(cluster(node_pools=[gpu_pool(taints=["sku=gpu:NoSchedule"])])),
        "On node pool gpu its pods lack a pod's toleration of its taint sku=gpu:NoSchedule.",
    ),
    "node-pool-stopped": (
        side(cluster(node_pools=[pool(), pool("idle", power_state="Stopped")])),
        side(cluster(node_pools=[pool(), gpu_pool(power_state="Stopped")])),
        "Node pool gpu is stopped; 3 label(s) are not written to it.",
    ),
    "gpu-pool-odd": (
        side(GPU),
        side(both(GPU, kubernetes(nodes=[gpu_node(gpus={})]))),
        "offers no nvidia.com/gpu",
    ),
    "node-label-refused": (
        side(node_pool_labels={"system": {"team/tier": 1, "old": None}}),
        side(node_pool_labels={"system": {"kubernetes.io/x": "y"}}),
        "reserved for Kubernetes",
    ),
    "node-pool-unknown": (
        side(node_pool_labels={"system": {"a": "b"}}),
        side(node_pool_labels={"sytem": {"a": "b"}}),
        "There is no node pool sytem; there is system.",
    ),
    "extension-nodes-missing": (
        side(node_selector={"tier": "ml"}, node_pool_labels={"system": {"tier": "ml"}}),
        side(node_selector={"tier": "ml"}),
        "No node has tier=ml.",
    ),
    "pool-autoscaled": (
        side(cluster(node_pools=[pool(autoscaling=True)]), enable_training=False, **OPEN),
        side(cluster(node_pools=[pool(autoscaling=True, min_count=0, max_count=5)])),
        "scales from 0 to 5 nodes",
    ),
}


def test_every_rule_has_a_case() -> None:
    assert {rule.id for rule in rules.every_rule()} == set(CASES)


@pytest.mark.parametrize("rule_id", sorted(CASES))
def test_a_rule_lets_a_near_miss_pass(rule_id: str) -> None:
    assert CASES[rule_id][0].evidence(rule_id) == ()


@pytest.mark.parametrize("rule_id", sorted(CASES))
def test_a_rule_finds_what_it_is_about(rule_id: str) -> None:
    _unused, found, words = CASES[rule_id]
    assert words in " ".join(found.evidence(rule_id))


def test_a_healthy_cluster_is_not_blocked() -> None:
    findings = rules.judge(settings(), facts())
    assert [finding.rule.id for finding in findings] == ["inference-not-wanted"]


#: A node on which the router cannot run, and what is said about it.
USELESS: dict[str, dict[str, Any]] = {
    "it is not ready": {"ready": False},
    "it is cordoned": {"schedulable": False},
    "it is a virtual node": {"labels": {"type": "virtual-kubelet"}},
    "it runs windows, not Linux": {"operating_system": "windows"},
    "a pod's toleration of its taint sku=gpu:NoSchedule": {
        "taints": [{"key": "sku", "value": "gpu", "effect": "NoSchedule"}]
    },
    "a pod's toleration of its taint ml.azure.com/amlarc-workload=true:NoSchedule": {
        "taints": [{"key": "ml.azure.com/amlarc-workload", "value": "true", "effect": "NoSchedule"}]
    },
}


@pytest.mark.parametrize("words", sorted(USELESS))
def test_only_nodes_that_can_run_the_router_count_for_high_availability(words: str) -> None:
    three = [node("a"), node("b"), node("c", **USELESS[words])]
    evidence = side(kubernetes(nodes=three), **OPEN).evidence("router-ha-impossible")
    assert evidence == ("2 of 3 node(s) can run the router.", f"Node c: {words}.")
    assert side(kubernetes(nodes=three), **OPEN, inference_router_ha=False).evidence("router-ha-impossible") == ()


def test_nodes_with_the_taints_of_the_extension_itself_count() -> None:
    taints = [
        {"key": f"ml.azure.com/{key}", "value": "true", "effect": "NoSchedule"} for key in ("amlarc", "amlarc-system")
    ]
    three = [node(name, taints=taints) for name in "abc"]
    assert side(kubernetes(nodes=three), **OPEN, inference_router_ha=True).evidence("router-ha-impossible") == ()


def test_a_node_that_is_gone_for_a_moment_blocks_no_router_that_is_there() -> None:
    change = both(installed(settings={"enableInference": "True"}), kubernetes(nodes=[node("a"), node("b")]))
    assert side(change, **OPEN, inference_router_ha=True).evidence("router-ha-impossible") == ()


def test_v1_services_of_other_workspaces_and_capital_letters_reserve_their_namespace() -> None:
    elsewhere = kubernetes(v1_services=[workload("churn", namespace="scoring")])
    assert side(elsewhere, namespace="scoring").evidence("namespace-used-by-v1") == ("Service churn runs in scoring.",)
    west = {"workspace": "ML-West", "namespace": "azureml-ml-west"}
    assert side(**west).evidence("namespace-of-v1") == ("azureml-ml-west is where v1 keeps its services.",)


def test_a_name_that_a_legacy_compute_has_is_told_once() -> None:
    found = [
        each.rule.id for each in rules.judge(settings(compute_name="AKS-v1"), facts()) if each.severity == "blocker"
    ]
    assert found == ["compute-name-taken"]


def test_agents_of_arc_beside_v1_block_once_and_may_be_accepted() -> None:
    connected = kubernetes(namespaces={"azure-arc": "Active"})
    found = facts()
    connected(found)
    assert side(connected).evidence("cluster-also-on-arc-without-v1") == ()
    assert side(both(arc(), connected)).evidence("cluster-also-on-arc") == ()
    accepted = rules.judge(settings(accepted_findings=["cluster-also-on-arc"]), found)
    assert [each.severity for each in accepted if each.rule.id == "cluster-also-on-arc"] == ["warning"]
    services_only = both(connected, front_end(verdict="absent"))
    (said,) = side(services_only).evidence("cluster-also-on-arc")
    assert said == "Namespace azure-arc is there, and 1 v1 service(s) run there."


def test_an_accepted_blocker_is_a_warning_and_says_so() -> None:
    found = facts()
    computes(legacy_compute(attached=False))(found)
    blocked, _note = rules.judge(settings(), found)
    assert (blocked.severity, blocked.to_result()["accepted"]) == ("blocker", False)
    accepted, _note = rules.judge(settings(accepted_findings=["legacy-compute-created"]), found)
    assert (accepted.severity, accepted.to_result()["accepted"]) == ("warning", True)


def test_what_v1_has_is_carried_over_into_the_proposal() -> None:
    found = facts()
    computes(
        legacy_compute(load_balancer_type="InternalLoadBalancer", ssl_status="Enabled", ssl_cname="ml.example.com")
    )(found)
    front_end(wanted_replicas=1)(found)
    proposed = proposal(settings(), found)
    assert proposed["aml_internal_load_balancer_provider"] == "azure"
    assert proposed["aml_ssl_cname"] == "ml.example.com"
    assert proposed["aml_inference_router_ha"] is False
    assert "aml_allow_insecure_connections" not in proposed
    taken: dict[str, Any] = {name.removeprefix("aml_"): value for name, value in proposed.items()}
    wanted = settings(**taken, **key_pair("ml.example.com", days=365))
    assert [each.rule.id for each in rules.judge(wanted, found) if each.severity == "blocker"] == []
    assert proposal(wanted, found) == {}


def test_only_a_blocker_is_about_changing_and_never_one_that_makes_what_was_seen_doubtful() -> None:
    marked = {rule.id: rule.severity for rule in rules.every_rule() if rule.about_changing}
    assert set(marked.values()) == {"blocker"}
    assert {"lock-read-only", "lock-on-nodes", "kubernetes-version-unsupported"} <= set(marked)
    doubtful = {
        "kubernetes-api-of-another-cluster",
        "kubernetes-api-unreachable",
        "workspace-unreadable",
        "arc-agents-offline",
        "acceptance-invalid",
    }
    assert not doubtful & set(marked)


def test_blockers_come_first() -> None:
    found = facts(location="mars", local_accounts_disabled=True)
    found["workspaces"][0]["computes"] = []
    severities = [finding.severity for finding in rules.judge(settings(), found)]
    assert severities == ["blocker", "warning", "note", "note"]


def test_a_second_rule_cannot_take_an_id() -> None:
    def twin(_settings: object, _facts: object) -> None:
        """Say nothing."""

    with pytest.raises(ValueError, match="two rules have the id cluster-stopped"):
        _engine.rule("cluster-stopped", "note", "x", remedy="x", source="x")(twin)


def test_each_rule_is_documented_where_it_says() -> None:
    for rule in rules.every_rule():
        assert rule.source.startswith("https://"), rule.id
        assert rule.remedy.endswith("."), rule.id
        assert not rule.title.endswith("."), rule.id


def test_every_topic_file_is_imported() -> None:
    folder = Path(rules.__file__).parent
    names = {path.stem for path in folder.glob("[a-z]*.py")}
    assert names == {topic.__name__.rsplit(".", 1)[1] for topic in rules.TOPICS}


@pytest.mark.parametrize(
    ("label", "group", "same"),
    [
        ("mc_rg_aks_westeurope", "MC_rg_aks_westeurope", True),
        ("MC_rg_aks_westeurop", "MC_rg_aks_westeurope", False),
        (f"MC_{'g' * 60}", f"MC_{'g' * 70}_aks_westeurope", True),
        (f"MC_{'g' * 60}", f"MC_{'h' * 70}_aks_westeurope", False),
        (f"MC_{'g' * 50}-one_westeurope", f"MC_{'g' * 50}-two_westeurope", False),
        ("MC_rg-1-_aks_westeurope", "MC_rg(1)_aks_westeurope", True),
        ("MC_rg1_aks_westeurope", "MC_rg-1_aks_westeurope", False),
        ("rg-aks--prod-z", "rg-aks-(prod)", True),
        ("rg-aks--prod-", "rg-aks-(prod)", False),
        (f"{'g' * 62}z", f"{'g' * 62}_aks", True),
        (f"{'g' * 62}z", f"{'g' * 62}-", True),
    ],
)
def test_label_of_a_cluster_is_compared_as_aks_cuts_and_cleans_it(label: str, group: str, same: bool) -> None:
    found = facts(node_resource_group=group)
    nodes_of(label)(found)
    judged = {finding.rule.id for finding in rules.judge(settings(), found)}
    assert ("kubernetes-api-of-another-cluster" not in judged) is same


LOAD_BALANCER = "/providers/Microsoft.Network/loadBalancers/kubernetes"


@pytest.mark.parametrize("level", ["ReadOnly", "CanNotDelete"])
@pytest.mark.parametrize("below", ["", "/", LOAD_BALANCER])
def test_a_lock_anywhere_among_the_nodes_counts_where_the_run_needs_aks(level: str, below: str) -> None:
    change = locks(lock_of_nodes(level, below))
    labels = {"node_pool_labels": {"system": {"team": "ml"}}}
    said = side(change, **labels).evidence("lock-on-nodes")
    assert said[-1] == "The run changes the labels of node pool(s) system."
    assert side(change, **labels).evidence("lock-on-nodes-unneeded") == ()
    assert side(change).evidence("lock-on-nodes") == ()
    assert len(side(change).evidence("lock-on-nodes-unneeded")) == 1
    # It is not on the cluster, and so no word on what the cluster itself refuses.
    assert side(change).evidence("lock-read-only") == () == side(change).evidence("lock-on-deletion")


def test_a_lock_of_another_group_or_of_a_cluster_on_arc_is_not_one_of_the_nodes() -> None:
    for change in (locks(lock_of_nodes("ReadOnly", "-2")), both(arc(), locks(lock_of_nodes("ReadOnly")))):
        assert side(change, **OPEN).evidence("lock-on-nodes") == ()
        assert side(change).evidence("lock-on-nodes-unneeded") == ()


def test_a_load_balancer_that_is_there_and_stays_needs_nothing_among_the_nodes() -> None:
    settled = {
        "enableInference": "True",
        "allowInsecureConnections": "True",
        "inferenceRouterServiceType": "LoadBalancer",
    }
    change = both(installed(settings=settled), locks(lock_of_nodes("CanNotDelete")))
    assert side(change).evidence("lock-on-nodes") == ()
    assert side(change, **OPEN, inference_router_ha=False).evidence("lock-on-nodes") != ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (agents(), None),
        (agents("AKS", "RG", SUBSCRIPTION.upper()), None),
        (agents(subscription=""), None),
        (agents("other"), "installed for other in resource group rg"),
        (agents(group="other"), "installed for aks in resource group other"),
        (agents(subscription="other"), "of subscription other"),
        (kubernetes(arc_agents=None), "has no agents of Azure Arc"),
        (unreachable(), None),
    ],
)
def test_a_cluster_on_arc_is_known_by_its_agents(change: Change, words: str | None) -> None:
    found = facts()
    both(arc(distribution="k3s"), change)(found)
    evidence = [
        finding.evidence
        for finding in rules.judge(settings(), found)
        if finding.rule.id == "kubernetes-api-of-another-cluster"
    ]
    assert evidence == [] if words is None else words in evidence[0][0]


@pytest.mark.parametrize(
    ("versions", "actual", "found"),
    [
        (["1.33", "1.34", "1.35", "1.36", "1.37"], "v1.34.9", {"kubernetes-version-unsupported"}),
        (["1.33", "1.34", "1.35", "1.36", "1.37"], "v1.37.0", set()),
        (["1.9", "1.10", "1.11", "1.12"], "v1.9.0", {"kubernetes-version-unsupported"}),
        (["1.33", "1.34", "1.35"], "v1.36.0", {"kubernetes-version-newer"}),
        ([], "v1.37.0", {"kubernetes-version-newer"}),
        ([], "v1.33.0", {"kubernetes-version-old"}),
    ],
)
def test_the_window_of_versions_is_that_of_aks_and_the_collection_s_own_only_warns(
    versions: list[str], actual: str, found: set[str]
) -> None:
    there = facts()
    both(offered(*versions), kubernetes(version=actual))(there)
    said = {each.rule.id for each in rules.judge(settings(), there)}
    assert {each for each in said if each.startswith("kubernetes-version")} == found


def test_what_the_host_says_of_versions_goes_before_what_aks_says() -> None:
    there = facts()
    both(offered("1.35", "1.36", "1.37"), kubernetes(version="v1.30.1"))(there)
    said = {each.rule.id for each in rules.judge(settings(supported_kubernetes_versions=["1.30"]), there)}
    assert not {each for each in said if each.startswith("kubernetes-version")}


def test_v1_services_alone_block_an_aks_cluster_behind_arc_and_other_distributions_are_not_asked() -> None:
    there = facts()
    both(arc(distribution="aks"), front_end(verdict="absent"))(there)
    said = {each.rule.id: each.evidence for each in rules.judge(settings(), there)}
    assert said["cluster-connected-through-arc"] == (
        "aml_cluster_id names an Azure Arc connection whose distribution is AKS, and 1 v1 service(s) run there.",
    )
    there = facts()
    arc(distribution="k3s")(there)
    assert "cluster-connected-through-arc" not in {each.rule.id for each in rules.judge(settings(), there)}
