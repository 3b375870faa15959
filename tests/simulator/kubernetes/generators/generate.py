# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the JSON files of `builtin` from the published API of a Kubernetes release.

`python -m tests.simulator.kubernetes.generators.generate FOLDER 1.35.4`, where FOLDER is `k8s.io` in the Go module
cache, filled by `go mod download` of `k8s.io/kubernetes@v1.35.4` and of
`k8s.io/{api,apimachinery,apiextensions-apiserver,kube-aggregator}@v0.35.4`.
The files derive from `api/openapi-spec/v3`, `api/discovery` and the Go types there, which are under the Apache License
2.0.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

GROUP_VERSIONS = (
    "v1",
    "apiregistration.k8s.io/v1",
    "apps/v1",
    "authentication.k8s.io/v1",
    "authorization.k8s.io/v1",
    "autoscaling/v2",
    "batch/v1",
    "networking.k8s.io/v1",
    "policy/v1",
    "rbac.authorization.k8s.io/v1",
    "storage.k8s.io/v1",
    "admissionregistration.k8s.io/v1",
    "apiextensions.k8s.io/v1",
    "scheduling.k8s.io/v1",
    "coordination.k8s.io/v1",
)
_DROPPED_KEYS = frozenset({"description", "uniqueItems"})
_REF_PREFIX = "#/components/schemas/"
_GO_STRUCT = re.compile(r"^type (\w+) struct \{$(.*?)^\}$", re.MULTILINE | re.DOTALL)
_GO_FIELD = re.compile(r"^\s+\w+\s+(\S+)\s+`.*?json:\"(\w+),(omit[a-z,]+)", re.MULTILINE)
_GO_PACKAGES = {
    "api": ("io.k8s.api.{0}.{1}", "*/v*/types.go"),
    "apimachinery": ("io.k8s.apimachinery.pkg.apis.{0}.{1}", "pkg/apis/meta/v1/types.go"),
    "apiextensions-apiserver": (
        "io.k8s.apiextensions-apiserver.pkg.apis.{0}.{1}",
        "pkg/apis/apiextensions/v1/types*.go",
    ),
    "kube-aggregator": ("io.k8s.kube-aggregator.pkg.apis.{0}.{1}", "pkg/apis/apiregistration/v1/types.go"),
}


