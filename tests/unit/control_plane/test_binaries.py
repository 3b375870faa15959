# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where binaries are looked for, in which order, and what is said when there are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.control_plane import binaries
from tests.control_plane.binaries import COMPONENTS, Search, find_binaries, read_stages, resolve_version
from tests.control_plane.errors import BinariesUnavailableError, ControlPlaneError


@pytest.fixture
def no_tools(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine with an empty PATH and an empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    return tmp_path


def put_binaries(folder: Path, version: str = "1.35.9", names: tuple[str, ...] = COMPONENTS) -> Path:
    """Scripts that answer ``--version`` as the components do."""
    folder.mkdir(parents=True)
    for name in names:
        script = folder / name
        script.write_text(f"#!/bin/sh\necho Kubernetes v{version}\n", "utf-8")
        script.chmod(0o755)
    return folder


def put_stages(version: str = "0.8.0") -> None:
    """What an earlier build left of KWOK's stages."""
    recipe = binaries._kwok_recipe(with_binary=False)
    recipe.folder.mkdir(parents=True)
    (recipe.folder / "stages.yaml").write_text("{}", "utf-8")
    (recipe.folder / "source.sha256").write_text(recipe.stamp, "utf-8")


@pytest.mark.parametrize("wanted", ["1.35", "v1.35.4", "1.35.99"])
def test_a_version_is_known_by_its_minor(wanted: str) -> None:
    assert resolve_version(wanted)[0] == "1.35"


def test_an_unknown_version_names_the_known_ones() -> None:
    with pytest.raises(ControlPlaneError, match=r"1\.20 is not pinned here, only 1\.34, 1\.35, 1\.36"):
        resolve_version("1.20")


def test_assets_win_over_environment_and_path(no_tools: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_stages()
    assets = put_binaries(no_tools / "assets", names=("etcd",))
    put_binaries(no_tools / "kubebuilder", names=("etcd", "kube-apiserver"))
    put_binaries(no_tools / "bin")
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(no_tools / "kubebuilder"))

    found = find_binaries(Search(assets=[assets], may_build=False))

    assert found.paths["etcd"].parent == assets
    assert found.paths["kube-apiserver"].parent == no_tools / "kubebuilder"
    assert found.paths["kube-scheduler"].parent == no_tools / "bin"
    assert found.origins["kwok"] == "PATH"
    assert found.version == "1.35.9"


def test_another_version_in_path_is_passed_over(no_tools: Path) -> None:
    put_stages()
    put_binaries(no_tools / "bin", version="1.29.1")
    with pytest.raises(BinariesUnavailableError, match=r"Kubernetes 1\.35\.4 is neither in .* nor in PATH"):
        find_binaries(Search(may_build=False))


def test_without_go_the_reason_says_so(no_tools: Path) -> None:
    with pytest.raises(BinariesUnavailableError, match="cannot be built: there is no Go toolchain in PATH"):
        find_binaries(Search())
    assert "no Go toolchain" in binaries.why_unavailable(Search())


def test_a_failing_build_tells_what_go_said_and_leaves_nothing(no_tools: Path) -> None:
    go = no_tools / "bin" / "go"
    go.parent.mkdir()
    go.write_text(
        '#!/bin/sh\n[ "$1" = list ] && exit 0\necho "go: proxy.golang.org: no such host" >&2\nexit 1\n',
        "utf-8",
    )
    go.chmod(0o755)
    with pytest.raises(BinariesUnavailableError, match=r"could not be built with Go: .*no such host"):
        find_binaries(Search())
    assert not [path for path in binaries.cache_directory().iterdir() if path.is_dir()]


def test_the_reason_of_a_failed_build_is_told_again(no_tools: Path) -> None:
    go = no_tools / "bin" / "go"
    go.parent.mkdir()
    go.write_text("#!/bin/sh\necho 'go: no such host' >&2\nexit 1\n", "utf-8")
    go.chmod(0o755)
    with pytest.raises(BinariesUnavailableError):
        find_binaries(Search())
    with pytest.raises(BinariesUnavailableError, match=r"building was not allowed.*The last attempt: .*no such host"):
        find_binaries(Search(may_build=False))


def test_a_build_of_other_pins_is_not_used(no_tools: Path) -> None:
    recipe = binaries._kubernetes_recipe("1.35", "1.35.4")
    recipe.folder.mkdir(parents=True)
    (recipe.folder / "source.sha256").write_text("of an older go.mod", "utf-8")
    with pytest.raises(BinariesUnavailableError, match=r"1\.35\.4 is neither in"):
        find_binaries(Search(may_build=False))


def test_stages_come_from_the_module_without_its_test_data(tmp_path: Path) -> None:
    fast = tmp_path / "kustomize" / "stage" / "pod" / "fast"
    (fast / "testdata").mkdir(parents=True)
    (fast / "pod-ready.yaml").write_text("kind: Stage\n", "utf-8")
    (fast / "kustomization.yaml").write_text("kind: Kustomization\n", "utf-8")
    (fast / "testdata" / "x.yaml").write_text("kind: Test\n", "utf-8")
    assert read_stages(tmp_path) == "kind: Stage\n"


def test_a_module_without_stages_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BinariesUnavailableError, match="holds no stages"):
        read_stages(tmp_path)
