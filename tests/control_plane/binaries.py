# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the components' binaries come from.

In this order, for each component: what the user names (``--assets``, ``KUBEBUILDER_ASSETS``), ``PATH``, this
machine's cache, and else one build with the Go toolchain from the modules pinned in ``versions/`` and
``kwok/``.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.control_plane.errors import BinariesUnavailableError, ControlPlaneError

HERE = Path(__file__).resolve().parent
VERSION_VARIABLE = "AZUREML_FLEET_TEST_KUBERNETES_VERSION"
DEFAULT_VERSION = os.environ.get(VERSION_VARIABLE) or "1.35"
API_SERVER = "kube-apiserver"
KUBERNETES_COMPONENTS = (API_SERVER, "kube-controller-manager", "kube-scheduler")
MULTI_CALL_COMPONENTS = ("etcd", *KUBERNETES_COMPONENTS)
COMPONENTS = (*MULTI_CALL_COMPONENTS, "kwok")
# KWOK ends with "no stages found" unless it is told how nodes and pods live. These are its own defaults.
STAGE_FOLDERS = ("node/fast", "node/heartbeat-with-lease", "pod/fast")
SECONDS_BETWEEN_PROGRESS = 10.0

Progress = Callable[[str], None]


def silent(_message: str) -> None:
    """Swallow progress messages."""


@dataclass(frozen=True)
class Binaries:
    """The paths of all components, where each came from, and KWOK's stages."""

    paths: dict[str, Path]
    origins: dict[str, str]
    stages: Path
    version: str

    def describe(self) -> str:
        """One line for people: the version and the places that the binaries came from."""
        places = ", ".join(sorted({origin.partition(" ")[0] for origin in self.origins.values()}))
        return f"Kubernetes {self.version} (binaries from: {places})"


@dataclass(frozen=True)
class Search:
    """How binaries are looked for. ``may_build`` false means: only what exists already."""

    version: str = DEFAULT_VERSION
    assets: Sequence[Path] = ()
    may_build: bool = True
    progress: Progress = field(default=silent)


