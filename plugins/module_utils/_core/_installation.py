# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One call on the extension of a cluster: how it is read, waited for, and judged at the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ansible_collections.azureml.fleet.plugins.module_utils._azure.connection import AzureConnection
from ansible_collections.azureml.fleet.plugins.module_utils._azure.errors import AzureError
from ansible_collections.azureml.fleet.plugins.module_utils._azure.extensions import (
    extension_facts,
    list_extension,
    read_extension,
)
from ansible_collections.azureml.fleet.plugins.module_utils._azure.waiting import follow
from ansible_collections.azureml.fleet.plugins.module_utils._core._health import health
from ansible_collections.azureml.fleet.plugins.module_utils._domain import failures
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import ExtensionFacts
from ansible_collections.azureml.fleet.plugins.module_utils._foundation import states
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.resource_id import ResourceId
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.waiting import Waiting
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import Call, ModuleFailure

if TYPE_CHECKING:
    from azure.core.polling import LROPoller


@dataclass
class Installation:
    """One call, and what it works with."""

    call: Call
    connection: AzureConnection
    cluster: ResourceId
    waiting: Waiting
    #: The name that it is to have; None: whatever its name is.
    name: str | None = None

    @property
    def follow(self) -> bool:
        """Tell whether the call waits for the end of what it begins."""
        return bool(self.call.params["wait"])

    def what(self, name: str) -> str:
        """Return the extension in words."""
        return f"Extension {name} of cluster {self.cluster.name}"

    def read(self) -> ExtensionFacts | None:
        """Return the extension as it is. Raises AzureError when its name is taken by an extension of another type."""
        return list_extension(self.connection, str(self.cluster), self.name)

    def settle(self, found: ExtensionFacts | None) -> ExtensionFacts | None:
        """Wait until no operation is in progress on the extension that was found, and return it as it is then."""
        if found is None or states.is_settled(found["provisioning_state"]):
            return found
        return self.waiting.until(
            self.read,
            lambda state: state is None or states.is_settled(state["provisioning_state"]),
            lambda state: state["provisioning_state"] if state else "gone",
            self.what(found["name"]),
        )


def followed(task: Installation, poller: LROPoller[dict[str, Any]], name: str, doing: str) -> ExtensionFacts:
    """Return the extension after its operation has ended well. Raises ModuleFailure when it did not."""
    try:
        body = follow(task.waiting, poller, task.what(name), doing)
    except AzureError as error:
        if error.status is not None and error.status < 400:
            said = health(task.call, task.connection)
            raise ModuleFailure(f"{error.message} {said}", error_code=error.code) from error
        raise
    facts = extension_facts(body) if body else None
    if facts is None or not states.is_settled(facts["provisioning_state"]):
        facts = task.settle(read_extension(task.connection, str(task.cluster), name))
    return succeeded(task, facts)


def succeeded(task: Installation, facts: ExtensionFacts | None) -> ExtensionFacts:
    """Return `facts` of an extension that is in order.

    Raises ModuleFailure when it is gone or Failed, which it can be although the operation ended well.
    """
    if facts is None:
        raise ModuleFailure(
            f"The extension of cluster {task.cluster.name} is gone: somebody deleted it meanwhile. "
            "Run again to install it."
        )
    if not states.has_succeeded(facts["provisioning_state"]):
        said = health(task.call, task.connection)
        raise ModuleFailure(failures.extension_failure(facts, task.cluster.name, said), extension=facts)
    return facts
