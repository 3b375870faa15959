# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which api-versions and regions each resource type has, and how others are refused.

Source: folders of Azure/azure-rest-api-specs; recorded answers of GET of a provider; the texts of the refusals from
github.com/Azure/azure-cli-extensions/pull/5388 (NoRegisteredProviderFound), github.com/Azure/azure-cli/issues/26491
(InvalidResourceType) and github.com/Azure/azure-cli/issues/28038 (InvalidApiVersionParameter).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.simulator.state.answers import ArmError, ArmRequest, gateway_error

if TYPE_CHECKING:
    from tests.simulator.arm.actions import Demand
    from tests.simulator.state.fleet import Fleet

AKS, ARC = "Microsoft.ContainerService", "Microsoft.Kubernetes"
CONFIGURATION, ML = "Microsoft.KubernetesConfiguration", "Microsoft.MachineLearningServices"

_AKS = (
    "2026-08-01 2026-06-01 2026-03-01 2026-01-01 2025-10-02-preview 2025-10-01 2025-09-01 2025-08-01 2025-07-01 "
    "2025-05-01 2025-04-01 2025-03-01 2025-02-01 2025-01-01 2024-10-01 2024-09-02-preview 2024-09-01 2024-08-01 "
    "2024-07-01 2024-05-01 2024-03-02-preview 2024-02-01 2024-01-01 2023-11-01 2023-10-01 2023-09-01 2023-08-01 "
    "2023-07-01 2023-06-01 2023-05-01 2023-04-01 2023-03-01 2023-02-01 2023-01-01 2022-11-01 2022-09-01 2022-07-01 "
    "2022-06-01 2022-04-01"
)
_ARC = (
    "2026-05-01 2025-12-01-preview 2024-12-01-preview 2024-07-15-preview 2024-01-01 2023-11-01-preview 2021-10-01 "
    "2021-03-01"
)
_CONFIGURATION = (
    "2025-03-01 2024-11-01 2023-05-01 2022-11-01 2022-07-01 2022-04-02-preview 2022-03-01 2021-09-01 2020-07-01-preview"
)
_CONFIGURATION_OPERATIONS = f"{_CONFIGURATION} 2024-04-01-preview 2022-01-01-preview 2021-11-01-preview"
_ML = (
    "2025-12-01 2025-10-01-preview 2025-09-01 2025-07-01-preview 2025-06-01 2025-04-01 2025-01-01-preview "
    "2024-10-01 2024-10-01-preview 2024-07-01-preview 2024-04-01 2024-04-01-preview 2024-01-01-preview 2023-10-01 "
    "2023-08-01-preview 2023-06-01-preview 2023-04-01 2023-04-01-preview 2022-10-01 2022-10-01-preview 2022-05-01 "
    "2022-02-01-preview 2021-07-01"
)
_RESOURCES = (
    "2025-04-01 2025-03-01 2024-11-01 2024-07-01 2024-03-01 2023-07-01 2022-12-01 2022-09-01 2022-06-01 2022-05-01 "
    "2022-01-01 2021-04-01 2021-01-01 2020-10-01 2020-09-01 2020-08-01 2020-06-01 2020-05-01 2020-01-01 2019-11-01 "
    "2019-10-01 2019-08-01 2019-07-01 2019-06-01 2019-05-01 2018-05-01 2018-02-01 2017-05-10 2016-09-01 2016-06-01 "
    "2016-02-01"
)
_AUTHORIZATION = (
    "2022-05-01-preview 2022-04-01 2020-10-01-preview 2020-05-01 2020-04-01-preview 2018-09-01-preview "
    "2018-01-01-preview 2017-04-01 2016-09-01 2015-07-01 2015-01-01"
)
_FEATURES = "2021-07-01 2015-12-01"
_RELAY = "2024-01-01 2021-11-01 2017-04-01 2016-07-01"

