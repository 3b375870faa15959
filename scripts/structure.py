# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the code is built: rooms, arrows between them, circles, upward imports, duplicates, sizes, types.

usage: python -m scripts.structure [--root CHECKOUT] [--brief]
"""

from __future__ import annotations

import argparse
import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: The collection's floors, the ground floor first: rooms under plugins/. A file imports from its own room and from
#: lower floors; rooms of one floor do not know each other. A room inside another one stands on the same floor, unless
#: it has one of its own: the domain's files come first, then its subjects, then what judges and plans with all of them.
FLOORS = (
    ("module_utils/_foundation",),
    ("module_utils/_domain",),
    ("module_utils/_domain/cluster", "module_utils/_domain/nodes"),
    ("module_utils/_domain/computes", "module_utils/_domain/extension"),
    ("module_utils/_domain/v1",),
    ("module_utils/_domain/host",),
    ("module_utils/_domain/rules",),
    ("module_utils/_domain/run",),
    ("module_utils/_azure", "module_utils/_kubernetes"),
    ("module_utils/_module",),
    ("module_utils/_core",),
    ("plugin_utils",),
    ("action", "modules", "lookup", "filter", "doc_fragments"),
)
GROUPS = {
    "collection (plugins)": ("plugins",),
    "simulator and control plane": ("tests/simulator", "tests/control_plane"),
    "tests and scripts": (
        *("tests/unit", "tests/integration", "tests/contract", "tests/end_to_end", "tests/benchmark"),
        "scripts",
    ),
}
#: What people write in YAML; argument specs are generated and repeat the table of variables on purpose.
YAML = ("playbooks/*.yml", "roles/*/tasks/*.yml", "roles/*/vars/*.yml", "roles/*/defaults/*.yml")
#: Where names begin that are the project's own, and the folder that they stand for.
PACKAGES = {"ansible_collections.azureml.fleet.": "", "tests.": "tests/", "scripts.": "scripts/"}
#: A block that is written into a file of ours from one declaration: no copy that anybody keeps.
_GENERATED = re.compile(r"^( *)\S.*# generated from .*\n(?:\1 .*\n)*", re.MULTILINE)
#: A block of more lines than these is a duplicate.
DUPLICATE = 10
LONG = 60


@dataclass(frozen=True)
class Import:
    """One import statement: the files at both ends, relative to the root, and its line."""

    origin: str
    line: int
    target: str

    @property
    def rooms(self) -> tuple[str, str]:
        """Return the folders at both ends."""
        return room(self.origin), room(self.target)


@dataclass(frozen=True)
class Function:
    """One function of the code; documentation strings count as lines."""

    name: str
    place: str
    lines: int
    typed: bool


def room(file: str) -> str:
    """Return the folder of a file."""
    return file.rpartition("/")[0]


def files(root: Path, folders: Iterable[str]) -> list[Path]:
    """Return the Python files under `folders`."""
    return sorted(path for folder in folders for path in (root / folder).rglob("*.py"))


def parsed(path: Path) -> ast.Module:
    """Return the syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def file_of(root: Path, name: str) -> str:
    """Return the file of the project that defines a dotted name, or nothing for a name of somebody else."""
    for prefix, folder in PACKAGES.items():
        if name.startswith(prefix):
            parts = (folder + name.removeprefix(prefix).replace(".", "/")).split("/")
            for length in range(len(parts), 0, -1):
                path = "/".join(parts[:length])
                for candidate in (f"{path}.py", f"{path}/__init__.py"):
                    if (root / candidate).is_file():
                        return candidate
    return ""


