# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an organization forbids by locks and policies: who says so, when, and what is read for all clusters once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.benchmark.calls import fleet_wide
from tests.end_to_end.real_fleet import cluster, inventory, scenario
from tests.integration.harness import Ansible, Simulator

POLICY = "Cluster extensions must be approved"


def report(folder: Path, host: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "clusters" / f"{host}.json").read_text(encoding="utf-8"))
    return found


def findings(folder: Path, host: str) -> dict[str, list[str]]:
    return {each["id"]: each["evidence"] for each in report(folder, host)["findings"]}


def test_locks_are_found_before_and_a_policy_s_denial_is_told_as_azure_says_it(
    simulator: Callable[..., Simulator], ansible: Ansible, tmp_path: Path
) -> None:
    denied = {**cluster("denied"), "resource_group": "rg-governed"}
    among = {**cluster("among"), "lock_among_nodes": "CanNotDelete"}
    plan = scenario(
        denied, {**cluster("sealed"), "lock": "ReadOnly"}, {**cluster("kept"), "lock": "CanNotDelete"}, among
    )
    rule = {"name": POLICY, "denies": "Microsoft.KubernetesConfiguration/extensions"}
    fleet = simulator({**plan, "policies": [{**rule, "scope": "resourceGroups/rg-governed"}]})
    hosts = inventory(fleet, aml_report_directory=str(tmp_path))
    ansible("azureml.fleet.upgrade", inventory=hosts, environment=fleet.environment, arguments=["--forks", "1"])

    assert report(tmp_path, "sealed")["outcome"] == "blocked"
    (said,) = findings(tmp_path, "sealed")["lock-read-only"]
    assert said.endswith("/managedClusters/sealed/providers/Microsoft.Authorization/locks/lock is ReadOnly.")
    assert report(tmp_path, "among")["outcome"] == "blocked"
    (said, *needed) = findings(tmp_path, "among")["lock-on-nodes"]
    assert "/loadBalancers/kubernetes/providers/Microsoft.Authorization/locks/lock is CanNotDelete." in said
    assert len(needed) == 2  # labels of the pool with GPUs, and the router's load balancer
    assert report(tmp_path, "kept")["outcome"] == "upgraded"
    assert "lock-on-deletion" in findings(tmp_path, "kept")
    failed = report(tmp_path, "denied")
    assert (failed["outcome"], failed["stage"]) == ("failed", "extension")
    assert "RequestDisallowedByPolicy" in failed["reason"]
    assert fleet_wide(fleet.request_log()) == 3


def test_without_the_permission_for_what_all_clusters_share_a_run_goes_on(
    simulator: Callable[..., Simulator], ansible: Ansible, tmp_path: Path
) -> None:
    hidden = ["Microsoft.Authorization/locks/read", "Microsoft.ContainerService/locations/kubernetesVersions/read"]
    old = {**cluster("one"), "kubernetes_version": "1.33.7"}
    everything_else = {"actions": ["*"], "not_actions": hidden}
    plan = {**scenario(old, cluster("two")), "roles": [everything_else]}
    plan["workspaces"] = [{**each, "user_assigned_identity": "ml-identity"} for each in plan["workspaces"]]
    fleet = simulator(plan)
    hosts = inventory(fleet, aml_report_directory=str(tmp_path))
    ansible(
        "azureml.fleet.preflight", inventory=hosts, environment=fleet.environment, arguments=["--forks", "1"]
    ).check()
    assert {"locks-not-read", "kubernetes-version-old", "workspace-user-assigned-identity"} <= set(
        findings(tmp_path, "one")
    )
    assert report(tmp_path, "one")["outcome"] == "checked"
    assert fleet_wide(fleet.request_log()) == 3


def test_what_forbids_changes_blocks_an_upgrade_and_no_verification(
    simulator: Callable[..., Simulator], ansible: Ansible, tmp_path: Path
) -> None:
    fleet = simulator(scenario({**cluster("beside"), "arc_connected": True}))
    accepting = inventory(
        fleet, aml_accepted_findings=["cluster-also-on-arc"], aml_report_directory=str(tmp_path / "a")
    )
    ansible("azureml.fleet.upgrade", inventory=accepting, environment=fleet.environment).check()
    assert report(tmp_path / "a", "beside")["outcome"] == "upgraded"

    strict = inventory(fleet, aml_report_directory=str(tmp_path / "b"))
    ansible("azureml.fleet.verify", inventory=strict, environment=fleet.environment).check()
    verified = report(tmp_path / "b", "beside")
    assert (verified["outcome"], verified["stage"]) == ("current", "verify")
    assert "warnings: cluster-also-on-arc" in verified["reason"]
    (said,) = [each for each in verified["findings"] if each["id"] == "cluster-also-on-arc"]
    assert (said["severity"], said["accepted"]) == ("warning", False)

    ansible("azureml.fleet.preflight", inventory=strict, environment=fleet.environment)
    assert report(tmp_path / "b", "beside")["outcome"] == "blocked"
