# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong between this collection and a cluster's API, as one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class KubernetesError(Exception):
    """A request to a Kubernetes API that failed, in one sentence for the user."""

    def __init__(
        self, message: str, *, status: int = 0, reason: str = "", causes: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        """Keep the sentence, the HTTP status (0 when no answer came), and the API's reason and causes."""
        super().__init__(message)
        self.message = message
        self.status = status
        self.reason = reason
        self.causes = tuple(causes)

    @property
    def is_missing(self) -> bool:
        """The object, or the kind of object, is not there."""
        return self.status == 404

    @property
    def is_conflict(self) -> bool:
        """Somebody else changed or created the object between our read and our write."""
        return self.status == 409

    @property
    def is_forbidden(self) -> bool:
        """The credentials lack a permission."""
        return self.status == 403


class ConnectionFailedError(KubernetesError):
    """The API could not be reached, or the credentials for it are unusable: nothing at all can be read."""
