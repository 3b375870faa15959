# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets are planted in every option and in answers; then all that runs of modules and playbooks left is searched.

Four runs: an upgrade in Ansible's worker; every module there, and a verification; every module as a module, some
asynchronous, their files kept, and a preflight; an upgrade as modules in check mode. The stage "integration" runs this
with the newest ansible-core, "lowest" with the oldest.
"""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml

from ansible_collections.azureml.fleet.plugins.module_utils._module.spec import ModuleSpec, secret_options
from tests.end_to_end.real_fleet import SYSTEM_POOL, WORKSPACE, cluster, scenario
from tests.integration.harness import ROOT, Ansible, AnsibleRun, Simulator
from tests.integration.secrets.places import Places, numbers, readable_by_others
from tests.integration.secrets.planted import Plantation

pytestmark = pytest.mark.slow

MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("a*.py"))
AMOUNTS = {"cpu": "1", "memory": "1Gi"}
#: What each module cannot do without, beside `cluster_id`.
NEEDED: dict[str, dict[str, Any]] = {
    "aks_node_pool_labels": {"pools": {"system": {"example.com/team": "a"}}},
    "aml_compute_attach": {"workspace_id": "{{ workspace }}", "name": "k8s", "poll_interval": 0.2},
    "aml_compute_info": {"workspaces": ["{{ workspace }}"]},
    "aml_extension": {"enable_training": True, "poll_interval": 0.2},
    "aml_instance_type": {"name": "small", "requests": AMOUNTS, "limits": AMOUNTS},
    "aml_namespace": {"name": "team-vision"},
    "aml_node_labels": {"labels": {"example.com/team": "a"}},
    "aml_preflight": {"variables": {"aml_cluster_id": "{{ cluster }}"}, "read": True},
    "aml_report": {"records": [{"host": "a", "cluster_id": "b"}]},
    "aml_verify": {"variables": {"aml_cluster_id": "{{ cluster }}"}, "read": True},
}
#: What succeeds, with the right credentials; the last one undoes what the playbooks did.
WORKING: tuple[tuple[str, dict[str, Any]], ...] = (
    ("aml_cluster_info", {}),
    ("aml_instance_type", {**NEEDED["aml_instance_type"], "name": "one-more"}),
    ("aml_instance_type", {"name": "one-more", "state": "absent"}),
    ("aml_namespace", NEEDED["aml_namespace"]),
    ("azureml_fe_check", {}),
    ("aml_extension_info", {}),
    ("aml_compute_attach", {**NEEDED["aml_compute_attach"], "name": "plain", "state": "absent"}),
)
#: Deletions that the collection may ask for; of a compute with `Detach` only.
DELETIONS = (
    r"/extensions/[^/]+$",
    r"/apis/amlarc\.azureml\.com/[^/]+/instancetypes/[^/]+$",
    r"/workspaces/[^/]+/computes/[^/]+$",
)


def spec_of(module: str) -> ModuleSpec:
    """Return what a module accepts."""
    core = importlib.import_module(f"ansible_collections.azureml.fleet.plugins.module_utils._core.{module}")
    spec: ModuleSpec = core.SPEC
    return spec


def task(name: str, module: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return a task of the collection after whose failure the play goes on."""
    return {"name": name, f"azureml.fleet.{module}": dict(arguments), "ignore_errors": True}


def playbook(name: str) -> dict[str, Any]:
    """Return one of the collection's playbooks as a play."""
    return {"import_playbook": f"azureml.fleet.{name}"}


