# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Following a long operation of Azure with the SDK's own poller, within the deadline of a `Waiting`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ansible_collections.azureml.fleet.plugins.module_utils._azure.errors import azure_errors
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.waiting import Waiting

if TYPE_CHECKING:
    from azure.core.polling import LROPoller


def follow(waiting: Waiting, poller: LROPoller[Any], what: str, doing: str) -> Any:
    """Wait until a long operation has ended, as the SDK's poller follows it, and return its result.

    Raises WaitTimeoutError, and AzureError, beginning with `doing`, when the operation failed.
    """
    with azure_errors(doing):
        while not poller.done():
            if waiting.remaining <= 0:
                waiting.pause(what, poller.status())
            waiting.tell(what, poller.status())
            poller.wait(min(waiting.interval, waiting.remaining))
        return poller.result()