#: Types by provider and the versions of each, newest first; what a type does not name has those of its provider.
VERSIONS: dict[str, dict[str, str]] = {
    AKS: {"": _AKS, "locations/operations": f"{_AKS} 2016-03-30", "locations/operationresults": f"{_AKS} 2016-03-30"},
    ARC: {"": _ARC},
    CONFIGURATION: {"": _CONFIGURATION, "operations": _CONFIGURATION_OPERATIONS},
    ML: {"": _ML},
    "Microsoft.Resources": {"": _RESOURCES},
    "Microsoft.Authorization": {"": _AUTHORIZATION},
    "Microsoft.Features": {"": _FEATURES},
    "Microsoft.Relay": {"": _RELAY},
    "Microsoft.ExtendedLocation": {"": "2021-08-31-preview 2021-08-15 2021-03-15-preview"},
}
#: The newest versions of clouds that lag behind (belief api-versions-in-sovereign-clouds).
OLDER = {AKS: "2024-09-01", CONFIGURATION: "2023-05-01", ML: "2024-04-01"}
#: The types that the body of a provider lists; the first of each is a resource with a location.
TYPES: dict[str, tuple[str, ...]] = {
    AKS: (
        "managedClusters",
        "managedClusters/agentPools",
        "locations",
        "locations/operations",
        "locations/operationresults",
        "locations/kubernetesVersions",
    ),
    ARC: ("connectedClusters", "locations", "locations/operationStatuses", "registeredSubscriptions", "operations"),
    CONFIGURATION: ("extensions", "sourceControlConfigurations", "fluxConfigurations", "operations", "extensionTypes"),
    ML: (
        "workspaces",
        "workspaces/computes",
        "workspaces/jobs",
        "workspaces/onlineEndpoints",
        "workspaces/onlineEndpoints/deployments",
        "locations",
        "locations/computeOperationsStatus",
    ),
    "Microsoft.Relay": ("namespaces", "namespaces/hybridConnections", "namespaces/authorizationRules"),
}
TRACKED = ("managedclusters", "connectedclusters", "workspaces", "namespaces")
REGIONS = (
    "East US",
    "West Europe",
    "West Central US",
    "West US 2",
    "West US 3",
    "South Central US",
    "East US 2",
    "North Europe",
    "UK South",
    "Southeast Asia",
    "Australia East",
    "France Central",
    "Central US",
    "North Central US",
    "West US",
    "Korea Central",
    "East Asia",
    "Japan East",
    "Canada East",
    "Canada Central",
    "Norway East",
    "Germany West Central",
    "Sweden Central",
    "Switzerland North",
    "Central India",
    "South Africa North",
    "Brazil South",
)


def region(name: str) -> str:
    """The short name of a region: `West Europe` is `westeurope`."""
    return name.replace(" ", "").lower()


def supported(fleet: Fleet, provider: str, kind: str) -> list[str]:
    """The versions of a resource type, newest first; empty for a provider that is not simulated.

    Belief: api-versions-in-sovereign-clouds
    """
    name = next((known for known in VERSIONS if known.lower() == provider.lower()), "")
    if not name:
        return []
    types = {known.lower(): versions for known, versions in VERSIONS[name].items()}
    found = types.get(kind.lower(), types[""]).split()
    lags = name in OLDER and not kind.lower().startswith("locations/")
    if lags and fleet.beliefs.answer("api-versions-in-sovereign-clouds") == "older":
        return [version for version in found if version[:10] <= OLDER[name]]
    return found


def check(fleet: Fleet, request: ArmRequest, wanted: Demand) -> None:
    """Raise the gateway's refusal of an api-version that the resource type does not have."""
    versions = supported(fleet, wanted.provider, wanted.type)
    if not versions or request.api_version.lower() in versions:
        return
    raise _refusal(fleet, request, wanted, versions)


def _refusal(fleet: Fleet, request: ArmRequest, wanted: Demand, versions: list[str]) -> ArmError:
    asked = request.api_version
    if not re.fullmatch(r"\d{4}-\d\d-\d\d(-[a-z]+)?", asked, re.IGNORECASE):
        message = f"The api-version '{asked}' is invalid."
        return gateway_error(400, "InvalidApiVersionParameter", message)
    if wanted.provider == "Microsoft.Resources":
        message = f"The api-version '{asked}' is invalid. The supported versions are '{','.join(versions)}'."
        return gateway_error(400, "InvalidApiVersionParameter", message)
    location = _location(fleet, request)
    if location and wanted.type.partition("/")[0].lower() in TRACKED:
        message = (
            f"No registered resource provider found for location '{location}' and API version '{asked}' for type "
            f"'{wanted.type}'. The supported api-versions are '{', '.join(sorted(versions))}'. "
            f"The supported locations are '{', '.join(region(name) for name in REGIONS)}'."
        )
        return gateway_error(400, "NoRegisteredProviderFound", message)
    message = (
        f"The resource type '{wanted.type}' could not be found in the namespace '{wanted.provider}' for api version "
        f"'{asked}'. The supported api-versions are '{','.join(sorted(versions))}'."
    )
    return gateway_error(404, "InvalidResourceType", message)


def _location(fleet: Fleet, request: ArmRequest) -> str:
    """The region of the resource that the path names, or nothing."""
    if "workspace" in request.params and "group" in request.params:
        workspace = fleet.workspace(request.params["group"], request.params["workspace"])
        return workspace.spec.location if workspace else ""
    for resource in fleet.resources.values():
        if resource.name.lower() == request.params.get("cluster", "").lower():
            return resource.cluster.spec.location
    return ""
