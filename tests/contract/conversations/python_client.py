# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kubernetes package, unmodified: its typed and its dynamic client."""

from __future__ import annotations

from typing import Any

from kubernetes import client, dynamic, watch
from kubernetes.dynamic.exceptions import ConflictError, NotFoundError, ResourceNotFoundError

from tests.contract.recording.definitions import (
    INSTANCE_TYPE_GROUP,
    config_map,
    define_instance_types,
    deployment,
    instance_type,
)
from tests.contract.recording.recorder import Conversation


def _api(talk: Conversation) -> Any:
    connection = talk.connection
    configuration = client.Configuration()
    configuration.host = connection.server
    configuration.ssl_ca_cert = str(connection.ca_file) if connection.ca_file else None
    configuration.no_proxy = "*"
    if connection.token:
        configuration.api_key = {"authorization": f"Bearer {connection.token}"}
    if connection.client_certificate:
        configuration.cert_file, configuration.key_file = map(str, connection.client_certificate)
    return client.ApiClient(configuration)


def typed_client(talk: Conversation) -> None:
    with _api(talk) as api:
        core, apps = client.CoreV1Api(api), client.AppsV1Api(api)
        body = client.V1ConfigMap(metadata=client.V1ObjectMeta(name="typed"), data={"a": "1"})
        made = core.create_namespaced_config_map(talk.namespace, body)
        talk.note("create", api.sanitize_for_serialization(made))
        patched = core.patch_namespaced_config_map("typed", talk.namespace, {"metadata": {"labels": {"a": "b"}}})
        talk.note("patch", api.sanitize_for_serialization(patched))
        listed = core.list_namespaced_config_map(talk.namespace, label_selector="a=b")
        talk.note("list", api.sanitize_for_serialization(listed))
        apps.create_namespaced_deployment(talk.namespace, deployment("typed", replicas=0))
        scale = apps.read_namespaced_deployment_scale("typed", talk.namespace)
        talk.note("scale", scale.spec.replicas or 0)
        version = client.VersionApi(api).get_code()
        assert int(version.minor.rstrip("+")) >= 34
        nodes = core.list_node(limit=1)
        assert nodes.metadata is not None
        seen = [
            event["type"]
            for event in watch.Watch().stream(
                core.list_namespaced_config_map, talk.namespace, label_selector="a=b", timeout_seconds=1
            )
        ]
        talk.note("watch", seen)
        deleted = core.delete_namespaced_config_map("typed", talk.namespace)
        talk.note("delete", api.sanitize_for_serialization(deleted))


def dynamic_client(talk: Conversation) -> None:
    define_instance_types(talk)
    with _api(talk) as api:
        dynamic_api = dynamic.DynamicClient(api)
        maps = dynamic_api.resources.get(api_version="v1", kind="ConfigMap")
        made = maps.server_side_apply(
            namespace=talk.namespace, body=config_map("dynamic", a="1"), field_manager="azureml.fleet"
        )
        talk.note("apply", made.to_dict())
        try:
            maps.server_side_apply(namespace=talk.namespace, body=config_map("dynamic", a="2"), field_manager="other")
        except ConflictError as conflict:
            talk.note("conflict", conflict.summary())
        else:
            raise AssertionError("no conflict")
        types = dynamic_api.resources.get(api_version=f"{INSTANCE_TYPE_GROUP}/v1alpha1", kind="InstanceType")
        talk.note("resource", [types.name, types.namespaced, types.kind, types.singular_name, sorted(types.verbs)])
        talk.note("create", types.create(body=instance_type("dynamic")).to_dict())
        talk.note("list", [each.metadata.name for each in types.get().items])
        types.delete(name="dynamic")
        try:
            types.get(name="dynamic")
        except NotFoundError as missing:
            talk.note("missing", missing.summary())
        else:
            raise AssertionError("still there")
        try:
            dynamic_api.resources.get(api_version="nowhere.example/v1", kind="Nothing")
        except ResourceNotFoundError as unknown:
            talk.note("unknown", str(unknown))
        else:
            raise AssertionError("an unknown resource was found")
