# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.azureml.fleet.plugins.module_utils._domain.nodes import labels


@pytest.mark.parametrize(
    ("key", "value"),
    [("a", ""), ("azureml.fleet/gpu-count", "4"), ("team", "Vision_1.2"), ("a" * 63, "b" * 63), ("x.y-z/A_b.c", "v")],
)
def test_good_label_has_no_problem(key: str, value: str) -> None:
    assert labels.syntax_problem(key, value) is None


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("", "x", "not a label key"),
        ("-a", "x", "not a label key"),
        ("a" * 64, "x", "not a label key"),
        ("/a", "x", "not a label key"),
        ("UPPER.example/a", "x", "not a label key"),
        ("a/b/c", "x", "not a label key"),
        ("a", "no spaces", "is not a value for label 'a'"),
        ("a", "b" * 64, "is not a value"),
        ("a", "-b", "is not a value"),
        ("a", True, "quotation marks"),
        ("a", 4, "quotation marks"),
        ("a", None, "quotation marks"),
    ],
)
def test_bad_label_is_named(key: str, value: object, says: str) -> None:
    assert says in (labels.syntax_problem(key, value) or "")


@pytest.mark.parametrize(
    ("key", "reserved"),
    [
        ("kubernetes.azure.com/accelerator", True),
        ("kubernetes.io/os", True),
        ("node.kubernetes.io/instance-type", True),
        ("node-role.kubernetes.io/gpu", True),
        ("x.k8s.io/y", True),
        ("mykubernetes.io/y", False),
        ("azureml.fleet/accelerator", False),
        ("kubernetes.io", False),
        ("agentpool", False),
    ],
)
def test_prefixes_of_kubernetes_and_aks_are_reserved(key: str, reserved: bool) -> None:
    assert labels.is_reserved(key) is reserved


def test_every_bad_node_label_is_reported_once() -> None:
    found = labels.node_label_problems({"kubernetes.io/os": "linux", "good": "1", "bad key": "1"})
    assert len(found) == 2
    assert "reserved for Kubernetes and AKS" in found[0]
    assert "'bad key'" in found[1]


@pytest.mark.parametrize(
    ("name", "good"), [("team-1", True), ("a" * 63, True), ("a" * 64, False), ("a.b", False), ("A", False), ("", False)]
)
def test_namespace_names_are_dns_labels(name: str, good: bool) -> None:
    assert labels.is_dns_label(name) is good


@pytest.mark.parametrize(
    ("name", "good"),
    [("gpu.large-1", True), ("a" * 253, True), ("a" * 254, False), ("gpu_large", False), (".a", False), ("-a", False)],
)
def test_object_names_are_dns_subdomains(name: str, good: bool) -> None:
    assert labels.is_dns_subdomain(name) is good