@dataclass
class Field:
    """The fleet, the secrets, and the tasks in which they are planted."""

    fleet: Simulator
    plantation: Plantation
    kubeconfig: dict[str, Any] = field(init=False)
    #: What the tasks refer to: callbacks such as junit show the words of a playbook themselves.
    variables: dict[str, Any] = field(default_factory=dict)
    pair: trustme.LeafCert = field(init=False)

    def __post_init__(self) -> None:
        """Plant secrets in the kubeconfig and in Azure's answers; take those that the simulator made."""
        add, new = self.plantation.add, self.plantation.new
        add("client secret of the service principal", self.fleet.ready["client_secret"])
        self.kubeconfig = yaml.safe_load(Path(self.fleet.clusters["arc"]["kubeconfig"]).read_text(encoding="utf-8"))
        add("token of a kubeconfig", self.kubeconfig["users"][0]["user"]["token"])
        self.kubeconfig["users"].append(
            {
                "name": "other",
                "user": {
                    "client-key-data": new("client-key-data", form="{}{}"),
                    "password": new("password of a kubeconfig"),
                    "auth-provider": {"config": {"refresh-token": new("refresh token of a kubeconfig")}},
                    "exec": {"command": "x", "env": [{"name": "X", "value": new("environment of a plug-in")}]},
                },
            }
        )
        self.pair = trustme.CA().issue_cert("models.example.com")
        add("TLS key", self.pair.private_key_pem.bytes().decode())
        hostile = "\x1b]0;owned\x07 Helm says:\nPLAY RECAP {} {} {}".format(
            self.fleet.ready["client_secret"],
            add("key in an answer", trustme.CA().private_key_pem.bytes().decode()),
            new("token in an answer", form="eyJhbGciOiJSUzI1NiJ9.eyJ{}.c2ln{}"),
        )
        answer = {"status": 400, "body": {"error": {"code": "Helm", "message": hostile}}}
        self.fleet.fault({"service": "arm", "path_regex": "/broken/.*extensions"}, occurrence="every", answer=answer)

    @property
    def workspace(self) -> str:
        """The id of the workspace."""
        group = f"/subscriptions/{self.fleet.ready['subscription_id']}/resourceGroups/rg-ml"
        return f"{group}/providers/Microsoft.MachineLearningServices/workspaces/{WORKSPACE}"

    def inventory(self) -> dict[str, Any]:
        """The fleet as a user writes it, secrets among the variables; and the host of the single modules."""
        hosts: dict[str, dict[str, Any]] = {
            name: {"aml_cluster_id": entry["id"], "aml_workspace": self.workspace, "aml_compute_name": name}
            for name, entry in self.fleet.clusters.items()
        }
        hosts["arc"]["aml_kubeconfig"] = self.kubeconfig
        hosts["plain"] |= {
            "aml_enable_inference": True,
            "aml_inference_router_service_type": "LoadBalancer",
            "aml_ssl_cname": "models.example.com",
            "aml_ssl_certificate": self.pair.cert_chain_pems[0].bytes().decode(),
            "aml_ssl_key": self.pair.private_key_pem.bytes().decode(),
            "aml_extension_protected_settings": {
                "relayserver.relayConnectionString": self.plantation.new("protected setting", form="Endpoint={};Key={}")
            },
        }
        # Two hosts may not have one cluster: both would be stopped before Azure says anything.
        hosts["unknown"] = {
            "aml_cluster_id": f"{hosts['broken']['aml_cluster_id']}-of-another",
            "aml_workspace": self.workspace,
            "aml_compute_name": "unknown",
            "aml_secrett": self.plantation.new("misspelt variable"),
        }
        shared = {"aml_poll_interval": 0.3, "aml_secret": self.fleet.ready["client_secret"]}
        return {
            "all": {
                "children": {
                    "fleet": {"hosts": hosts, "vars": shared},
                    "single": {"hosts": {"modules": self.variables}},
                }
            }
        }

    def refused(self, module: str) -> Iterator[dict[str, Any]]:
        """Yield arguments with a secret in each secret option: Azure, the cluster or the module refuses them."""
        spec = spec_of(module)
        known = set(spec.argument_spec)
        given = {**NEEDED.get(module, {}), **({"cluster_id": "{{ cluster }}"} if "cluster_id" in known else {})}
        for (name,) in secret_options(spec.argument_spec):
            secret = self.variable(f"{module}: {name}")
            given[name] = {"a": {"b": [secret]}} if name == "protected_settings" else secret
        cluster_options = {name: given.pop(name) for name in ("api_key", "password") if name in given}
        yield {**given, "misspelt": self.variable(f"{module}: misspelt")}
        if "ssl_key" in given:
            yield dict(given)
        for name in ("ssl_key", "ssl_certificate"):
            given.pop(name, None)
        yield given
        if not cluster_options:
            return
        host = self.kubeconfig["clusters"][0]["cluster"]["server"]
        yield {**given, "host": host, "api_key": self.variable(f"{module}: header", form="{}\n{}")}
        proxy = self.variable(f"{module}: proxy", form="{}{}")
        login = {"host": host, "username": "u", "password": cluster_options["password"]}
        yield {**given, **login, "proxy": f"http://user:{proxy}@127.0.0.1:9"}

    def variable(self, where: str, **how: str) -> str:
        """Return a reference to a variable that holds a new secret."""
        name = f"planted_{len(self.variables)}"
        self.variables[name] = self.plantation.new(where, **how)
        return f"{{{{ {name} }}}}"

    def play(self, *, asynchronous: bool) -> dict[str, Any]:
        """Return the play with every module, failures first; `asynchronous`: two of them in the background."""
        tasks: list[dict[str, Any]] = []
        for module in MODULES:
            for number, arguments in enumerate(self.refused(module)):
                every = module in ("aml_namespace", "aml_extension")
                if every or not asynchronous or number == (0 if module == "aml_report" else 1):
                    tasks.append(task(f"{module} refused {number}", module, arguments))
        for number, (module, arguments) in enumerate(WORKING if asynchronous else WORKING[:-1]):
            given = {"cluster_id": "{{ cluster }}", "secret": "{{ secret }}", **arguments}
            tasks.append({**task(f"{module} works {number}", module, given), "register": "result"})
        if asynchronous:
            for each in tasks:
                if each["name"] in ("aml_namespace refused 2", "aml_cluster_info works 0"):
                    each |= {"async": 60, "poll": 1}
        self.variables |= {"config": self.kubeconfig, "other_config": {**self.kubeconfig, "current-context": "?"}}
        tasks += [
            task("kubeconfig as data works", "aml_instance_type_info", {"kubeconfig": "{{ config }}"}),
            task("kubeconfig as data refused", "aml_namespace", {"name": "x", "kubeconfig": "{{ other_config }}"}),
            {"name": "keep", "ansible.builtin.set_fact": {"kept": "{{ result }}", "cacheable": True}},
        ]
        here = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
        cluster_id = self.fleet.clusters["plain"]["id"]
        self.variables["secret"] = self.fleet.ready["client_secret"]
        variables = {**here, "cluster": cluster_id, "workspace": self.workspace}
        return {"hosts": "modules", "gather_facts": False, "vars": variables, "tasks": tasks}


