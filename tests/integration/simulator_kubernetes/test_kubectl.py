# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubectl, unmodified, on a simulated cluster."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import yaml

from tests.integration.simulator_kubernetes.conftest import Kubectl
from tests.unit.simulator_kubernetes.objects import config_map, deployment, instance_type, instance_type_definition


def test_version_and_health(kubectl: Kubectl) -> None:
    version = json.loads(kubectl("version", "-o", "json").stdout)
    assert version["serverVersion"]["gitVersion"] == "v1.35.4"
    assert kubectl("get", "--raw", "/readyz").stdout == "ok"


def test_discovery(kubectl: Kubectl) -> None:
    names = kubectl("api-resources", "-o", "name").stdout.split()
    assert {"pods", "deployments.apps", "leases.coordination.k8s.io"} <= set(names)
    assert "apps/v1" in kubectl("api-versions").stdout.split()


def test_get_prints_the_columns_of_kubectl(kubectl: Kubectl) -> None:
    head, *nodes = kubectl("get", "nodes").stdout.splitlines()
    assert head.split() == ["NAME", "STATUS", "ROLES", "AGE", "VERSION"]
    assert all(line.split()[1] == "Ready" for line in nodes)
    assert kubectl("get", "namespaces", "default", "--no-headers").stdout.split()[:2] == ["default", "Active"]
    wide = kubectl("get", "nodes", "-o", "wide").stdout.splitlines()[0]
    assert "CONTAINER-RUNTIME" in wide


def test_labels_and_annotations(kubectl: Kubectl, namespace: str) -> None:
    kubectl("-n", namespace, "apply", "-f", "-", given=json.dumps(config_map("cm", a="b")))
    kubectl("-n", namespace, "label", "configmap", "cm", "tier=one")
    kubectl("-n", namespace, "annotate", "configmap", "cm", "azureml-fe-enable-upgrade=true")
    refused = kubectl("-n", namespace, "label", "configmap", "cm", "tier=two", check=False)
    assert "already has a value (one), and --overwrite is false" in refused.stderr
    kubectl("-n", namespace, "label", "configmap", "cm", "tier-")
    found = json.loads(kubectl("-n", namespace, "get", "configmap", "cm", "-o", "json").stdout)
    assert "labels" not in found["metadata"]
    assert found["metadata"]["annotations"]["azureml-fe-enable-upgrade"] == "true"
    assert found["data"] == {"a": "b"}


def test_patches(kubectl: Kubectl, namespace: str) -> None:
    kubectl("-n", namespace, "apply", "-f", "-", given=json.dumps(deployment("fe")))
    fe = ("-n", namespace, "patch", "deployment", "fe")
    containers = {
        "spec": {"template": {"spec": {"containers": [{"name": "main", "env": [{"name": "A", "value": "B"}]}]}}}
    }
    kubectl(*fe, "-p", json.dumps(containers))
    kubectl(*fe, "--type=merge", "-p", '{"metadata":{"annotations":{"azureml-fe-enable-upgrade":"true"}}}')
    kubectl(*fe, "--type=json", "-p", '[{"op":"replace","path":"/spec/replicas","value":2}]')
    found = json.loads(kubectl("-n", namespace, "get", "deployment", "fe", "-o", "json").stdout)
    assert found["spec"]["replicas"] == 2
    container = found["spec"]["template"]["spec"]["containers"][0]
    assert (container["image"], container["env"]) == ("image:1", [{"name": "A", "value": "B"}])
    failed = kubectl(*fe, "--type=json", "-p", '[{"op":"test","path":"/spec/replicas","value":9}]', check=False)
    assert "the server rejected our request due to an error in our request" in failed.stderr


def test_apply_on_the_client(kubectl: Kubectl, namespace: str) -> None:
    body = deployment("app")
    assert "created" in kubectl("-n", namespace, "apply", "-f", "-", given=json.dumps(body)).stdout
    assert "unchanged" in kubectl("-n", namespace, "apply", "-f", "-", given=json.dumps(body)).stdout
    body["spec"]["replicas"] = 2
    assert "configured" in kubectl("-n", namespace, "apply", "-f", "-", given=yaml.safe_dump(body)).stdout
    body["spec"]["replcas"] = body["spec"].pop("replicas")
    refused = kubectl("-n", namespace, "apply", "-f", "-", given=json.dumps(body), check=False)
    assert 'unknown field "spec.replcas"' in refused.stderr