def cache_directory() -> Path:
    """The folder, outside the work tree, that holds what was built on this machine."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "azureml-fleet" / "control-plane"


def known_versions() -> dict[str, str]:
    """Kubernetes versions that can be built: minor ("1.35") to the pinned release ("1.35.4")."""
    return {
        folder.name: _pinned(folder / "go.mod", "k8s.io/kubernetes")
        for folder in sorted((HERE / "versions").iterdir())
        if (folder / "go.mod").is_file()
    }


def resolve_version(wanted: str) -> tuple[str, str]:
    """Turn what a user writes ("1.35", "v1.35.4") into (minor, release).

    Raises ControlPlaneError when it is none of the pinned versions.
    """
    minor = ".".join(wanted.strip().lstrip("v").split(".")[:2])
    versions = known_versions()
    if minor not in versions:
        raise ControlPlaneError(f"Kubernetes {wanted} is not pinned here, only {', '.join(versions)}.")
    return minor, versions[minor]


def find_binaries(search: Search) -> Binaries:
    """Find or build every component.

    Raises BinariesUnavailableError with the reason when one is missing and cannot be built.
    """
    minor, release = resolve_version(search.version)
    found: dict[str, Path] = {}
    origins: dict[str, str] = {}
    for component in COMPONENTS:
        for origin, folder in _given_folders(search.assets):
            candidate = folder / component
            if os.access(candidate, os.X_OK) and _acceptable(component, candidate, origin, minor):
                found[component], origins[component] = candidate, origin
                break
    missing = [component for component in COMPONENTS if component not in found]
    if any(component in MULTI_CALL_COMPONENTS for component in missing):
        folder = _cached_or_built(_kubernetes_recipe(minor, release), search)
        for component in set(missing) & set(MULTI_CALL_COMPONENTS):
            found[component], origins[component] = folder / component, f"cache {folder}"
    # Stages are read from KWOK's module, wherever the binary comes from.
    kwok_folder = _cached_or_built(_kwok_recipe(with_binary="kwok" in missing), search)
    if "kwok" in missing:
        found["kwok"], origins["kwok"] = kwok_folder / "kwok", f"cache {kwok_folder}"
    version = _version_of(found[API_SERVER]) or release
    return Binaries(paths=found, origins=origins, stages=kwok_folder / "stages.yaml", version=version)


def why_unavailable(search: Search) -> str:
    """The reason why no control plane can be started, or an empty text. Builds nothing."""
    try:
        find_binaries(Search(version=search.version, assets=search.assets, may_build=False))
    except BinariesUnavailableError as missing:
        return _why_no_build() if search.may_build else str(missing)
    return ""


def _given_folders(assets: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    for folder in assets:
        yield f"--assets {folder}", folder
    from_environment = os.environ.get("KUBEBUILDER_ASSETS", "")
    if from_environment:
        yield f"KUBEBUILDER_ASSETS {from_environment}", Path(from_environment)
    for entry in os.environ.get("PATH", "").split(os.pathsep):
        if entry:
            yield "PATH", Path(entry)


def _acceptable(component: str, candidate: Path, origin: str, minor: str) -> bool:
    """Whether a binary fits: what the user names always does, PATH only in the version asked for."""
    if origin != "PATH" or component not in KUBERNETES_COMPONENTS:
        return True
    return (_version_of(candidate) or "").startswith(f"{minor}.")


def _version_of(binary: Path) -> str | None:
    try:
        answer = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"v(\d+\.\d+\.\d+\S*)", answer.stdout)
    return match[1] if match else None


@dataclass(frozen=True)
class _Recipe:
    """One build: sources, what to call the result, and how to make its folder complete."""

    title: str
    folder: Path
    sources: tuple[Path, ...]
    package: str
    ldflags: str
    output: str
    finish: Callable[[Path, Path], None]
    with_binary: bool = True

    @property
    def why(self) -> Path:
        """Where the reason lies why the last build failed."""
        return self.folder.with_name(f"{self.folder.name}.failed")

    @property
    def stamp(self) -> str:
        """Changes when the pinned modules or the sources do, so that a stale build is not used."""
        digest = hashlib.sha256()
        for source in self.sources:
            digest.update(source.read_bytes())
        return f"{digest.hexdigest()} {'binary' if self.with_binary else 'stages only'}"


def _pinned(go_mod: Path, module: str) -> str:
    match = re.search(rf"^\s*(?:require )?{re.escape(module)} v(\S+)", go_mod.read_text("utf-8"), re.M)
    if match is None:
        raise ControlPlaneError(f"{go_mod} does not pin {module}.")
    return match[1]


def _kubernetes_recipe(minor: str, release: str) -> _Recipe:
    def link_components(folder: Path, _source: Path) -> None:
        for component in MULTI_CALL_COMPONENTS:
            (folder / component).symlink_to("control-plane")

    pins = HERE / "versions" / minor
    return _Recipe(
        title=f"Kubernetes {release}",
        folder=cache_directory() / release,
        sources=(HERE / "main.go", pins / "go.mod", pins / "go.sum"),
        package=".",
        ldflags=f"-s -w -X k8s.io/component-base/version.gitVersion=v{release}",
        output="control-plane",
        finish=link_components,
    )


def _kwok_recipe(*, with_binary: bool) -> _Recipe:
    def gather_stages(folder: Path, source: Path) -> None:
        module = Path(_go(["list", "-mod=mod", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kwok"], source).strip())
        (folder / "stages.yaml").write_text(read_stages(module), "utf-8")

    pins = HERE / "kwok"
    release = _pinned(pins / "go.mod", "sigs.k8s.io/kwok")
    return _Recipe(
        title=f"KWOK {release}",
        folder=cache_directory() / (f"kwok-{release}" if with_binary else f"kwok-{release}-stages"),
        sources=(pins / "go.mod", pins / "go.sum"),
        package="sigs.k8s.io/kwok/cmd/kwok",
        ldflags=f"-s -w -X sigs.k8s.io/kwok/pkg/consts.Version=v{release}",
        output="kwok",
        finish=gather_stages,
        with_binary=with_binary,
    )


def read_stages(module: Path) -> str:
    """KWOK's default stages, out of its module's folder, as one multi-document YAML text."""
    documents = [
        stage.read_text("utf-8")
        for folder in STAGE_FOLDERS
        for stage in sorted((module / "kustomize" / "stage" / folder).glob("*.yaml"))
        if stage.name != "kustomization.yaml"
    ]
    if not documents:
        raise BinariesUnavailableError(f"KWOK's module in {module} holds no stages under kustomize/stage.")
    return "---\n".join(documents)


def _cached_or_built(recipe: _Recipe, search: Search) -> Path:
    if _is_complete(recipe):
        return recipe.folder
    if reason := _why_no_build():
        raise BinariesUnavailableError(
            f"{recipe.title} is neither in KUBEBUILDER_ASSETS nor in PATH nor in {recipe.folder}, "
            f"and cannot be built: {reason}"
        )
    if not search.may_build:
        before = f"The last attempt: {recipe.why.read_text('utf-8')}" if recipe.why.is_file() else ""
        raise BinariesUnavailableError(
            f"{recipe.title} is not in {recipe.folder} and building was not allowed. "
            f"Run `python -m tests.control_plane build` once. {before}".strip()
        )
    recipe.folder.parent.mkdir(parents=True, exist_ok=True)
    with _only_one(recipe.folder.with_name(f"{recipe.folder.name}.lock"), recipe.title, search.progress):
        if not _is_complete(recipe):
            _build_and_remember(recipe, search.progress)
    return recipe.folder


def _build_and_remember(recipe: _Recipe, progress: Progress) -> None:
    """Build; leave the reason of a failure for those who may only look."""
    recipe.why.unlink(missing_ok=True)
    try:
        _build(recipe, progress)
    except BinariesUnavailableError as failure:
        recipe.why.write_text(str(failure), "utf-8")
        raise


def _is_complete(recipe: _Recipe) -> bool:
    stamp = recipe.folder / "source.sha256"
    return stamp.is_file() and stamp.read_text("utf-8") == recipe.stamp


def _why_no_build() -> str:
    if shutil.which("go") is None:
        return "there is no Go toolchain in PATH (install Go 1.24 or newer, https://go.dev/doc/install)."
    return ""


@contextlib.contextmanager
def _only_one(lock: Path, title: str, progress: Progress) -> Iterator[None]:
    """Let one process build while the others wait for its result."""
    with lock.open("w", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress(f"{title}: another process is building it, waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _build(recipe: _Recipe, progress: Progress) -> None:
    """Build in a folder of its own and rename, so that an interrupted build leaves nothing half made."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix=".building-", dir=recipe.folder.parent) as work:
        source, result = Path(work) / "source", Path(work) / "result"
        source.mkdir()
        result.mkdir()
        for file in recipe.sources:
            shutil.copy(file, source)
        if recipe.with_binary:
            _compile(recipe, source, result, progress)
        else:
            _go(["mod", "download", "sigs.k8s.io/kwok"], source)
        recipe.finish(result, source)
        (result / "source.sha256").write_text(recipe.stamp, "utf-8")
        shutil.rmtree(recipe.folder, ignore_errors=True)
        result.rename(recipe.folder)
    progress(f"{recipe.title}: built in {time.monotonic() - started:.0f} s, kept in {recipe.folder}")


