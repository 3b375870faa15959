# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one base of everything that the layers below the modules raise for a user to read."""

from __future__ import annotations


class FleetError(Exception):
    """A failure in one clear sentence: which object, what is wrong, what was left untouched, what to do next."""

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        status: int | None = None,
        retryable: bool = False,
        subject: str = "",
    ) -> None:
        """Keep the sentence and what programs need of it.

        `code` is the service's own word (`code` of Azure, `reason` of Kubernetes), `status` the HTTP status (None when
        no answer came), `retryable` whether the same request may succeed later, `subject` the object in words or an id.
        """
        super().__init__(message)
        self.message = message
        self.code = code
        self.status = status
        self.retryable = retryable
        self.subject = subject

    @property
    def missing(self) -> bool:
        """Tell whether the object (or its kind) does not exist."""
        return self.status == 404

    @property
    def forbidden(self) -> bool:
        """Tell whether the credentials lack a permission."""
        return self.status == 403

    @property
    def conflict(self) -> bool:
        """Tell whether somebody else changed or holds the object."""
        return self.status == 409


class InputError(FleetError):
    """What was asked for cannot be, whatever the services say; raised before the first write, never after one."""
