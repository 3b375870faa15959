# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resource providers: whether a subscription may use a service at all."""

from __future__ import annotations

from ansible_collections.azureml.fleet.plugins.module_utils._azure import arm
from ansible_collections.azureml.fleet.plugins.module_utils._azure.connection import AzureConnection
from ansible_collections.azureml.fleet.plugins.module_utils._azure.errors import AzureError


def read_provider(connection: AzureConnection, namespace: str, subscription_id: str | None = None) -> str:
    """Return the registrationState of a provider: Registered, Registering, NotRegistered, Unregistering...

    A namespace that the subscription does not know is NotRegistered. Raises AzureError.
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
            return "NotRegistered"
        raise
    return str(body.get("registrationState") or "NotRegistered")
