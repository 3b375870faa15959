# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong between this collection and a cluster's API, as one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._foundation.errors import FleetError


class KubernetesError(FleetError):
    """A request to a Kubernetes API that failed, in one sentence for the user; `code` is the API's reason."""

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        status: int | None = None,
        retryable: bool = False,
        subject: str = "",
        causes: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        """Keep the sentence, what FleetError keeps, and the API's causes (`details.causes` of a Status)."""
        super().__init__(message, code=code, status=status, retryable=retryable, subject=subject)
        self.causes = tuple(causes)


class ConnectionFailedError(KubernetesError):
    """The API could not be reached, or the credentials for it are unusable: nothing at all can be read."""
