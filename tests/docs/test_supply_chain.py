"""What is installed is pinned by its hash, and CI runs pinned actions and commands that there are."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
LOCKS = ["requirements.lock", "deploy/requirements.lock"]
PIN = re.compile(r"^([a-z0-9][a-z0-9.-]*)==(\S+)")


def pins(name: str) -> dict[str, str]:
    found = map(PIN.match, (ROOT / name).read_text().splitlines())
    return {pin[1]: pin[2] for pin in found if pin}


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_of_a_lock_has_hashes_and_no_line_names_a_host(name: str) -> None:
    text = (ROOT / name).read_text()
    entries = re.split(r"\n(?=\S)", text.strip())
    for entry in entries:
        head, *hashes = entry.split("\n")
        assert PIN.match(head), head
        assert hashes, head
        assert all(re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line) for line in hashes), head
    assert "://" not in text


def test_constraints_are_the_lock_without_hashes() -> None:
    assert pins("constraints.txt") == pins("requirements.lock")
    assert "--" not in (ROOT / "constraints.txt").read_text()
    assert "://" not in (ROOT / "constraints.txt").read_text()


def test_the_image_has_the_versions_that_the_tests_ran_with() -> None:
    assert pins("deploy/requirements.lock").items() <= pins("requirements.lock").items()


def workflow(name: str = "ci") -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / f".github/workflows/{name}.yml").read_text())
    return found


@pytest.mark.parametrize("name", ["ci", "wheels"])
def test_workflows_run_pinned_actions_with_the_right_to_read(name: str) -> None:
    assert workflow(name)["permissions"] == {"contents": "read"}
    steps = [step for job in workflow(name)["jobs"].values() for step in job["steps"]]
    used = [step["uses"] for step in steps if "uses" in step]
    assert used
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action) for action in used)
    assert not [job for job in workflow(name)["jobs"].values() if "permissions" in job]


def test_ci_runs_commands_that_there_are() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    steps = [step for job in workflow()["jobs"].values() for step in job["steps"]]
    commands = [step["run"] for step in steps if "run" in step]
    made = {found[1] for command in commands if (found := re.match(r"make ([a-z-]+) ", command))}
    assert made == {"audit", "sbom"}
    assert made <= targets
    (rest,) = [command for command in commands if not command.startswith("make ")]
    assert (ROOT / rest.split()[-1]).is_file()
    assert set(workflow()["jobs"]["test"]["strategy"]["matrix"]["python"]) == {"3.11", "3.12"}