@dataclass
class Harvest:
    """Everything that the runs left."""

    fleet: Simulator
    plantation: Plantation
    runs: dict[str, AnsibleRun]
    places: dict[str, Places]


@pytest.fixture(scope="module")
def harvest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harvest]:
    """Run everything once."""
    root = tmp_path_factory.mktemp("secrets")
    clusters = [cluster(name, pools=[SYSTEM_POOL]) for name in ("plain", "broken")]
    with Simulator(scenario(*clusters, cluster("arc", kind="arc", pools=[SYSTEM_POOL]))) as fleet:
        plantation = Plantation()
        ground = Field(fleet, plantation)
        kept = {"ANSIBLE_KEEP_REMOTE_FILES": "1", "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml"}
        kinds = (
            Kind("upgrade", [playbook("upgrade")]),
            Kind("in the worker", [ground.play(asynchronous=False), playbook("verify")]),
            Kind("as modules", [ground.play(asynchronous=True), playbook("preflight")], False, environment=kept),
            Kind("upgrade as modules", [playbook("upgrade")], False, check=True),
        )
        inventory = ground.inventory()
        done = {kind.name: kind.run(root / kind.name.replace(" ", "-"), fleet, inventory) for kind in kinds}
        runs = {name: run for name, (run, _unused) in done.items()}
        places = {name: left for name, (_unused, left) in done.items()}
        yield Harvest(fleet, plantation, runs, places)


@dataclass(frozen=True)
class Kind:
    """One run: what, and how."""

    name: str
    plays: list[dict[str, Any]]
    in_process: bool = True
    check: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(self, root: Path, fleet: Simulator, inventory: Mapping[str, Any]) -> tuple[AnsibleRun, Places]:
        """Run the plays with every place below `root`, and gather what was left there."""
        places = Places(root / "places")
        cloud = {name: value for name, value in fleet.environment.items() if name != "AZURE_SECRET"}
        with places.watched():
            run = Ansible(root / "ansible")(
                self.plays,
                inventory=inventory,
                variables={"aml_in_process": self.in_process, "aml_report_directory": str(root / "report")},
                environment=places.environment(**cloud, **self.environment),
                arguments=["-vvvvv"],
                diff=True,
                check=self.check,
                timeout=1500,
            )
        places.gather(run, root)
        return run, places