def test_apply_on_the_server(kubectl: Kubectl, namespace: str) -> None:
    body = deployment("app")
    apply = ("-n", namespace, "apply", "--server-side", "-f", "-")
    assert "serverside-applied" in kubectl(*apply, given=json.dumps(body)).stdout
    body["spec"]["template"]["spec"]["containers"][0]["image"] = "image:2"
    conflict = kubectl(*apply, "--field-manager=other", given=json.dumps(body), check=False)
    assert 'conflict with "kubectl"' in conflict.stderr
    kubectl(*apply, "--field-manager=other", "--force-conflicts", given=json.dumps(body))
    shown = kubectl("-n", namespace, "get", "deployment", "app", "--show-managed-fields", "-o", "json").stdout
    owners = {entry["manager"]: entry["operation"] for entry in json.loads(shown)["metadata"]["managedFields"]}
    assert {"kubectl": "Apply", "other": "Apply"}.items() <= owners.items()


def test_waiting_scaling_and_rolling(kubectl: Kubectl, namespace: str) -> None:
    kubectl("-n", namespace, "apply", "-f", "-", given=json.dumps(deployment("web", replicas=2)))
    kubectl("-n", namespace, "wait", "--for=condition=Available", "deployment/web", "--timeout=20s")
    kubectl("-n", namespace, "scale", "deployment/web", "--replicas=3")
    kubectl("-n", namespace, "wait", "--for=jsonpath={.status.readyReplicas}=3", "deployment/web", "--timeout=20s")
    kubectl("-n", namespace, "set", "image", "deployment/web", "*=image:2")
    assert (
        "successfully rolled out"
        in kubectl("-n", namespace, "rollout", "status", "deployment/web", "--timeout=30s").stdout
    )
    line = kubectl("-n", namespace, "get", "deployment", "web", "--no-headers").stdout.split()
    assert line[:4] == ["web", "3/3", "3", "3"]
    kubectl("-n", namespace, "delete", "deployment", "web")
    kubectl("-n", namespace, "wait", "--for=delete", "pod", "-l", "app=web", "--timeout=20s")


def test_custom_resources(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", given=json.dumps(instance_type_definition()))
    kubectl("wait", "--for=condition=Established", "crd/instancetypes.amlarc.azureml.com", "--timeout=20s")
    kubectl("apply", "-f", "-", given=json.dumps(instance_type("gpu", cpu="2")))
    assert "unchanged" in kubectl("apply", "-f", "-", given=json.dumps(instance_type("gpu", cpu="2"))).stdout
    head, line = kubectl("get", "instancetypes").stdout.splitlines()
    assert (head.split(), line.split()) == (["NAME", "CPU"], ["gpu", "2"])
    assert kubectl("get", "it", "-o", "name").stdout.split() == ["instancetype.amlarc.azureml.com/gpu"]
    wrong = instance_type("gpu", cpu="2")
    wrong["spec"]["priority"] = -1
    refused = kubectl("apply", "-f", "-", given=json.dumps(wrong), check=False)
    assert "spec.priority in body should be greater than or equal to 0" in refused.stderr
    kubectl("delete", "crd", "instancetypes.amlarc.azureml.com")
    assert kubectl("get", "instancetypes", check=False).returncode == 1


def test_acting_as_somebody_else(kubectl: Kubectl, namespace: str) -> None:
    refused = kubectl("get", "nodes", "--as=bob", "--as-group=dev", check=False)
    assert 'User "bob" cannot list resource "nodes" in API group "" at the cluster scope' in refused.stderr
    assert kubectl("get", "nodes", "--as=bob", "--as-group=dev", "--as-group=system:masters").stdout
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"}
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "developers", "namespace": namespace},
        "roleRef": reference,
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "dev"}],
    }
    kubectl("apply", "-f", "-", given=json.dumps(binding))
    bob = ("-n", namespace, "--as=bob", "--as-group=dev")
    kubectl(*bob, "apply", "-f", "-", given=json.dumps(config_map("from-bob")))
    assert "forbidden" in kubectl(*bob, "-n", "default", "get", "pods", check=False).stderr


def test_commands_that_send_protobuf_are_told_so(kubectl: Kubectl, namespace: str) -> None:
    refused = kubectl("-n", namespace, "create", "secret", "generic", "s", "--from-literal=a=b", check=False)
    assert "accepted media types include: application/json, application/yaml" in refused.stderr


