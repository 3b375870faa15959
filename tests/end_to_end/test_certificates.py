# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page about renewing certificates, copied and run on an extension that the Azure CLI installed with PEM files."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import trustme
import yaml

from tests.end_to_end.test_readme import SUBSCRIPTION, shell
from tests.integration.harness import COLLECTIONS, ROOT, Simulator, clean_environment
from tests.integration.test_documentation import blocks

PAGE = ROOT / "docs" / "certificates.md"
FLEET: dict[str, Any] = {
    "time_scale": 300,
    "subscription_id": SUBSCRIPTION,
    "workspaces": [{"name": "ml-west", "resource_group": "rg-ml"}],
    "clusters": [
        {"name": "aks-payments", "resource_group": "rg-aks", "extension": {"pem_files_for": "ml.example.com"}},
        {"name": "behind", "resource_group": "rg-aks"},
    ],
}
FASTER = " -e aml_poll_interval=0.2"  # the simulated Azure is faster than the real one


def written(fleet: Simulator, position: int) -> list[dict[str, Any]]:
    """Return the bodies of what was sent to Azure since then."""
    return [entry["body"] for entry in fleet.writes(since=position)]


def test_commands_of_the_page_renew_one_certificate_and_nothing_else(
    simulator: Callable[..., Simulator], tmp_path: Path
) -> None:
    issued = trustme.CA().issue_cert("ml.example.com", common_name="ml.example.com")
    issued.cert_chain_pems[0].write_to_path(str(tmp_path / "fullchain.pem"))
    issued.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    (tmp_path / "fleet.yml").write_text(blocks(PAGE, "yaml")[0], encoding="utf-8")
    check, renew, again = blocks(PAGE, "sh")[0].strip().splitlines()
    fleet = simulator(FLEET)
    environment = clean_environment(**fleet.environment, HOME=str(tmp_path), ANSIBLE_COLLECTIONS_PATH=str(COLLECTIONS))

    predicted = shell(check + FASTER, tmp_path, environment)
    assert fleet.writes() == []
    assert "+++ after: extension azureml of cluster aks-payments" in predicted
    assert predicted.count('"fingerprint": ') == 2
    assert "PRIVATE KEY" not in predicted
    done = shell(renew + FASTER, tmp_path, environment)
    assert "changed=1" in done
    assert "PRIVATE KEY" not in done
    (sent,) = written(fleet, 0)
    assert set(sent) == {"properties"}
    assert set(sent["properties"]) == {"configurationProtectedSettings"}
    assert set(sent["properties"]["configurationProtectedSettings"]) == {"scoringFe.sslCert", "scoringFe.sslKey"}
    position = fleet.position()
    assert "changed=0" in shell(again + FASTER, tmp_path, environment)
    assert fleet.writes(since=position) == []


def test_a_cluster_that_fails_does_not_keep_the_others_from_a_new_certificate(
    simulator: Callable[..., Simulator], tmp_path: Path
) -> None:
    issued = trustme.CA().issue_cert("ml.example.com", common_name="ml.example.com")
    issued.cert_chain_pems[0].write_to_path(str(tmp_path / "fullchain.pem"))
    issued.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    inventory = yaml.safe_load(blocks(PAGE, "yaml")[0])
    hosts = inventory["all"]["hosts"]
    hosts["behind"] = json.loads(json.dumps(hosts["aks-payments"]).replace("aks-payments", "behind"))
    (tmp_path / "fleet.yml").write_text(yaml.safe_dump(inventory), encoding="utf-8")
    fleet = simulator(FLEET)
    environment = clean_environment(**fleet.environment, HOME=str(tmp_path), ANSIBLE_COLLECTIONS_PATH=str(COLLECTIONS))
    command = blocks(PAGE, "sh")[0].strip().splitlines()[1]
    said = shell(command + FASTER, tmp_path, environment, status=2)
    assert "has no Azure Machine Learning extension" in said
    assert len(written(fleet, 0)) == 1


