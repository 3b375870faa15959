# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How clients find out what a cluster serves."""

from __future__ import annotations

from typing import Any

from tests.contract.recording.recorder import Conversation

# What the collection, Azure ML's extension and its users touch. A real cluster serves more.
GROUPS = {"apps", "authorization.k8s.io", "rbac.authorization.k8s.io", "apiextensions.k8s.io", "coordination.k8s.io"}
CORE = {"bindings", "configmaps", "events", "namespaces", "nodes", "pods", "secrets", "serviceaccounts", "services"}
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"


def version_and_health(talk: Conversation) -> None:
    version = talk.ask(
        "version", "GET", "/version", only=lambda body: sorted(set(body) & {"major", "minor", "gitVersion"})
    )
    assert version.body["major"] == "1"
    for path in ("/healthz", "/livez", "/readyz"):
        assert talk.ask(path, "GET", path).body == "ok"


def groups_and_versions(talk: Conversation) -> None:
    assert talk.ask("core versions", "GET", "/api", only=lambda body: body["versions"]).body["versions"] == ["v1"]

    def known(body: dict[str, Any]) -> dict[str, Any]:
        groups = [group for group in body["groups"] if group["name"] in GROUPS]
        return {**body, "groups": sorted(groups, key=lambda group: str(group["name"]))}

    served = talk.ask("groups", "GET", "/apis", only=known)
    assert {group["name"] for group in served.body["groups"]} >= GROUPS
    talk.ask("one group", "GET", "/apis/apps")


def resources_of_a_version(talk: Conversation) -> None:
    def used(body: dict[str, Any]) -> dict[str, Any]:
        kept = [each for each in body["resources"] if each["name"].partition("/")[0] in CORE]
        return {**body, "resources": sorted(kept, key=lambda each: str(each["name"]))}

    talk.ask("core resources", "GET", "/api/v1", only=used)
    for version in ("apps/v1", "authorization.k8s.io/v1", "apiextensions.k8s.io/v1", "rbac.authorization.k8s.io/v1"):
        talk.ask(f"resources of {version}", "GET", f"/apis/{version}")


def aggregated_discovery(talk: Conversation) -> None:
    """Kubectl asks for everything in two answers."""

    def named(names: set[str]) -> Any:
        def pick(body: dict[str, Any]) -> Any:
            items = [item for item in body["items"] if item["metadata"].get("name", "") in names]
            for item in items:
                for version in item["versions"]:
                    version["resources"] = sorted(
                        (each for each in version["resources"] if names != {""} or each["resource"] in CORE),
                        key=lambda each: str(each["resource"]),
                    )
            return {**body, "items": items}

        return pick

    talk.ask("core", "GET", "/api", accept=AGGREGATED, only=named({""}))
    talk.ask("groups", "GET", "/apis", accept=AGGREGATED, only=named({"apps", "authorization.k8s.io"}))


def unknown_paths(talk: Conversation) -> None:
    for path in ("/apis/nowhere.example/v1", "/apis/apps/v1/namespaces/default/nothings", "/api/v2", "/nowhere"):
        assert talk.ask(path, "GET", path).status == 404
