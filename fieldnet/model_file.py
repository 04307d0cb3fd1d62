"""Models on disk: safetensors with the few words that the weights need beside them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from .density import DensityModel
from .features import feature_map
from .learning.field_model import FieldModel
from .learning.network_model import NetworkModel

Model = FieldModel | NetworkModel | DensityModel

SCHEMA = "fieldnet/model/1"
KINDS: dict[type, str] = {FieldModel: "field", NetworkModel: "network", DensityModel: "density"}
KEY = "fieldnet"  # the only key of the header: several would be written in random order


def save_model(model: Model, path: str | os.PathLike) -> None:
    """Weights and buffers as safetensors, the architecture as JSON in its header; replaces the file
    atomically.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    tensors = {name: value.detach().contiguous().cpu() for name, value in model.state_dict().items()}
    kind = KINDS[type(model)]
    header = {KEY: json.dumps({"schema": SCHEMA, "architecture": {"kind": kind, **model.config()}})}
    try:
        temporary.write_bytes(save(tensors, metadata=header))
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def load_model(path: str | os.PathLike) -> Model:
    """The model of a file that `save_model` wrote. Raises ValueError, one line, for any other file."""
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path}: no such file; expected a model.safetensors")
    try:
        with safe_open(path, framework="pt") as stream:
            header = stream.metadata() or {}
            tensors = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118 (no mapping)
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path}: not a safetensors file ({error})") from None
    try:
        described = json.loads(header.get(KEY, "{}"))
        schema = described.get("schema")
    except (AttributeError, RecursionError, json.JSONDecodeError):
        schema = None
    if schema != SCHEMA:
        raise ValueError(f"{path}: got the schema {schema!r}, expected {SCHEMA!r}")
    try:
        model = _build(described["architecture"])
        model.load_state_dict(tensors)
    except (KeyError, TypeError, AttributeError, RuntimeError) as error:
        line = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(f"{path}: the architecture does not fit the weights ({line})") from None
    if not all(bool(torch.isfinite(value).all()) for value in tensors.values() if value.is_floating_point()):
        raise ValueError(f"{path}: the weights are not finite")
    return model


def _build(architecture: dict[str, Any]) -> Model:
    kind = architecture.pop("kind")
    if kind == "network":
        return NetworkModel(**architecture)
    if kind == "density":
        words: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in architecture.items()}
        return DensityModel(**words)
    if kind != "field":
        raise KeyError(f"kind {kind!r}")
    features = feature_map(architecture.pop("features"))
    spacing, coordinates = tuple(architecture.pop("spacing")), tuple(architecture.pop("coordinates"))
    return FieldModel(features, spacing, coordinates=coordinates, **architecture)