def test_nothing_is_found_anywhere(harvest: Harvest, capsys: pytest.CaptureFixture[str]) -> None:
    finds = [f"{run}: {each}" for run, places in harvest.places.items() for each in places.found(harvest.plantation)]
    with capsys.disabled():
        print(f"\n{numbers(harvest.places, harvest.plantation, finds)}")
    assert not finds, "\n".join(finds)


def test_search_finds_what_is_there(harvest: Harvest) -> None:
    """A search that finds nothing anywhere would pass, too."""
    for each in harvest.plantation.all:
        forms = (each.text, json.dumps(each.text), repr(each.text))
        shown = Places(Path(), {f"form {number}": form for number, form in enumerate(forms)})
        finds = "".join(shown.found(harvest.plantation))
        assert all(f"{each.where} as text 0 in form {number}" in finds for number in range(len(forms))), each.where
    for places in harvest.places.values():
        names = " ".join([*places.texts, *(str(each) for each in places.root.rglob("*"))])
        assert all(word in names for word in ("ansible.log", "junit", "tree", "results.jsonl", "environments")), names
        assert len(places.commands) > 1
    assert "Invoked with" in harvest.places["as modules"].texts["places/syslog"]


def test_modules_did_what_was_asked(harvest: Harvest) -> None:
    for name in ("in the worker", "as modules"):
        run = harvest.runs[name]
        working = [each for each in run.tasks if " works" in each.task]
        assert {each.status for each in working} == {"ok"}, [each.result.get("msg") for each in working]
        refused = [each for each in run.tasks if " refused" in each.task and "aml_report" not in each.task]
        assert {each.action.rpartition(".")[2] for each in refused} == {*MODULES} - {"aml_report"}
        assert {each.status for each in refused} <= {"ignored", "ok"}
        assert sum(each.status == "ok" for each in refused) <= 2, [each.task for each in refused if each.status == "ok"]
    assert "runs as a module" not in harvest.runs["in the worker"].stdout
    lines = harvest.runs["upgrade"].stdout
    assert re.search(r"plain +UPGRADED", lines), lines
    assert re.search(r"arc +UPGRADED", lines), lines


def test_answers_of_azure_do_not_reach_the_terminal_as_they_are(harvest: Harvest) -> None:
    for run in harvest.runs.values():
        assert "\x1b" not in run.stdout + run.stderr
        assert not re.search(r"^PLAY RECAP \S", run.stdout.replace("PLAY RECAP ***", ""), re.MULTILINE)
    assert r"\x1b]0;owned\x07 Helm says:\nPLAY RECAP" in harvest.runs["upgrade"].stdout.replace("\\\\", "\\")


def test_kept_files_of_modules_are_for_their_owner_only(harvest: Harvest) -> None:
    kept = harvest.places["as modules"].kept_module_files()
    assert kept
    root = harvest.places["as modules"].root
    assert [path for path in kept if readable_by_others(path, root)] == []


def test_no_request_deletes_what_is_not_ours(harvest: Harvest) -> None:
    """Of everything that all modules and playbooks asked for: deletions of own things only, computes are detached."""
    log = harvest.fleet.request_log()
    deletions = [each for each in log if each["method"] == "DELETE"]
    foreign = [each["path"] for each in deletions if not any(re.search(kind, each["path"], re.I) for kind in DELETIONS)]
    assert foreign == []
    computes = [each for each in deletions if "/computes/" in each["path"]]
    assert computes
    assert {each["query"].get("underlyingResourceAction") for each in computes} == {"Detach"}
    actions = {value for each in log for name, value in each["query"].items() if name == "underlyingResourceAction"}
    assert actions == {"Detach"}
    legacy = [each for each in log if each["method"] != "GET" and f"azureml-{WORKSPACE}" in each["path"]]
    assert legacy == [], "the namespace of v1 services is read at most"
