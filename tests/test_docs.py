"""The docs say what the program does: each command, incident, exit code, setting and link is held against the code."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from syncd import errors
from syncd.alerts.evaluator import RULE_OF
from syncd.cli.app import VERBS, app
from syncd.cli.show_unless_named import ShowUnlessNamed
from syncd.domain.alerts import Rule, severity
from syncd.settings_page import settings_page
from syncd.storage.incidents import IncidentKind

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
README = ROOT / "README.md"
RUNBOOK = DOCS / "when-something-is-wrong.md"
ALERTS = DOCS / "alerts.md"
PAGES = sorted([README, ROOT / "CHANGELOG.md", *DOCS.glob("*.md")])
VERB_NAMES = [name for _, name, _ in VERBS]


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def fenced(page: Path) -> list[str]:
    """What stands between fences, block by block."""
    return re.findall(r"^ *```\w*\n(.*?)^ *```$", text(page), re.MULTILINE | re.DOTALL)


def prose(page: Path) -> str:
    return re.sub(r"^ *```.*?^ *```$", "", text(page), flags=re.MULTILINE | re.DOTALL)


def anchor_of(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def anchors(page: Path) -> list[str]:
    """The headings as links name them."""
    return [anchor_of(heading) for heading in re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)]


@pytest.mark.parametrize("verb", VERB_NAMES)
def test_every_command_is_in_the_docs(verb: str) -> None:
    assert any(re.search(rf"`[^`]*\bsyncd {verb}\b", text(page)) for page in PAGES if page.name != "CHANGELOG.md")


def commands(page: Path) -> list[list[str]]:
    """The words of every command that a page names in backquotes or in a fenced block, from its verb on."""
    said = [*re.findall(r"`([^`\n]+)`", prose(page)), *(line for block in fenced(page) for line in block.splitlines())]
    # A command begins its line or follows what a shell leaves before one; what follows a shell's sign is another.
    return [
        re.split(r" [&|>#]|[`;]", rest)[0].split()
        for command in said
        for rest in re.findall(r"(?:^|[#$;&=\w] |/)syncd(?: --env-file \S+)? ((?!-)[a-z][a-z-]*\b(?![:/.]).*)", command)
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_of_a_page_exists_with_its_options(page: Path) -> None:
    program = get_command(app)
    for words in commands(page):
        command = program
        while isinstance(command, TyperGroup) and words and words[0] in command.commands:
            command = command.commands[words.pop(0)]
        assert command is not program, f"{page.name}: there is no syncd {words[0]}"
        if isinstance(command, ShowUnlessNamed):
            command = command.commands["show"]
        known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        options = {word.partition("=")[0] for word in words if re.fullmatch(r"--[a-z].*", word)}
        assert options <= known | {"--help"}, f"{page.name}: {words}"


@pytest.mark.parametrize("kind", IncidentKind)
def test_every_incident_has_its_place_in_the_runbook(kind: IncidentKind) -> None:
    assert f"\n### {kind.value}\n" in text(RUNBOOK)


@pytest.mark.parametrize("rule", Rule)
def test_every_alert_has_its_place_in_the_runbook_and_leads_to_its_incidents(rule: Rule) -> None:
    _, heading, rest = text(RUNBOOK).partition(f"\n### alert: {rule.value}\n")
    assert heading
    section = re.split(r"^##", rest, maxsplit=1, flags=re.MULTILINE)[0]
    for kind in (kind for kind, told_by in RULE_OF.items() if told_by is rule):
        assert f"(#{anchor_of(kind.value)})" in section, kind


def test_no_two_headings_of_the_runbook_have_the_same_address() -> None:
    found = anchors(RUNBOOK)
    assert sorted(found) == sorted(set(found))


def test_the_page_of_alerts_has_a_row_for_every_rule_with_its_urgency() -> None:
    rows = re.findall(r"^\| \[`([\w-]+)`\]\(\S+#alert-([\w-]+)\) \| (\w+) \|", text(ALERTS), re.MULTILINE)
    assert rows == [(rule.value, rule.value, severity(rule).value) for rule in Rule]


def test_every_exit_code_is_in_the_runbook() -> None:
    rows = {int(code) for code in re.findall(r"^\| (\d+) \|", text(RUNBOOK), re.MULTILINE)}
    codes = {errors.PARTLY_FAILED, errors.CONFIGURATION, errors.HELD, errors.BUSY, errors.STOPPED}
    assert rows == {0, *codes}


def test_the_first_two_blocks_of_the_readme_are_one_line_each_and_end_in_what_they_promise() -> None:
    demo, tests = fenced(README)[:2]
    assert [block.count("\n") for block in (demo, tests)] == [1, 1]
    for line in (demo, tests):
        assert line.startswith("python3 -m venv .venv && .venv/bin/pip install -q -c constraints.txt ")
        assert " && .venv/bin/syncd demo" in line
    assert demo.endswith("/syncd demo\n")
    assert re.search(r"\.venv/bin/pytest [^&]*$", tests)


def test_ci_runs_the_test_line_of_the_readme(tmp_path: Path) -> None:
    """The script's own way of finding the line finds it."""
    script = text(ROOT / ".ci" / "run")
    find = re.search(r"^readme_block\(\) .*$", script, re.MULTILINE)
    assert find and "tests=$(readme_block 2)\n" in script and 'bash -euo pipefail -c "$tests"' in script
    found = subprocess.run(
        ["bash", "-c", f"{find[0]}\nreadme_block 2"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert found.stdout == fenced(README)[1]


def test_whatever_the_project_asks_for_is_pinned() -> None:
    lines = [line for line in text(ROOT / "constraints.txt").splitlines() if not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", line)] == []
    project = tomllib.loads(text(ROOT / "pyproject.toml"))
    extras = project["project"]["optional-dependencies"].values()
    asked = [*project["build-system"]["requires"], *project["project"]["dependencies"], *chain(*extras)]
    assert {plain(name) for name in asked} <= {plain(line) for line in lines}


def plain(requirement: str) -> str:
    """The name of the package, as package indexes compare it."""
    return re.sub(r"[._-]+", "-", re.split(r"[^A-Za-z0-9._-]", requirement)[0]).lower()


def test_the_page_of_settings_is_the_generated_one() -> None:
    assert text(DOCS / "settings.md") == settings_page(), "run: python -m syncd.settings_page > docs/settings.md"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", prose(page)):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        other = (page.parent / name).resolve() if name else page
        assert other.is_file(), f"{page.name}: {target}"
        assert not anchor or anchor in anchors(other), f"{page.name}: {target}"


def test_every_page_is_reached_from_the_index() -> None:
    index = text(DOCS / "README.md")
    assert [page.name for page in DOCS.glob("*.md") if page.name != "README.md" and f"({page.name}" not in index] == []


def committed() -> Iterator[Path]:
    """Everything that ships, and everything that proves it."""
    for folder in (".ci", "connectors", "docs", "syncd", "systemd", "tests"):
        yield from (path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    yield from (path for path in ROOT.iterdir() if path.suffix in {".md", ".toml", ".txt", ".example"})


def test_no_file_names_a_place_of_the_machine_on_which_it_was_written() -> None:
    """What ships must mean the same on every machine."""
    places = re.compile(r"[/](work|home|Users|opt/venv|opt/pypi)/")  # written so that it does not find itself
    named = {
        f"{path.relative_to(ROOT)}: {found[0]}"
        for path in committed()
        if (found := places.search(path.read_bytes().decode("utf-8", "replace")))
    }
    assert named == set()