def _compile(recipe: _Recipe, source: Path, result: Path, progress: Progress) -> None:
    progress(
        f"{recipe.title}: building from pinned Go modules. Once per machine: about 5 minutes on 2 cores "
        "for Kubernetes, 2 for KWOK; about 5 GB of Go caches in all"
    )
    total = len(_go(["list", "-mod=readonly", "-deps", recipe.package], source, timeout=900).split())
    command = ["go", "build", "-mod=readonly", "-trimpath", "-v", "-ldflags", recipe.ldflags]
    command += ["-o", str(result / recipe.output), recipe.package]
    started = last_shown = time.monotonic()
    done, tail = 0, list[str]()
    with subprocess.Popen(command, cwd=source, stderr=subprocess.PIPE, text=True, env=_go_environment()) as build:
        if build.stderr is None:
            raise ControlPlaneError("The Go build's messages cannot be read.")
        for line in build.stderr:
            tail = [*tail[-8:], line.strip()]
            done += not line.startswith(("go: ", "#"))
            if time.monotonic() - last_shown >= SECONDS_BETWEEN_PROGRESS:
                last_shown = time.monotonic()
                progress(f"{recipe.title}: {done} of at most {total} packages, {last_shown - started:.0f} s")
    if build.returncode:
        raise BinariesUnavailableError(f"{recipe.title} could not be built with Go: {' | '.join(tail)}")


def _go(arguments: Sequence[str], source: Path, timeout: float = 300) -> str:
    answer = subprocess.run(
        ["go", *arguments],
        cwd=source,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        env=_go_environment(),
    )
    if answer.returncode:
        raise BinariesUnavailableError(f"`go {arguments[0]}` failed: {' '.join(answer.stderr.split())[-600:]}")
    return answer.stdout


def _go_environment() -> dict[str, str]:
    # A workspace file or flags of the user's own would change what is built.
    return {**os.environ, "GOWORK": "off", "GOFLAGS": "-buildvcs=false", "CGO_ENABLED": "0"}
