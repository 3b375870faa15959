# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Before an extension is deleted: does anything depend on it, and is azureml-fe written down?"""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._azure.connection import AzureConnection
from ansible_collections.azureml.fleet.plugins.module_utils._azure.errors import AzureError
from ansible_collections.azureml.fleet.plugins.module_utils._core._access import MISSING_LIBRARY, connect_cluster
from ansible_collections.azureml.fleet.plugins.module_utils._domain.v1.backup import as_list
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes import in_use
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.errors import KubernetesError
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import Call, ModuleFailure

#: Uses that a message names; of the others it says how many there are.
_NAMED = 5


def guard(call: Call, azure: AzureConnection, cluster: str) -> str | None:
    """Return the path of the file with the objects of azureml-fe, None where there is none to keep.

    Raises ModuleFailure, with nothing changed, when something depends on the extension or could not be looked at and
    the user did not confirm the cluster's name, or when azureml-fe is there and no directory for its objects is given.
    """
    if call.params["confirm"] not in (None, cluster):
        raise ModuleFailure(
            f"confirm is {call.params['confirm']}, but the cluster is called {cluster}. Nothing was changed."
        )
    confirmed = call.params["confirm"] == cluster
    try:
        uses, objects = _look(call, azure)
    except (AzureError, KubernetesError) as error:
        if confirmed:
            call.warn(f"What depends on the extension of cluster {cluster} was not looked at: {error.message}")
            return None
        raise ModuleFailure(
            f"The extension of cluster {cluster} was not deleted: whether v1 services, deployments or jobs depend on "
            f"it could not be looked at ({error.message}), and azureml-fe could not be saved. Give access to the "
            f"cluster's API (docs/permissions has the ClusterRole azureml-fleet-deletion), and backup_directory if "
            f"azureml-fe is there; or set confirm: {cluster} to delete it all the same."
        ) from error
    if uses and not confirmed:
        unsaved = bool(objects) and not call.params["backup_directory"]
        raise ModuleFailure(_refusal(cluster, uses, unsaved=unsaved), uses=uses)
    return _saved(call, cluster, objects) if objects else None


def _look(call: Call, azure: AzureConnection) -> tuple[list[str], list[dict[str, Any]]]:
    """Return what depends on the extension, and the objects of azureml-fe. Raises AzureError or KubernetesError."""
    if MISSING_LIBRARY is not None:
        raise KubernetesError(f"{MISSING_LIBRARY} is not installed.")
    with connect_cluster(call, azure) as connection:
        return in_use.read_uses(connection), in_use.read_front_end_objects(connection)


def _refusal(cluster: str, uses: Sequence[str], *, unsaved: bool) -> str:
    """Return why the extension is not deleted, and everything that it takes to delete it: nobody learns it in turns."""
    more = f" and {len(uses) - _NAMED} more" if len(uses) > _NAMED else ""
    saving = (
        ", and backup_directory to a directory of this controller to which azureml-fe is written first"
        if unsaved
        else ""
    )
    return (
        f"The extension of cluster {cluster} was not deleted, because this runs by way of it: "
        f"{', '.join(uses[:_NAMED])}{more}. All that its release contains would go with it, which may be azureml-fe of "
        f"v1, too. Nothing was changed; stop these first, or set confirm: {cluster} to delete it all the same{saving}."
    )


def _saved(call: Call, cluster: str, objects: Sequence[Mapping[str, Any]]) -> str:
    """Write the objects of azureml-fe to a new file that only this user may read; return its path.

    In check mode nothing is written. Raises ModuleFailure when no directory is given or it cannot be written.
    """
    directory = call.params["backup_directory"]
    if not directory:
        raise ModuleFailure(
            f"The extension of cluster {cluster} was not deleted, because azureml-fe of v1 may be deleted with it and "
            "would be lost. Set backup_directory to a directory of this controller to which its objects, the Secret "
            "with its certificate among them, are written first."
        )
    moment = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    path = Path(str(directory)).expanduser() / f"{cluster}-azureml-fe-{moment}.json"
    if call.check_mode:
        return str(path)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(json.dumps(as_list(objects), indent=2, sort_keys=True) + "\n")
    except OSError as error:
        raise ModuleFailure(
            f"The extension of cluster {cluster} was not deleted: the objects of azureml-fe could not be written to "
            f"{path} ({error.strerror}). Set backup_directory to a directory that this user may write."
        ) from error
    return str(path)
