# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module that judges before: variables only, variables with facts, certificates from files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.azureml.fleet.plugins.module_utils._core import aml_preflight
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import Call, ModuleFailure
from tests.unit.plugins.module_utils._domain.builders import AKS_ID, WORKSPACE_ID, facts
from tests.unit.plugins.module_utils._domain.rules.test_rules import SECURE, key_pair

MINIMAL = {"aml_cluster_id": AKS_ID, "aml_workspace": "ml", "aml_compute_name": "k8s"}


def run(hidden: list[str] | None = None, **params: Any) -> dict[str, Any]:
    call = Call(
        params={
            "variables": MINIMAL,
            "facts": None,
            "read": False,
            "refuse_blocked": False,
            "ssl_certificate": None,
            "ssl_key": None,
            **params,
        },
        hide=(hidden if hidden is not None else []).append,
    )
    outcome = aml_preflight.run(call)
    assert not outcome.changed
    json.dumps(outcome.result)  # a result must be plain data
    return outcome.result


def test_without_facts_only_the_variables_are_judged() -> None:
    result = run()
    assert result["workspace_ids"] == [WORKSPACE_ID]
    assert result["namespaces"] == ["azureml-workloads"]
    assert result["settings"]["aml_enable_training"] is True
    assert "verdict" not in result


def test_wrong_variables_are_one_message_that_says_what_was_left_untouched() -> None:
    with pytest.raises(ModuleFailure) as caught:
        run(variables={**MINIMAL, "aml_namespac": "x", "aml_workspace": None})
    assert caught.value.message.startswith(
        "The variables of this host have 2 problems; nothing was asked of Azure or the cluster. "
    )
    assert len(caught.value.details["problems"]) == 2
    assert caught.value.details["error_code"] == "VariablesError"


def test_a_cluster_that_can_be_upgraded_gets_a_plan() -> None:
    result = run(facts=facts())
    assert result["verdict"] == "change"
    assert result["plan"]["stages"] == ["extension", "compute"]


def test_a_blocked_cluster_gets_none() -> None:
    result = run(facts=facts(location="mars"))
    assert result["verdict"] == "blocked"
    assert [finding["id"] for finding in result["findings"]] == ["cluster-region-unsupported", "inference-not-wanted"]
    assert result["proposal"]["aml_enable_inference"] is True
    assert result["plan"] == {"stages": [], "changes": [], "options": {}}


def test_a_blocked_cluster_is_refused_where_that_is_asked_for() -> None:
    with pytest.raises(
        ModuleFailure, match=r"^Cluster \S+ is blocked; nothing of it was changed\. .* \[cluster-region-"
    ):
        run(facts=facts(location="mars"), refuse_blocked=True)
    assert run(facts=facts(), refuse_blocked=True)["verdict"] == "change"


def test_the_settings_can_be_given_back() -> None:
    assert run(variables=run()["settings"], facts=facts())["verdict"] == "change"


def tls_variables(**more: Any) -> dict[str, Any]:
    return {**MINIMAL, **{f"aml_{name}": value for name, value in SECURE.items()}, **more}


def test_a_certificate_as_text_is_checked_and_its_key_hidden() -> None:
    pair, hidden = key_pair("other.example.com", days=90), []  # type: tuple[dict[str, str], list[str]]
    result = run(
        hidden, variables=tls_variables(), facts=facts(), ssl_certificate=pair["certificate"], ssl_key=pair["key"]
    )
    assert [finding["id"] for finding in result["findings"]] == ["tls-certificate-unusable"]
    assert hidden == [pair["key"]]
    assert pair["key"] not in json.dumps(result)


def test_a_certificate_in_files_is_read(tmp_path: Path) -> None:
    pair = key_pair("ml.example.com", days=90)
    for name, text in pair.items():
        (tmp_path / f"{name}.pem").write_text(text, encoding="utf-8")
    files = {f"aml_ssl_{name}_file": str(tmp_path / f"{name}.pem") for name in pair}
    variables = tls_variables(**files, aml_ssl_certificate=None, aml_ssl_key=None)
    result = run(variables=variables, facts=facts())
    assert result["verdict"] == "change"
    assert result["findings"] == []


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    variables = tls_variables(aml_ssl_certificate=None, aml_ssl_certificate_file=str(tmp_path / "missing.pem"))
    with pytest.raises(ModuleFailure, match=r"aml_ssl_certificate_file: .*missing\.pem cannot be read \(No such file"):
        run(variables=variables)
