# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shipped ClusterRoles on a real API server: the whole upgrade passes with them, and none of their verbs is spare.

Every verb is taken away from one user of its own; all these users then run the same upgrade, each against what is for
Azure a cluster of its own. Each run has to end in preflight, name the missing permission, and change nothing.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.control_plane import users
from tests.control_plane.cluster import Cluster
from tests.control_plane.fixtures import OwnControlPlanes, Starter
from tests.end_to_end import real_fleet
from tests.integration.harness import ROOT, Ansible, AnsibleRun, Simulator

pytestmark = [pytest.mark.control_plane, pytest.mark.slow]
RBAC = "/apis/rbac.authorization.k8s.io/v1"
ACCOUNTS = "/api/v1/namespaces/default/serviceaccounts"
ROLES: dict[str, dict[str, Any]] = {
    role["metadata"]["name"]: role
    for role in yaml.safe_load((ROOT / "docs" / "permissions" / "cluster-role.yml").read_text("utf-8"))["items"]
}


@dataclass(frozen=True)
class Lack:
    """One verb on one resource that a role grants, and that a user is left without."""

    role: str
    rule: int
    verb: str
    resource: str

    @property
    def host(self) -> str:
        """The name of the cluster (and user) that lacks it."""
        return f"no-{self.verb}-{self.resource}-{self.rule}".lower()

    @property
    def kind(self) -> str:
        """On which kind of cluster it is needed."""
        return "arc" if self.role.endswith("-arc") else "aks"

    def roles(self) -> list[dict[str, Any]]:
        """The roles for this kind of cluster without the verb."""
        names = ROLES if self.kind == "arc" else [name for name in ROLES if not name.endswith("-arc")]
        found = [copy.deepcopy(ROLES[name]) for name in names]
        for role in found:
            if role["metadata"]["name"] == self.role:
                role["rules"][self.rule]["verbs"].remove(self.verb)
                role["rules"] = [rule for rule in role["rules"] if rule["verbs"]]
        return found


LACKS = [
    Lack(name, index, verb, resource)
    for name, role in ROLES.items()
    for index, rule in enumerate(role["rules"])
    for verb, resource in itertools.product(rule["verbs"], rule["resources"])
]


def account(cluster: Cluster, name: str, roles: list[dict[str, Any]], folder: Path) -> Path:
    """A kubeconfig of a new service account that has exactly these roles."""
    admin = cluster.connection()
    assert admin.request("POST", ACCOUNTS, body={"metadata": {"name": name}}).status == 201
    for role in roles:
        unique = f"{name}-{role['metadata']['name']}"
        body = {**role, "metadata": {"name": unique}}
        assert admin.request("POST", f"{RBAC}/clusterroles", body=body).status == 201
        binding = {
            "metadata": {"name": unique},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": unique},
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": "default"}],
        }
        assert admin.request("POST", f"{RBAC}/clusterrolebindings", body=binding).status == 201
    token = admin.request("POST", f"{ACCOUNTS}/{name}/token", body={"spec": {"expirationSeconds": 3600}})
    users.write_kubeconfig(
        folder / f"{name}.kubeconfig",
        cluster=name,
        server=cluster.server,
        ca_file=cluster.ca_file,
        user=name,
        token=token.body["status"]["token"],
    )
    return folder / f"{name}.kubeconfig"


@pytest.fixture(scope="module")
def planes(start_control_planes: Starter) -> OwnControlPlanes:
    """One cluster for each kind."""
    return start_control_planes(["aks", "arc"], nodes=())


@dataclass
class DeniedRun:
    """The run of all users that lack something."""

    run: AnsibleRun
    before: list[dict[str, str]]
    after: list[dict[str, str]]
    writes: list[dict[str, Any]]


@pytest.fixture(scope="module")
def denied(
    planes: OwnControlPlanes, module_ansible: Ansible, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DeniedRun]:
    """The upgrade by users of whom each lacks one verb."""
    folder = tmp_path_factory.mktemp("accounts")
    clusters, kubeconfigs = [], {}
    for lack in LACKS:
        plane = planes.planes.cluster(lack.kind)
        kubeconfigs[lack.host] = account(plane, lack.host, lack.roles(), folder)
        described = real_fleet.cluster(
            lack.host,
            kind=lack.kind,
            version=plane.version,
            kubeconfig=plane.kubeconfig(),
            user_kubeconfig=kubeconfigs[lack.host],
            pools=[real_fleet.SYSTEM_POOL] if lack.kind == "aks" else [real_fleet.SYSTEM_POOL, real_fleet.GPU_POOL],
        )
        clusters.append(described)
    with Simulator(real_fleet.scenario(*clusters)) as simulator:
        hosts = real_fleet.inventory(simulator, aml_instance_types=real_fleet.VARIABLES["aml_instance_types"][:1])
        for lack in LACKS:
            if lack.kind == "arc":
                hosts["all"]["hosts"][lack.host]["aml_kubeconfig"] = str(kubeconfigs[lack.host])
        before = [real_fleet.snapshot(each.connection()) for each in planes.clusters]
        run = module_ansible("azureml.fleet.upgrade", inventory=hosts, environment=simulator.environment)
        after = [real_fleet.snapshot(each.connection()) for each in planes.clusters]
        yield DeniedRun(run, before, after, simulator.writes())


@pytest.mark.parametrize("lack", LACKS, ids=lambda lack: str(lack.host))
def test_without_one_verb_the_run_ends_and_names_it(denied: DeniedRun, lack: Lack) -> None:
    line = next(each for each in report(denied.run) if each.startswith(f"{lack.host} "))
    assert line.split()[1] in ("BLOCKED", "FAILED")
    assert line.split()[2] == "preflight"
    rule = ROLES[lack.role]["rules"][lack.rule]
    qualified = f"{lack.resource}.{rule['apiGroups'][0]}".rstrip(".")
    assert f"{lack.verb} {qualified}" in line


def test_nothing_was_changed(denied: DeniedRun) -> None:
    assert denied.run.rc != 0
    assert set(denied.run.changed().values()) == {0}
    assert denied.after == denied.before
    assert denied.writes == []


def test_the_whole_upgrade_passes_with_the_shipped_roles(
    denied: DeniedRun, planes: OwnControlPlanes, module_ansible: Ansible, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """It depends on the other run only because that one must find the clusters as they were."""
    folder = tmp_path_factory.mktemp("operators")
    aks, arc = planes.clusters
    aks_operator = account(aks, "operator", [ROLES["azureml-fleet"]], folder / "aks")
    arc_operator = account(arc, "operator", list(ROLES.values()), folder / "arc")
    fleet = real_fleet.scenario(
        real_fleet.cluster(
            "aks",
            version=aks.version,
            kubeconfig=aks.kubeconfig(),
            user_kubeconfig=aks_operator,
            pools=[real_fleet.SYSTEM_POOL],
        ),
        real_fleet.cluster("arc", kind="arc", version=arc.version, kubeconfig=arc.kubeconfig()),
    )
    with Simulator(fleet) as simulator:
        hosts = real_fleet.inventory(simulator, aml_instance_types=real_fleet.VARIABLES["aml_instance_types"][:1])
        hosts["all"]["hosts"]["arc"]["aml_kubeconfig"] = str(arc_operator)

        def run() -> AnsibleRun:
            return module_ansible("azureml.fleet.upgrade", inventory=hosts, environment=simulator.environment)

        run().check()
        again = run().check()
        assert [again.changed()[host] for host in ("aks", "arc")] == [0, 0]


def report(run: AnsibleRun) -> list[str]:
    """The lines of the report."""
    return run.stdout.splitlines()
