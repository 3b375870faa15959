# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes what a run did: a JSON file for each cluster, one for the fleet, and the lines for the terminal."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.options import RunOptions
from ansible_collections.azureml.fleet.plugins.module_utils._domain.run import modes, report
from ansible_collections.azureml.fleet.plugins.module_utils._domain.run.report import ClusterReport
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import Call, ModuleFailure, Outcome
from ansible_collections.azureml.fleet.plugins.module_utils._module.spec import ModuleSpec

SPEC = ModuleSpec(
    argument_spec={
        "records": {"type": "list", "elements": "dict", "required": True},
        "directory": {"type": "path"},
        "fail_when_blocked": {"type": "bool", "default": RunOptions.fail_when_blocked},
        "mode": {"type": "str", "choices": list(modes.BY_ID), "default": "upgrade"},
    }
)
#: The reports name resources and what is wrong with them: they are the user's alone.
_FILE_MODE = 0o600
_DIRECTORY_MODE = 0o700
FLEET_FILE = "fleet.json"


def run(call: Call) -> Outcome:
    """Return the reports, write the files that differ, and say which hosts must end the run with an error."""
    params = call.params
    mode = modes.BY_ID[params["mode"]]
    clusters = [report.cluster_report(record, mode) for record in params["records"]]
    fleet = report.fleet_report(clusters, mode)
    artifacts = report.artifact_names([cluster["host"] for cluster in clusters])
    written = _write(call, clusters, fleet) if params["directory"] else []
    return Outcome(
        changed=bool(written),
        result={
            "lines": report.lines(clusters),
            "counts": report.counts(clusters),
            "clusters": fleet["clusters"],
            "unfinished": {
                cluster["host"]: f"{cluster['stage']}: {cluster['reason']}"
                for cluster in clusters
                if report.must_fail(cluster, fail_when_blocked=params["fail_when_blocked"])
            },
            "artifacts": {artifacts[each["host"]]: each for each in fleet["clusters"]},
            "written": written,
        },
    )


def _write(call: Call, clusters: list[ClusterReport], fleet: Mapping[str, Any]) -> list[str]:
    """Write the files whose content differs and return their paths; in check mode only return them.

    Raises ModuleFailure when one cannot be written.
    """
    directory = Path(call.params["directory"])
    files: dict[Path, Mapping[str, Any]] = {
        directory / "clusters" / f"{report.file_name(cluster['host'])}.json": cluster for cluster in clusters
    }
    files[directory / FLEET_FILE] = fleet
    try:
        if not call.check_mode:
            for folder in (directory, directory / "clusters"):
                folder.mkdir(mode=_DIRECTORY_MODE, parents=True, exist_ok=True)
        return [str(path) for path, content in files.items() if _write_one(path, content, write=not call.check_mode)]
    except OSError as error:
        raise ModuleFailure(
            f"The report was not written: {error.strerror} ({error.filename}). Everything else of the run has "
            "happened; set aml_report_directory to a directory that this user may write."
        ) from error


def _write_one(path: Path, content: Mapping[str, Any], *, write: bool) -> bool:
    """Write one file at once, so that nobody reads half of it; tell whether its content was another."""
    text = json.dumps(content, indent=2, sort_keys=True) + "\n"
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    if write:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                stream.write(text)
            os.chmod(temporary, _FILE_MODE)
            os.replace(temporary, path)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise
    return True
