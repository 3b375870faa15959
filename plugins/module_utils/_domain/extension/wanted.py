# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The extension that a user's settings ask for on one cluster: options, certificate, release, compared with what is."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.azureml.fleet.plugins.module_utils._domain import names
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension import certificates
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.final_settings import (
    SWITCHES,
    ExtensionOptions,
    final_settings,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.plan import (
    ExtensionPlan,
    Release,
    plan_extension,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import Facts
from ansible_collections.azureml.fleet.plugins.module_utils._domain.run.settings import Settings

#: Verdicts on an azureml-fe that AksCompute made and that no extension has taken over yet.
_TO_BE_TAKEN_OVER = ("v1", "v2", "v2_not_ready")


def wanted_upgrade(settings: Settings, facts: Facts) -> bool | None:
    """Return the wanted `scoringFe.enableUpgrade`: the user's choice, else true where azureml-fe is to be taken over.

    None leaves it as it is. https://github.com/Azure/AML-Kubernetes/blob/master/docs/attach-compute-on-aks-v1-cluster.md
    """
    chosen = settings.choice("enable_upgrade")
    if chosen is not None or facts["kubernetes"] is None:
        return chosen
    return True if facts["kubernetes"]["front_end"]["verdict"] in _TO_BE_TAKEN_OVER else None


def extension_options(settings: Settings, facts: Facts) -> ExtensionOptions:
    """Return the options of `aml_extension` that the settings become. Protected values are known by name only."""
    switches = {name: settings.choice(name) for name in SWITCHES if name != "enable_upgrade"}
    protected = settings.values["aml_extension_protected_settings"]
    return ExtensionOptions(
        **switches,
        enable_upgrade=wanted_upgrade(settings, facts),
        inference_router_service_type=settings.text("inference_router_service_type"),
        internal_load_balancer_provider=settings.text("internal_load_balancer_provider"),
        ssl_secret=settings.text("ssl_secret"),
        ssl_cname=settings.text("ssl_cname"),
        ssl_certificate=certificates.to_setting(settings.certificate) if settings.certificate else None,
        ssl_key=certificates.to_setting(settings.key) if settings.key else None,
        node_selector=settings.mapping("node_selector"),
        cluster_purpose=settings.text("cluster_purpose"),
        settings=settings.mapping("extension_settings"),
        protected_settings=dict.fromkeys(protected, "set") if isinstance(protected, Mapping) else {},
    )


def planned_extension(settings: Settings, facts: Facts) -> ExtensionPlan:
    """Return what `aml_extension` would do. Raises ExtensionSettingsError with what it would refuse."""
    existing = facts["extension"]
    name = existing["name"] if existing else settings.text("extension_name") or names.DEFAULT_EXTENSION_NAME
    final = final_settings(
        extension_options(settings, facts), facts["cluster"], existing["settings"] if existing else None
    )
    release = Release(
        version=settings.text("extension_version"),
        auto_upgrade_minor_version=settings.choice("auto_upgrade_minor_version"),
        release_train=settings.text("release_train"),
    )
    extension_id = f"{facts['cluster']['id']}/providers/Microsoft.KubernetesConfiguration/extensions/{name}"
    return plan_extension(existing, final, release, extension_id=extension_id, name=name)
