"""The order of the house: a module imports only its own room and what stands below."""

import ast

import pytest

from dancenow.planning.reruns import imported_names, reached
from running import ROOT

LIBRARY = ROOT / "workflow_scripts/dancenow"
# from the ground up: rooms, and the modules beside them
LAYERS = (
    "control_groups errors evenly intervals kinds prefetch progress stretches torch_cache",
    "gpus same_run",
    "files parallel stopping",
    "device",
    "arrays",
    "job keypoints pictures planning video cluster",
    "camera provenance",
    "pose",
    "references",
    "model",
    "synthesis authenticity",
    "training",
    "evaluation machine",
    "figures pages",
)
HEIGHT = {name: height for height, names in enumerate(LAYERS) for name in names.split()}
MODULES = {path: path.relative_to(LIBRARY).with_suffix("").parts[0] for path in LIBRARY.rglob("*.py")}
MODULES.pop(LIBRARY / "__init__.py")


def upward(room, path):
    """The rooms that a module of `room` imports, inside functions too, and that do not stand below it."""
    imported = {name.split(".")[1] for name in imported_names(path) if name.startswith("dancenow.")}
    return {name for name in imported - {room} if HEIGHT[name] >= HEIGHT[room]}


def test_every_room_has_its_place():
    assert HEIGHT.keys() == set(MODULES.values())


def test_no_import_runs_upward():
    found = {str(path.relative_to(LIBRARY)): upward(room, path) for path, room in MODULES.items()}
    assert {path: rooms for path, rooms in found.items() if rooms} == {}


@pytest.mark.parametrize(
    "line",
    [
        "from dancenow.training.loop import run_training",
        "def late():\n    from dancenow import training",
        "import dancenow.training.loop",
    ],
)
def test_an_upward_import_is_found(tmp_path, line):
    planted = tmp_path / "planted.py"
    planted.write_text(f"from dancenow.pose import draw\n{line}\n")
    assert upward("model", planted) == upward("synthesis", planted) == {"training"}
    assert upward("evaluation", planted) == set()


# importing torch takes longer than most of these take on a short clip
WITHOUT_TORCH = (
    "choose_references find_camera make_background make_references mask_performer normalize_poses "
    "plot_ablation plot_failures preview_transfer report_footage report_pair steady_target tabulate_ablation "
    "track_performer"
)


@pytest.mark.parametrize("script", WITHOUT_TORCH.split())
def test_a_stage_without_networks_imports_no_torch(script):
    modules = [path for path in reached(ROOT / f"workflow_scripts/{script}.py") if path.suffix == ".py"]
    assert len(modules) > 5  # its library is followed
    assert [
        path.name for path in modules if any(name.startswith("torch") for name in imported_names(path))
    ] == []


# names of constants that mean the same wherever they stand, each for its own room's things
OF_ONE_MEANING = (
    "BRIGHT CELL_INCHES CLOSING COLUMNS DARK DECISION DIMMED DOWNLOAD_TIMEOUT_S FACE FEWEST HANDS HIPS "
    "INK JPEG LEAST_POINTS LEGEND_INCHES MOMENTS MOST TARGET TEMPLATE"
)


def constants(path):
    """The names in capitals that a module defines."""
    nodes = [
        node for node in ast.parse(path.read_text()).body if isinstance(node, ast.Assign | ast.AnnAssign)
    ]
    targets = [target for node in nodes for target in getattr(node, "targets", None) or [node.target]]
    names = [name for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]
    return {name.id for name in names if name.id.strip("_").isupper() and not name.id.startswith("_")}


def test_a_constant_has_one_meaning():
    defined = [name for path in MODULES for name in constants(path)]
    assert {name for name in defined if defined.count(name) > 1} == set(OF_ONE_MEANING.split())


def test_every_constant_is_read():
    code = [ast.parse(path.read_text()) for path in (ROOT / "workflow_scripts").rglob("*.py")]
    nodes = [node for tree in code for node in ast.walk(tree)]
    read = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    read |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    assert {name for path in MODULES for name in constants(path)} - read == set()


def public(tree):
    """Classes, functions and methods of a module that others may use."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            inner = node.body if isinstance(node, ast.ClassDef) else []
            yield from (each for each in inner if isinstance(each, ast.FunctionDef) and each.name[0] != "_")


def test_what_is_public_says_what_it_gives():
    found = [(path.name, node) for path in MODULES for node in public(ast.parse(path.read_text()))]
    assert len(found) > 500
    assert [(path, node.name) for path, node in found if not ast.get_docstring(node)] == []


def test_every_room_says_what_it_is_for():
    rooms = {path for path in MODULES if path.name == "__init__.py"}
    assert [path for path in rooms if not ast.get_docstring(ast.parse(path.read_text()))] == []