def compact(schema: Any) -> Any:
    """A schema without descriptions, with `allOf: [{$ref}]` folded into a `$ref` that keeps its siblings."""
    if isinstance(schema, list):
        return [compact(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result = {
        key: compact(value) for key, value in schema.items() if key not in _DROPPED_KEYS or isinstance(value, dict)
    }
    if "allOf" in result and len(result["allOf"]) == 1:
        result.update(result.pop("allOf")[0])
    if isinstance(result.get("$ref"), str):
        result["$ref"] = result["$ref"].removeprefix(_REF_PREFIX)
    return result


def references(schema: Any) -> Iterator[str]:
    """Names of the definitions that a compact schema refers to."""
    if isinstance(schema, list):
        for item in schema:
            yield from references(item)
    elif isinstance(schema, dict):
        for key, value in schema.items():
            if key == "$ref" and isinstance(value, str):
                yield value
            else:
                yield from references(value)


def document_name(group_version: str) -> str:
    """The file name stem that the release uses for a group version: `api__v1`, `apis__apps__v1`."""
    return "api__v1" if group_version == "v1" else "apis__" + group_version.replace("/", "__")


def collect_schemas(release: Path, served_kinds: set[str]) -> dict[str, Any]:
    """The definitions of the served kinds and everything they refer to."""
    known: dict[str, Any] = {}
    for group_version in GROUP_VERSIONS:
        path = release / "api/openapi-spec/v3" / f"{document_name(group_version)}_openapi.json"
        known.update(json.loads(path.read_text(encoding="utf-8"))["components"]["schemas"])
    compacted = {name: compact(schema) for name, schema in known.items()}
    wanted: dict[str, Any] = {}
    queue = [name for name, schema in compacted.items() if _serves(schema, served_kinds)]
    while queue:
        name = queue.pop()
        if name not in wanted:
            wanted[name] = compacted[name]
            queue.extend(references(compacted[name]))
    return dict(sorted(wanted.items()))


def _serves(schema: dict[str, Any], served_kinds: set[str]) -> bool:
    kinds = schema.get("x-kubernetes-group-version-kind", [])
    return any(f"{kind['group']}/{kind['version']}/{kind['kind']}" in served_kinds for kind in kinds)


def add_go_facts(definitions: dict[str, Any], modules: Path, version: str) -> None:
    """Add what OpenAPI does not tell: `x-omit`, the fields that Go leaves out of its JSON when they are zero."""
    for module, (name, pattern) in _GO_PACKAGES.items():
        for source in (modules / f"{module}@v0.{version.split('.', 1)[1]}").glob(pattern):
            package = name.format(source.parent.parent.name, source.parent.name)
            structs = dict(_GO_STRUCT.findall(source.read_text(encoding="utf-8")))
            for struct, body in structs.items():
                properties = definitions.get(f"{package}.{struct}", {}).get("properties", {})
                for go_type, field, omit in _GO_FIELD.findall(body):
                    if field in properties and not go_type.startswith("*"):
                        properties[field]["x-omit"] = "omitzero" if "omitzero" in omit else "omitempty"


def collect_groups(release: Path) -> list[dict[str, Any]]:
    """Aggregated discovery of the wanted group versions, the core group first."""
    core = {
        "metadata": {"name": ""},
        "versions": [{"version": "v1", "freshness": "Current", "resources": _core_resources(release)}],
    }
    found = [core]
    aggregated = json.loads((release / "api/discovery/aggregated_v2.json").read_text(encoding="utf-8"))
    for group in aggregated["items"]:
        name = group["metadata"]["name"]
        versions = [version for version in group["versions"] if f"{name}/{version['version']}" in GROUP_VERSIONS]
        if versions:
            found.append({"metadata": {"name": name}, "versions": versions})
    return found


def _core_resources(release: Path) -> list[dict[str, Any]]:
    """The core group in the shape of aggregated discovery: the release publishes only its resource list."""
    listing = json.loads((release / "api/discovery/api__v1.json").read_text(encoding="utf-8"))["resources"]
    resources: dict[str, dict[str, Any]] = {}
    for entry in listing:
        kind = {"group": entry.get("group", ""), "version": entry.get("version", ""), "kind": entry["kind"]}
        name, _unused, subresource = entry["name"].partition("/")
        if subresource:
            resources[name].setdefault("subresources", []).append(
                {"subresource": subresource, "responseKind": kind, "verbs": entry["verbs"]}
            )
            continue
        resources[name] = {
            "resource": name,
            "responseKind": kind,
            "scope": "Namespaced" if entry["namespaced"] else "Cluster",
            "singularResource": entry["singularName"],
            "verbs": entry["verbs"],
        }
        for optional in ("shortNames", "categories"):
            if optional in entry:
                resources[name][optional] = entry[optional]
    return list(resources.values())


def collect_storage_hashes(release: Path) -> dict[str, str]:
    """`storageVersionHash` by `group/version/resource`."""
    found: dict[str, str] = {}
    for group_version in GROUP_VERSIONS:
        path = release / "api/discovery" / f"{document_name(group_version)}.json"
        for entry in json.loads(path.read_text(encoding="utf-8"))["resources"]:
            if "storageVersionHash" in entry:
                prefix = "/v1" if group_version == "v1" else group_version
                found[f"{prefix}/{entry['name']}"] = entry["storageVersionHash"]
    return found


def served_kinds(groups: list[dict[str, Any]]) -> set[str]:
    """`group/version/Kind` of every resource and subresource of the groups."""
    found: set[str] = set()
    for group in groups:
        for version in group["versions"]:
            for resource in version["resources"]:
                for served in (resource, *resource.get("subresources", ())):
                    kind = served["responseKind"]
                    found.add(
                        f"{kind['group'] or group['metadata']['name']}/"
                        f"{kind['version'] or version['version']}/{kind['kind']}"
                    )
    return found | {"/v1/Status", "/v1/DeleteOptions"}


def main(arguments: list[str]) -> int:
    """Write the three files beside this one."""
    if len(arguments) != 2:
        sys.stderr.write("usage: python -m tests.simulator.kubernetes.generators.generate MODULES-FOLDER VERSION\n")
        return 2
    modules, version = Path(arguments[0]), arguments[1]
    release, here = modules / f"kubernetes@v{version}", Path(__file__).parent.parent / "builtin"
    groups = collect_groups(release)
    definitions = collect_schemas(release, served_kinds(groups))
    add_go_facts(definitions, modules, version)
    results = {
        "groups.json": groups,
        "schemas.json": definitions,
        "storage_hashes.json": collect_storage_hashes(release),
    }
    for name, value in results.items():
        (here / name).write_text(json.dumps(value, separators=(",", ":"), sort_keys=False) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