def test_watching(program: str, kubectl: Kubectl, kubeconfig: Path, namespace: str, tmp_path: Path) -> None:
    kubectl("-n", namespace, "apply", "-f", "-", given=json.dumps(config_map("first")))
    environment = {**os.environ, "KUBECONFIG": str(kubeconfig), "HOME": str(tmp_path)}
    command = [program, "-n", namespace, "get", "configmaps", "-w", "--no-headers"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as watching:
        assert watching.stdout is not None
        listed = {watching.stdout.readline().split()[0] for _unused in range(2)}
        kubectl("-n", namespace, "apply", "-f", "-", given=json.dumps(config_map("second", a="b")))
        added = watching.stdout.readline().split()[:2]
        watching.terminate()
    assert listed == {"first", "kube-root-ca.crt"}
    assert added == ["second", "1"]


def test_deleting_what_is_not_there(kubectl: Kubectl, namespace: str) -> None:
    missing = kubectl("-n", namespace, "delete", "configmap", "none", check=False)
    assert 'Error from server (NotFound): configmaps "none" not found' in missing.stderr
    kubectl("-n", namespace, "delete", "configmap", "none", "--ignore-not-found")


def test_microsofts_list_of_instance_types(kubectl: Kubectl) -> None:
    """As documented: items without kind and version."""
    kubectl("apply", "-f", "-", given=json.dumps(instance_type_definition()))
    kubectl("wait", "--for=condition=Established", "crd/instancetypes.amlarc.azureml.com", "--timeout=20s")
    limits = {"cpu": "1", "nvidia.com/gpu": 0, "memory": "1Gi"}
    names, spec = ("cpusmall", "defaultinstancetype"), {"resources": {"requests": {"cpu": "100m"}, "limits": limits}}
    items = [{"metadata": {"name": name}, "spec": spec} for name in names]
    given = yaml.safe_dump({"apiVersion": "amlarc.azureml.com/v1alpha1", "kind": "InstanceTypeList", "items": items})
    done = kubectl("apply", "-f", "-", given=given).stdout.splitlines()
    assert done == [f"instancetype.amlarc.azureml.com/{name} created" for name in names]
    assert "unchanged" in kubectl("apply", "-f", "-", given=given).stdout
    kubectl("delete", "crd", "instancetypes.amlarc.azureml.com")


def test_a_job_is_waited_for(kubectl: Kubectl, namespace: str) -> None:
    pod = {"restartPolicy": "Never", "containers": [{"name": "main", "image": "image:1"}]}
    body = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "train"}, "spec": {"template": {"spec": pod}}}
    kubectl("-n", namespace, "apply", "-f", "-", given=json.dumps(body))
    kubectl("-n", namespace, "wait", "--for=condition=complete", "job/train", "--timeout=30s")
    assert kubectl("-n", namespace, "get", "job", "train", "--no-headers").stdout.split()[:3] == [
        "train",
        "Complete",
        "1/1",
    ]
    pods = kubectl("-n", namespace, "get", "pods", "-l", "job-name=train", "--no-headers").stdout
    assert pods.split()[1:3] == ["0/1", "Completed"]
    assert "Pods Statuses:    0 Active (0 Ready) / 1 Succeeded / 0 Failed" in (
        kubectl("-n", namespace, "describe", "job", "train").stdout
    )


def test_a_claim_is_bound(kubectl: Kubectl, namespace: str) -> None:
    storage = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "now"}}
    storage |= {"provisioner": "disk.csi.azure.com"}
    spec = {"storageClassName": "now", "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": spec}
    given = json.dumps({"apiVersion": "v1", "kind": "List", "items": [storage, claim]})
    kubectl("-n", namespace, "apply", "-f", "-", given=given)
    kubectl("-n", namespace, "wait", "--for=jsonpath={.status.phase}=Bound", "pvc/data", "--timeout=20s")
    line = kubectl("-n", namespace, "get", "pvc", "data", "--no-headers").stdout.split()
    assert (line[1], line[3], line[4]) == ("Bound", "1Gi", "RWO")


def test_no_age_is_invalid(kubectl: Kubectl, namespace: str) -> None:
    kubectl("-n", namespace, "apply", "-f", "-", given=json.dumps(deployment("web")))
    kubectl("-n", namespace, "wait", "--for=condition=Available", "deployment/web", "--timeout=20s")
    shown = [kubectl("-n", namespace, "get", "all,events").stdout, kubectl("get", "nodes").stdout]
    shown += [kubectl("-n", namespace, "describe", "pods").stdout, kubectl("describe", "nodes").stdout]
    assert not [text for text in shown if "<invalid>" in text or "Jan 0001" in text]
