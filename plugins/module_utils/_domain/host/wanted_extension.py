# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The extension that a user's settings ask for on one cluster: options, certificate, release, compared with what is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ansible_collections.azureml.fleet.plugins.module_utils._domain import names
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.components import inference_is_installed
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.final_settings import (
    FinalSettings,
    draft_settings,
    final_settings,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.options import ExtensionOptions
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.plan import (
    ExtensionPlan,
    Release,
    plan_extension,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import Facts
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.settings import Settings
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.variables import SECRET_IS_SET

#: The rule that blocks an azureml-fe that is not marked as v2, unless the user accepts it.
ACCEPTED_V1 = "front-end-outdated"
#: Verdicts on an azureml-fe that AksCompute made and that no extension has taken over yet.
_TO_BE_TAKEN_OVER = ("v1", "v2", "v2_not_ready")


def takes_over(settings: Settings, facts: Facts) -> bool:
    """Tell whether the extension is about to take over an azureml-fe: asked for, or inference that is not there yet."""
    chosen = settings.extension.enable_upgrade
    if chosen is not None:
        return chosen
    return bool(settings.extension.enable_inference) and not inference_is_installed(facts["extension"])


def accepts_v1(settings: Settings) -> bool:
    """Tell whether the user accepts an azureml-fe whose pods are not marked as v2."""
    return ACCEPTED_V1 in settings.run.accepted_findings


def wanted_upgrade(settings: Settings, facts: Facts) -> bool | None:
    """Return the wanted `scoringFe.enableUpgrade`: the user's choice, else true where azureml-fe is to be taken over.

    None leaves it as it is. https://github.com/Azure/AML-Kubernetes/blob/master/docs/attach-compute-on-aks-v1-cluster.md
    """
    chosen = settings.extension.enable_upgrade
    if chosen is not None or facts["kubernetes"] is None:
        return chosen
    there = facts["kubernetes"]["front_end"]["verdict"] in _TO_BE_TAKEN_OVER
    return True if there and takes_over(settings, facts) else None


def extension_options(settings: Settings, facts: Facts) -> ExtensionOptions:
    """Return the options of `aml_extension` that the settings become. Protected values are known by name only."""
    wanted = settings.extension
    protected = wanted.protected_settings
    return replace(
        wanted,
        enable_upgrade=wanted_upgrade(settings, facts),
        ssl_certificate=_pem(settings.certificate, wanted.ssl_certificate or wanted.ssl_certificate_file),
        ssl_key=_pem(settings.key, wanted.ssl_key or wanted.ssl_key_file),
        protected_settings=dict.fromkeys(protected, "set") if isinstance(protected, Mapping) else {},
    )


def drafted_settings(settings: Settings, facts: Facts) -> FinalSettings:
    """Return the final settings of the extension, and what is wrong with them."""
    return draft_settings(extension_options(settings, facts), facts["cluster"], facts["extension"])


def planned_extension(settings: Settings, facts: Facts) -> ExtensionPlan:
    """Return what `aml_extension` would do. Raises ExtensionSettingsError with what it would refuse."""
    existing = facts["extension"]
    options = extension_options(settings, facts)
    name = existing["name"] if existing else options.name
    final = final_settings(options, facts["cluster"], existing)
    extension_id = names.extension_id(facts["cluster"]["id"], name)
    return plan_extension(existing, final, Release.of(options), extension_id=extension_id, name=name)


def _pem(text: str | None, declared: str | None) -> str | None:
    """Return a PEM text, or a marker where it is only known that there is one: plans compare names, never values."""
    return text or (SECRET_IS_SET if declared else None)
