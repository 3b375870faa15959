# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes what a run did: a JSON file for each cluster, one for the fleet, and the lines for the terminal."""

from __future__ import annotations

import errno
import json
import os
import stat
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
        "show": {"type": "bool", "default": False},
        "mode": {"type": "str", "choices": list(modes.BY_ID), "default": "upgrade"},
    }
)
#: The reports name resources and what is wrong with them: they are the user's alone.
_FILE_MODE = 0o600
_DIRECTORY_MODE = 0o700
FLEET_FILE = "fleet.json"
_CLUSTERS = "clusters"


def run(call: Call) -> Outcome:
    """Return the reports, write the files that differ, and say which hosts must end the run with an error.

    Raises ModuleFailure, with all that is returned otherwise, when the files cannot be written.
    """
    params = call.params
    mode = modes.BY_ID[params["mode"]]
    clusters = [report.cluster_report(record, mode) for record in params["records"]]
    fleet = report.fleet_report(clusters, mode)
    screen = report.screen(clusters)
    artifacts = report.artifact_names([cluster["host"] for cluster in clusters])
    unfinished = {
        cluster["host"]: f"{cluster['outcome']} in stage {cluster['stage']}; the report above says why."
        for cluster, record in zip(clusters, params["records"], strict=True)
        if report.must_fail(cluster, fail_when_blocked=record.get("fail_when_blocked", params["fail_when_blocked"]))
    }
    result: dict[str, Any] = {
        "lines": [line["text"] for line in screen],
        "outcomes": [line["outcome"] for line in screen],
        "counts": report.counts(clusters),
        "clusters": fleet["clusters"],
        "unfinished": unfinished,
        "artifacts": {artifacts[each["host"]]: each for each in fleet["clusters"]},
        "written": [],
    }
    if params["directory"]:
        try:
            result["written"] = _write(call, clusters, fleet)
        except OSError as error:
            message = (
                f"The report's files were not written: {error.strerror} ({error.filename}). What the lines say "
                "is so all the same; set aml_report_directory to a directory that this user may write."
            )
            for cluster in clusters[:1]:  # somebody has to end the run with an error for it
                unfinished[cluster["host"]] = " ".join(filter(None, (unfinished.get(cluster["host"]), message)))
            raise ModuleFailure(message, **result) from error
    return Outcome(changed=bool(result["written"]), result=result)


def _write(call: Call, clusters: list[ClusterReport], fleet: Mapping[str, Any]) -> list[str]:
    """Write the files whose content differs and return their paths; in check mode only return them.

    Raises OSError when one cannot be written.
    """
    directory = Path(call.params["directory"])
    files: dict[Path, Mapping[str, Any]] = {
        directory / _CLUSTERS / f"{report.file_name(cluster['host'])}.json": cluster for cluster in clusters
    }
    files[directory / FLEET_FILE] = fleet
    if not call.check_mode:
        _make_folders(directory)
    return [str(path) for path, content in files.items() if _write_one(path, content, write=not call.check_mode)]


def _make_folders(directory: Path) -> None:
    """Make the folders, for their owner only. Raises OSError when somebody else can say what `clusters` is.

    The directory is the user's choice: a link, or shared with others, perhaps. It gets its mode only when it is this
    user's and holds reports only.
    """
    clusters = directory / _CLUSTERS
    for folder in (directory, clusters):
        folder.mkdir(mode=_DIRECTORY_MODE, parents=True, exist_ok=True)
    found = clusters.lstat()
    if stat.S_ISLNK(found.st_mode):
        raise OSError(errno.ELOOP, "a link is where the folder of the reports should be", str(clusters))
    if found.st_uid != os.geteuid():
        raise OSError(errno.EPERM, "the folder belongs to another user", str(clusters))
    _make_private(clusters)
    if directory.stat().st_uid == os.geteuid() and {each.name for each in directory.iterdir()} <= {
        _CLUSTERS,
        FLEET_FILE,
    }:
        _make_private(directory.resolve())


def _make_private(folder: Path) -> None:
    """Let only its owner enter a folder, which is no link. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        os.fchmod(descriptor, _DIRECTORY_MODE)
    finally:
        os.close(descriptor)


def _is_written(path: Path, content: bytes) -> bool:
    """Tell whether a file holds `content`, for its owner only; whatever else is there gives way to a new file."""
    try:
        # A link would lead somewhere else, and a FIFO would wait for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:  # where it cannot be written either, writing says so
        return False
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or stat.S_IMODE(found.st_mode) != _FILE_MODE:
            return False
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            return stream.read(len(content) + 1) == content
    finally:
        os.close(descriptor)


def _write_one(path: Path, content: Mapping[str, Any], *, write: bool) -> bool:
    """Write one file at once, so that nobody reads half of it; tell whether its content or mode was another."""
    data = (json.dumps(content, indent=2, sort_keys=True) + "\n").encode("ascii")
    if _is_written(path, data):
        return False
    if write:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(data)
            os.chmod(temporary, _FILE_MODE)
            os.replace(temporary, path)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise
    return True
