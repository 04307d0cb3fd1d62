"""A discovery on disk: lagrangian.json, model.safetensors and report.html in one folder."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lagrangians import Lagrangian

from .density import DensityModel
from .derive import derive_lagrangian
from .learning.field_model import FieldModel
from .learning.network_model import NetworkModel
from .model_file import load_model, save_model
from .report import report_html
from .results import Discovery


def save(discovery: Discovery, folder: str | os.PathLike) -> None:
    """Write lagrangian.json, model.safetensors and report.html, each atomically; the folder is made."""
    folder = Path(folder)
    text = json_text(discovery.content())
    report = report_html(discovery)
    folder.mkdir(parents=True, exist_ok=True)
    save_model(discovery.model, folder / "model.safetensors")
    write_text(folder / "lagrangian.json", text)
    write_text(folder / "report.html", report)


@dataclass(frozen=True)
class Saved:
    """A discovery read back from its folder; `lagrangian` is derived again from the weights."""

    model: FieldModel | NetworkModel | DensityModel
    lagrangian: Lagrangian
    content: dict[str, Any]


def load(folder: str | os.PathLike) -> Saved:
    """The model of a folder that `Discovery.save` wrote, and its Lagrangian, derived from the weights
    alone.
    """
    folder = Path(folder)
    model = load_model(folder / "model.safetensors")
    return Saved(model, derive_lagrangian(model), read_content(folder / "lagrangian.json"))


def read_content(path: str | os.PathLike) -> dict[str, Any]:
    """The JSON object in a file. Raises ValueError, one line, for anything else."""
    path = Path(path)
    try:
        content = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ValueError(f"{path}: no such file; check the name") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"{path}: not a JSON file ({error})") from None
    if not isinstance(content, dict):
        raise ValueError(f"{path}: expected a JSON object, got {type(content).__name__}")
    return content


def json_text(content: dict[str, Any], indent: int = 2) -> str:
    """What a file of results holds. Raises ValueError for numbers that are not finite."""
    return json.dumps(content, indent=indent, ensure_ascii=False, allow_nan=False) + "\n"


def write_text(path: Path, text: str) -> None:
    """Replace a file atomically."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        temporary.write_text(text, "utf-8")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