def imported_names(node: ast.AST) -> list[str]:
    """Return the full names that an import statement asks for."""
    if isinstance(node, ast.Import):
        return [each.name for each in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [f"{node.module}.{each.name}" for each in node.names]
    return []


def imports(root: Path, folders: Iterable[str]) -> list[Import]:
    """Return every import of one file of the project by another, wherever the statement stands, each line once."""
    found = {
        Import(path.relative_to(root).as_posix(), node.lineno, target)
        for path in files(root, folders)
        for node in ast.walk(parsed(path))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in imported_names(node)
        if (target := file_of(root, name)) and target != path.relative_to(root).as_posix()
    }
    return sorted(found, key=lambda each: (each.origin, each.line, each.target))


def circles(arrows: Collection[tuple[str, str]]) -> list[list[str]]:
    """Return the groups of nodes that reach each other along `arrows`, each group once."""
    following: dict[str, set[str]] = {}
    for origin, target in arrows:
        if origin != target:
            following.setdefault(origin, set()).add(target)
    reached = {node: _reached(node, following) for node in following}
    groups = {
        tuple(sorted(other for other in reached[node] if node in reached.get(other, ())))
        for node in following
        if node in reached[node]
    }
    return sorted(list(group) for group in groups)


def _reached(start: str, following: Mapping[str, Collection[str]]) -> set[str]:
    """Return every node that `start` leads to."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        for node in following.get(waiting.pop(), ()):
            if node not in seen:
                seen.add(node)
                waiting.append(node)
    return seen


def floor_of(file: str) -> tuple[int, str] | None:
    """Return the number of a file's floor and its room there, or None for a file outside of all floors."""
    found = [
        (number, each) for number, rooms in enumerate(FLOORS) for each in rooms if file.startswith(f"plugins/{each}/")
    ]
    return max(found, key=lambda each: len(each[1]), default=None)


def upward(found: Iterable[Import]) -> list[Import]:
    """Return the imports that do not point down: to a higher floor, or to another room of the same floor."""
    wrong = []
    for each in found:
        here, there = floor_of(each.origin), floor_of(each.target)
        if here and there and here[1] != there[1] and there[0] >= here[0]:
            wrong.append(each)
    return wrong


def homeless(root: Path) -> list[str]:
    """Return the files of the collection that stand on no floor."""
    names = [path.relative_to(root).as_posix() for path in files(root, ("plugins",))]
    return [name for name in names if floor_of(name) is None]


def functions(root: Path, folders: Iterable[str]) -> Iterator[Function]:
    """Yield every function and method under `folders`."""
    for path in files(root, folders):
        for node in ast.walk(parsed(path)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                yield Function(node.name, f"{path.relative_to(root)}:{node.lineno}", lines, is_typed(node))


def is_typed(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Tell whether every parameter (but self and cls) and the returned value are annotated."""
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    arguments += [each for each in (node.args.vararg, node.args.kwarg) if each]
    named = [each for each in arguments if each.arg not in ("self", "cls")]
    return node.returns is not None and all(each.annotation is not None for each in named)


def all_annotations(tree: ast.Module) -> Iterator[ast.expr]:
    """Yield every annotation: of parameters, of returned values, of variables and fields."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.arg, ast.AnnAssign)) and node.annotation:
            yield node.annotation
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.returns:
            yield node.returns


def says_any(annotation: ast.expr) -> bool:
    """Tell whether an annotation has `Any` in it, at any depth."""
    return any(isinstance(node, ast.Name) and node.id == "Any" for node in ast.walk(annotation))


def duplicates(root: Path, paths: Iterable[Path], *options: str) -> list[str]:
    """Return each duplicate that pylint's `symilar` finds: how many lines, and where it stands.

    What is generated into a file is left out.
    """
    names = [path.relative_to(root).as_posix() for path in paths]
    if not names:
        return []
    beside = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    tool = shutil.which("symilar", path=beside) or "symilar"
    command = [tool, f"--duplicates={DUPLICATE}", "--ignore-comments", *options]
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            copy = Path(folder, name)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(_GENERATED.sub(_blank, (root / name).read_text(encoding="utf-8")), encoding="utf-8")
        said = subprocess.run([*command, *names], cwd=folder, capture_output=True, text=True, check=True).stdout
    blocks = re.findall(r"^(\d+) similar lines in \d+ files\n((?:==.*\n)+)", said, re.MULTILINE)
    return [f"{lines} lines: {' '.join(places.replace('==', '').split())}" for lines, places in blocks]


def _blank(found: re.Match[str]) -> str:
    """Return as many empty lines as a block has, so that those behind it keep their numbers."""
    return "\n" * found[0].count("\n")


def share(part: int, whole: int) -> str:
    """Return `part` of `whole`, and as a percentage."""
    return f"{part} of {whole} = {part / whole:.1%}" if whole else "none"


def report_imports(root: Path, folders: Iterable[str], *, brief: bool) -> None:
    """Print rooms, arrows (unless `brief`), circles and upward imports."""
    found = imports(root, folders)
    arrows = Counter(each.rooms for each in found if each.rooms[0] != each.rooms[1])
    rooms = {room(path.relative_to(root).as_posix()) for path in files(root, folders)}
    print(f"  rooms: {len(rooms)}; arrows between rooms: {len(arrows)}, of {sum(arrows.values())} imports")
    for (origin, target), count in () if brief else sorted(arrows.items()):
        print(f"    {origin} -> {target}: {count}")
    for what, groups in (
        ("rooms", circles(arrows)),
        ("files", circles([(each.origin, each.target) for each in found])),
    ):
        print(f"  circles of {what}: {len(groups)}")
        for group in groups:
            print(f"    {' <-> '.join(group)}")
    wrong = upward(found)
    print(f"  upward imports: {len(wrong)}")
    for each in wrong:
        print(f"    {each.origin}:{each.line} -> {each.target}")


def report_sizes(root: Path, folders: Iterable[str]) -> None:
    """Print the longest function and file, the share of typed signatures, and that of `Any`."""
    found = list(functions(root, folders))
    longest = max(found, key=lambda each: each.lines)
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in files(root, folders)}
    file = max(lengths, key=lengths.__getitem__)
    said = [says_any(each) for path in files(root, folders) for each in all_annotations(parsed(path))]
    print(f"  longest function: {longest.lines} lines, {longest.name} in {longest.place}")
    print(f"  functions over {LONG} lines: {sum(each.lines > LONG for each in found)} of {len(found)}")
    print(f"  longest file: {lengths[file]} lines, {file.relative_to(root)}; {len(lengths)} files")
    print(f"  typed signatures: {share(sum(each.typed for each in found), len(found))}")
    print(f"  annotations with Any: {share(sum(said), len(said))}")


def report_duplicates(found: list[str]) -> None:
    """Print the duplicates."""
    print(f"  duplicates over {DUPLICATE} lines: {len(found)}")
    for each in found:
        print(f"    {each}")


def report(root: Path = ROOT, *, brief: bool = False) -> None:
    """Print everything; without the arrows when `brief` is true."""
    for group, folders in GROUPS.items():
        print(group)
        report_imports(root, folders, brief=brief)
        report_sizes(root, folders)
        python = duplicates(root, files(root, folders), "--ignore-imports", "--ignore-signatures")
        report_duplicates(python)
    alone = homeless(root)
    print(f"files of the collection on no floor: {', '.join(alone) or 'none'}")
    print("playbooks and roles")
    report_duplicates(duplicates(root, sorted(path for glob in YAML for path in root.glob(glob))))


def main() -> int:
    """Print the numbers of a checkout."""
    parser = argparse.ArgumentParser(description="Tell how the code is built.")
    parser.add_argument("--root", type=lambda text: Path(text).resolve(), default=ROOT, help="another checkout")
    parser.add_argument("--brief", action="store_true", help="without the list of arrows")
    options = parser.parse_args()
    report(options.root, brief=options.brief)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
