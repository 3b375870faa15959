# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resource providers: whether a subscription may use a service at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ansible_collections.azureml.fleet.plugins.module_utils._azure import arm
from ansible_collections.azureml.fleet.plugins.module_utils._azure.connection import AzureConnection
from ansible_collections.azureml.fleet.plugins.module_utils._azure.errors import AzureError


class Provider(NamedTuple):
    """A resource provider as a subscription sees it."""

    #: registrationState: Registered, Registering, NotRegistered, Unregistering...
    state: str
    #: Resource type -> the regions in which it is offered to this subscription, as Azure spells them.
    locations: Mapping[str, Sequence[str]]


def read_provider(connection: AzureConnection, namespace: str, subscription_id: str | None = None) -> Provider:
    """Return a provider; a namespace that the subscription does not know is NotRegistered. Raises AzureError.

    Source: learn.microsoft.com/rest/api/resources/providers/get (registrationState, resourceTypes.locations).
    """
    subscription = subscription_id or connection.subscription_id
    try:
        body = arm.get(
            connection,
            f"/subscriptions/{subscription}/providers/{namespace}",
            arm.API_VERSIONS["providers"],
            f"Reading the registration of {namespace} in subscription {subscription}",
        )
    except AzureError as error:
        if error.missing and "subscriptionnotfound" not in error.code.lower():
            return Provider("NotRegistered", {})
        raise
    types = [each for each in body.get("resourceTypes") or () if isinstance(each, Mapping)]
    return Provider(
        str(body.get("registrationState") or "NotRegistered"),
        {str(each.get("resourceType")): [str(name) for name in each.get("locations") or ()] for each in types},
    )
