# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Core of `aml_extension`: the Azure Machine Learning extension of one cluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from ansible_collections.azureml.fleet.plugins.module_utils._azure import extension_changes
from ansible_collections.azureml.fleet.plugins.module_utils._azure.clusters import read_cluster
from ansible_collections.azureml.fleet.plugins.module_utils._azure.connection import MISSING_LIBRARY as MISSING_AZURE
from ansible_collections.azureml.fleet.plugins.module_utils._azure.errors import AzureError
from ansible_collections.azureml.fleet.plugins.module_utils._azure.extension_changes import ExtensionRequest
from ansible_collections.azureml.fleet.plugins.module_utils._azure.waiting import follow
from ansible_collections.azureml.fleet.plugins.module_utils._core._access import connect_azure, waiting_for
from ansible_collections.azureml.fleet.plugins.module_utils._core._deletion import guard
from ansible_collections.azureml.fleet.plugins.module_utils._core._failures import refuse_missing, reported_failures
from ansible_collections.azureml.fleet.plugins.module_utils._core._files import read_text_file
from ansible_collections.azureml.fleet.plugins.module_utils._core._installation import Installation, followed, succeeded
from ansible_collections.azureml.fleet.plugins.module_utils._domain import failures, names
from ansible_collections.azureml.fleet.plugins.module_utils._domain.change import described
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension import certificates
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.final_settings import final_settings
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.options import (
    EXCLUSIONS,
    ExtensionOptions,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.plan import (
    ExtensionPlan,
    Release,
    plan_extension,
    shown,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import ClusterFacts, ExtensionFacts
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.options import RunOptions
from ansible_collections.azureml.fleet.plugins.module_utils._foundation import states
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.options import argument_spec
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.resource_id import parse_cluster_id
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import Call, Difference, ModuleFailure, Outcome
from ansible_collections.azureml.fleet.plugins.module_utils._module.options import (
    AZURE,
    CLUSTER_REQUIRED,
    KUBERNETES,
    waiting,
)
from ansible_collections.azureml.fleet.plugins.module_utils._module.spec import ModuleSpec

MISSING_LIBRARY = MISSING_AZURE or extension_changes.MISSING_LIBRARY or certificates.MISSING_CRYPTOGRAPHY

SPEC = ModuleSpec(
    argument_spec={
        "state": {"type": "str", "choices": ["absent", "present"], "default": "present"},
        **argument_spec(ExtensionOptions),
        "resend_protected_settings": {"type": "bool", "default": False},
        "cluster": {"type": "dict"},
        "force_delete": {"type": "bool", "default": False},
        "confirm": {"type": "str"},
        "backup_directory": {"type": "path"},
    },
    mutually_exclusive=EXCLUSIONS,
).merge(AZURE, KUBERNETES, CLUSTER_REQUIRED, waiting(timeout_seconds=RunOptions.extension_timeout))


def run(call: Call) -> Outcome:
    """Install, update or delete the extension."""
    refuse_missing(MISSING_LIBRARY)
    with reported_failures():
        absent = call.params["state"] == "absent"
        name = None if absent else call.params["name"]
        cluster = parse_cluster_id(call.params["cluster_id"])
        task = Installation(call, connect_azure(call), cluster, waiting_for(call), name)
        return _absent(task) if absent else _present(task)


def _present(task: Installation) -> Outcome:
    """Bring the extension to what the options say."""
    options = _options(task.call)
    cluster = _cluster_facts(task)
    before = task.read()
    existing = before
    while True:
        plan = _plan(task, options, cluster, existing)
        if plan.action == "none" or task.call.check_mode:
            break
        if existing is not None and not states.is_settled(existing["provisioning_state"]):
            existing = task.settle(existing)
            continue
        try:
            return _apply(task, plan, before)
        except AzureError as error:
            if not error.busy:
                raise
            task.waiting.pause(task.what(str(task.call.params["name"])), f"busy ({error.code})")
            existing = task.read()
    after = plan.after
    if plan.action == "none" and task.follow and not task.call.check_mode:
        after = succeeded(task, task.settle(existing))
    return _outcome(task, before, after, plan, submitted=False)


def _plan(
    task: Installation, options: ExtensionOptions, cluster: ClusterFacts, existing: ExtensionFacts | None
) -> ExtensionPlan:
    """Return what is to be sent; an extension that is being deleted counts as gone.

    Raises ModuleFailure when that interrupts what runs and the user did not allow it.
    """
    params = task.call.params
    if existing is not None and states.is_deleting(existing["provisioning_state"]):
        existing = None if task.call.check_mode else task.settle(existing)
    wanted = final_settings(options, cluster, existing)
    plan = plan_extension(
        existing,
        wanted,
        Release.of(options),
        extension_id=names.extension_id(str(task.cluster), params["name"]),
        name=params["name"],
        resend_protected=params["resend_protected_settings"],
    )
    for warning in wanted.warnings if plan.action == "create" else ():
        task.call.warn(warning)
    if plan.disruptive and not params["allow_disruption"]:
        raise ModuleFailure(
            f"Extension {existing['name'] if existing else params['name']} of cluster {task.cluster.name}: changing "
            f"{', '.join(plan.disruptive)} interrupts what runs on the cluster. Nothing was changed; set "
            "allow_disruption to true to do it.",
            disruptive=list(plan.disruptive),
        )
    return plan


def _apply(task: Installation, plan: ExtensionPlan, before: ExtensionFacts | None) -> Outcome:
    """Send the plan; wait for its end if asked to. Raises AzureError, `.busy` when another operation is in the way."""
    name = plan.after["name"] if plan.after else str(task.call.params["name"])
    request = ExtensionRequest(
        settings=plan.settings,
        protected=plan.protected,
        version=plan.version,
        auto_upgrade_minor_version=plan.auto_upgrade_minor_version,
        release_train=plan.release_train,
    )
    send = extension_changes.update if plan.action == "update" else extension_changes.create
    poller = send(
        task.connection,
        task.cluster,
        name,
        request,
        poll_interval=task.waiting.interval,
        follow=task.follow,
    )
    doing = "Updating" if plan.action == "update" else "Creating"
    if not task.follow:
        after = plan.after.copy() if plan.after else None
        if after is not None:
            after["provisioning_state"] = doing
        return _outcome(task, before, after, plan, submitted=True)
    after = followed(task, poller, name, f"{doing} extension {name} on cluster {task.cluster.name}")
    return _outcome(task, before, after, plan, submitted=True)


def _absent(task: Installation) -> Outcome:
    """Delete the extension, whatever its name, and wait until it is gone.

    First it is looked at whether anything depends on it; an extension that is on its way out is only waited for.
    """
    before = existing = task.read()
    submitted, backup = False, None
    if existing is not None and not states.is_deleting(existing["provisioning_state"]):
        backup = guard(task.call, task.connection, task.cluster.name)
    while existing is not None and not task.call.check_mode:
        if not states.is_deleting(existing["provisioning_state"]):
            submitted = _delete(task, existing) or submitted
        if not task.follow and (submitted or states.is_deleting(existing["provisioning_state"])):
            break
        existing = _after_deletion(task, existing["name"])
    outcome = _outcome(task, before, None, None, submitted=submitted)
    outcome.result["backup"] = backup
    return outcome


def _delete(task: Installation, existing: ExtensionFacts) -> bool:
    """Send the deletion when no other operation is in progress; return whether it was accepted."""
    force = bool(task.call.params["force_delete"])
    if not force and not states.is_settled(existing["provisioning_state"]):
        task.settle(existing)
        return False
    try:
        poller = extension_changes.delete(
            task.connection,
            task.cluster,
            existing["name"],
            force=force,
            poll_interval=task.waiting.interval,
            follow=task.follow,
        )
    except AzureError as error:
        if not error.busy:
            raise
        task.waiting.pause(task.what(existing["name"]), f"busy ({error.code})")
        return False
    if task.follow:
        follow(
            task.waiting,
            poller,
            task.what(existing["name"]),
            f"Deleting extension {existing['name']} from cluster {task.cluster.name}",
        )
    return True


def _after_deletion(task: Installation, name: str) -> ExtensionFacts | None:
    """Return what is left of the extension once nothing happens to it any more; None when it is gone."""
    found = task.settle(task.read())
    if found is not None and found["name"] == name and states.has_failed(found["provisioning_state"]):
        raise ModuleFailure(
            f"{failures.extension_failure(found, task.cluster.name)} It was not deleted.", extension=found
        )
    return found


def _options(call: Call) -> ExtensionOptions:
    """Return the options as the pure functions take them, certificate and key checked.

    Raises ModuleFailure for a file that cannot be read, CertificateError for what is in it.
    """
    params = call.params
    certificate = params["ssl_certificate"] or read_text_file(params["ssl_certificate_file"], "ssl_certificate_file")
    key = params["ssl_key"] or read_text_file(params["ssl_key_file"], "ssl_key_file")
    for secret in (certificate, key):
        call.hide(secret or "")
        call.hide(certificates.to_setting(secret) if secret else "")
    if certificate and key:
        for warning in certificates.check_key_pair(certificate, key, params["ssl_cname"]):
            call.warn(warning)
    protected = params["protected_settings"] or {}
    for value in protected.values():
        call.hide(str(value))
    given = {name: params[name] for name in argument_spec(ExtensionOptions) if params[name] is not None}
    return ExtensionOptions(**{**given, "ssl_certificate": certificate, "ssl_key": key})


def _cluster_facts(task: Installation) -> ClusterFacts:
    """Return the cluster's facts: those given, when they are of this cluster, or those that Azure tells."""
    given: Mapping[str, Any] | None = task.call.params["cluster"]
    if not given:
        return read_cluster(task.connection, str(task.cluster))
    lacking = sorted(ClusterFacts.__required_keys__ - given.keys())
    if lacking:
        raise ModuleFailure(
            f"Option cluster takes the facts that aml_cluster_info returns; {', '.join(lacking)} is missing. "
            "Nothing was changed."
        )
    if str(given["id"]).lower() != str(task.cluster).lower():
        raise ModuleFailure(
            f"Option cluster holds the facts of {given['id']}, not of {task.cluster}. Nothing was changed."
        )
    return cast(ClusterFacts, dict(given))


def _outcome(
    task: Installation,
    before: ExtensionFacts | None,
    after: ExtensionFacts | None,
    plan: ExtensionPlan | None,
    *,
    submitted: bool,
) -> Outcome:
    """Return the result: `changed` is the difference of what a user can set."""
    resent = plan is not None and plan.action == "update" and plan.protected is not None
    name = (after or before or {"name": str(task.call.params["name"])})["name"]
    difference = Difference(
        subject=described("extension", name, f"cluster {task.cluster.name}"),
        before=shown(before),
        after=shown(after, resent=resent),
    )
    return Outcome(
        changed=difference.before != difference.after,
        result={
            "extension": after,
            "submitted": submitted,
            "settings_sent": dict(plan.settings) if plan else {},
        },
        differences=[difference],
    )