def test_in_a_mixed_fleet_each_cluster_gets_its_own_word(simulator: Callable[..., Simulator], tmp_path: Path) -> None:
    issued = trustme.CA().issue_cert("ml.example.com", common_name="ml.example.com")
    issued.cert_chain_pems[0].write_to_path(str(tmp_path / "fullchain.pem"))
    issued.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    inventory = yaml.safe_load(blocks(PAGE, "yaml")[0])
    hosts, text = inventory["all"]["hosts"], json.dumps(inventory["all"]["hosts"]["aks-payments"])
    for name in ("trains", "by-secret", "misspelt"):
        hosts[name] = json.loads(text.replace("aks-payments", name))
    for name in ("trains", "by-secret"):
        del hosts[name]["aml_ssl_certificate_file"], hosts[name]["aml_ssl_key_file"]
    hosts["by-secret"] |= {"aml_ssl_secret": "tls", "aml_ssl_cname": "ml.example.com"}
    hosts["misspelt"]["aml_ssl_key_fil"] = "key.pem"
    (tmp_path / "fleet.yml").write_text(yaml.safe_dump(inventory), encoding="utf-8")
    renewed, misspelt = FLEET["clusters"][0], {**FLEET["clusters"][0], "name": "misspelt"}
    training = {"enableInference": "False", "enableTraining": "True"}
    secret = {"allowInsecureConnections": "False", "scoringFe.sslSecret": "tls"}
    others = {"trains": training, "by-secret": secret}
    made = [
        {"name": name, "resource_group": "rg-aks", "extension": {"name": "azureml", "changed_settings": settings}}
        for name, settings in others.items()
    ]
    fleet = simulator({**FLEET, "clusters": [renewed, misspelt, *made]})
    environment = clean_environment(**fleet.environment, HOME=str(tmp_path), ANSIBLE_COLLECTIONS_PATH=str(COLLECTIONS))
    said = shell(blocks(PAGE, "sh")[0].strip().splitlines()[1] + FASTER, tmp_path, environment, status=2)
    ends = dict(re.findall(r"^(\S+) +: ok=\d+ +changed=(\d) +unreachable=0 +failed=\d", said, re.MULTILINE))
    failed = set(re.findall(r"^(\S+) +: .*failed=1", said, re.MULTILINE))
    assert ends == {"aks-payments": "1", "trains": "0", "by-secret": "0", "misspelt": "0"}
    assert failed == {"by-secret", "misspelt"}
    assert "was installed without inference, so it has no router" in said
    assert "kubectl create secret generic tls" in said
    assert "aml_ssl_key_fil" in said
    assert len(written(fleet, 0)) == 1


def test_the_way_from_http_to_https_is_proven_by_what_the_router_serves(
    simulator: Callable[..., Simulator], tmp_path: Path
) -> None:
    for folder in ("", "other"):
        issued = trustme.CA().issue_cert("ml.example.com", common_name="ml.example.com")
        (tmp_path / folder).mkdir(exist_ok=True)
        issued.cert_chain_pems[0].write_to_path(str(tmp_path / folder / "fullchain.pem"))
        issued.private_key_pem.write_to_path(str(tmp_path / folder / "key.pem"))
    inventory = yaml.safe_load(blocks(PAGE, "yaml")[0])
    wanted = {"aml_ssl_cname": "ml.example.com", "aml_inference_router_service_type": "LoadBalancer"}
    switches = {"aml_enable_inference": True, "aml_allow_disruption": True, "aml_extension_name": "azureml"}
    inventory["all"]["hosts"]["aks-payments"] |= wanted | switches
    (tmp_path / "fleet.yml").write_text(yaml.safe_dump(inventory), encoding="utf-8")
    insecure = {"name": "aks-payments", "resource_group": "rg-aks", "extension": {"name": "azureml"}}
    fleet = simulator({**FLEET, "clusters": [insecure]})
    environment = clean_environment(**fleet.environment, HOME=str(tmp_path), ANSIBLE_COLLECTIONS_PATH=str(COLLECTIONS))
    shell(f"ansible-playbook -i fleet.yml azureml.fleet.upgrade{FASTER}", tmp_path, environment)
    (sent,) = [body["properties"] for body in written(fleet, 0) if "configurationSettings" in str(body)]
    assert sent["configurationSettings"]["allowInsecureConnections"] == "False"
    assert check_of(tmp_path)["passed"]
    other = " -e aml_ssl_certificate_file=other/fullchain.pem -e aml_ssl_key_file=other/key.pem"
    shell(f"ansible-playbook -i fleet.yml azureml.fleet.verify{other}", tmp_path, environment, status=2)
    assert "shows the certificate" in check_of(tmp_path)["problems"][0]


def check_of(folder: Path) -> dict[str, Any]:
    """Return the check of the router's certificate in the report."""
    report = json.loads((folder / "aml-report" / "clusters" / "aks-payments.json").read_text(encoding="utf-8"))
    return next(each for each in report["checks"] if each["id"] == "router-certificate")
