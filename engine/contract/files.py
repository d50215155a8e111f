"""Contracts in files of their own, which a flow's file may name."""

from pathlib import Path
from typing import Any

from engine.config_reading import read_toml, validated
from engine.contract.config import ContractConfig
from engine.errors import ConfigError
from engine.records.config import Section


class _ContractFile(Section):
    contract: ContractConfig


def read_contract(path: Path) -> ContractConfig:
    """Reads a file with the `[contract]` section and nothing else.

    Raises:
        ConfigError: Naming the file, the key, what was expected and what came.
    """
    content = read_toml(path, "'riverkeeper contract infer' writes one")
    return validated(_ContractFile, content, str(path)).contract


def read_flow(path: Path) -> dict[str, Any]:
    """The content of a flow's file, with the contract that `input.contract` names, if it does.

    Raises:
        ConfigError: A file cannot be read, or there are two contracts.
    """
    content = read_toml(path, "'riverkeeper init' writes an example")
    section = content.get("input")
    name = section.get("contract") if isinstance(section, dict) else None
    if isinstance(name, str):
        if "contract" in content:
            raise ConfigError(
                f"{path}: contract: expected a section here or the file that input.contract names, got both; "
                f"remove one"
            )
        content["contract"] = read_contract(path.resolve().parent / Path(name).expanduser())
    return content
