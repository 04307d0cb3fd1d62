"""Image data sets on disk: IDX files, NPZ archives, or a folder with one sub-folder a class."""

from __future__ import annotations

import gzip
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from simulations import DataError

IDX_TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
IDX_STEMS = {"train": ("train",), "test": ("t10k", "test")}
PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")
IMAGE_NAMES, LABEL_NAMES = ("images", "x", "data"), ("labels", "y", "targets")
LARGEST = 4 * 2**30
"""Bytes of an array above which an IDX file is not read."""


@dataclass(frozen=True)
class ImageData:
    """Images in [0, 1] with labels 0, 1, …; `test` marks the files' test set, None where they name none.

    shape: images (count, channels, height, width), float32; labels, test (count,).
    """

    images: np.ndarray
    labels: np.ndarray
    test: np.ndarray | None

    @property
    def classes(self) -> int:
        return int(self.labels.max()) + 1


def load_images(path: str | os.PathLike) -> ImageData:
    """Read a data set, whatever its form:

    - a folder with IDX files `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-…`,
      `t10k-labels-…`, also with `.gz`;
    - an NPZ with `images` and `labels` (or x, y), or `x_train`, `y_train`, `x_test`, `y_test`;
    - a folder with one sub-folder a class, or two folders `train` and `test` of these.

    Grey images have axes (count, height, width), others a channel axis in front or behind. Integers are
    divided by the largest value, of both parts together. Raises DataError, one line, for anything else.
    """
    path = Path(path)
    if not path.exists():
        raise DataError(f"{path}: no such file or folder; check the name")
    if path.is_dir():
        parts = _idx_parts(path) or _folder_parts(path)
    elif path.suffix == ".npz":
        parts = _npz_parts(path)
    else:
        raise DataError(f"{path}: expected an .npz file or a folder; give the folder that holds IDX files")
    return _joined(path, parts)


_Part = tuple[np.ndarray, np.ndarray]


def read_idx(path: Path) -> np.ndarray:
    """One array of the IDX format: two zero bytes, type, number of axes, big-endian lengths, values.

    Raises DataError for another header, a length that does not fit, or a damaged archive.
    """
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rb") as stream:
            head = stream.read(4)
            if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in IDX_TYPES or not 1 <= head[3] <= 4:
                raise DataError(f"{path}: not an IDX file; expected two zero bytes, a type and 1 to 4 axes")
            sizes = np.frombuffer(_exactly(stream, 4 * head[3], path), ">u4").astype(int)
            kind = np.dtype(IDX_TYPES[head[2]])
            wanted = int(np.prod(sizes, dtype=object)) * kind.itemsize
            if wanted > LARGEST:
                raise DataError(f"{path}: says it holds {wanted} bytes, expected at most {LARGEST}")
            content = _exactly(stream, wanted, path)
            if stream.read(1):
                raise DataError(f"{path}: longer than the {wanted} bytes that its header says")
    except (OSError, EOFError) as error:
        raise DataError(f"{path}: cannot be read ({error})") from None
    return np.frombuffer(content, kind).reshape(sizes)


def _exactly(stream, count: int, path: Path) -> bytes:
    content = stream.read(count)
    if len(content) < count:
        raise DataError(f"{path}: ends after {len(content)} of {count} bytes; copy it again")
    return content


def _idx_parts(folder: Path) -> dict[str, _Part]:
    parts = {}
    for part, stems in IDX_STEMS.items():
        found = {}
        for kind in ("images", "labels"):
            names = [f for s in stems for f in sorted(folder.glob(f"{s}-{kind}*")) if "idx" in f.name]
            if names:
                found[kind] = read_idx(names[0])
        if len(found) == 1:
            raise DataError(
                f"{folder}: IDX file of {part} {next(iter(found))} alone, expected images and labels"
            )
        if found:
            parts[part] = (found["images"], found["labels"])
    return parts


def _npz_parts(path: Path) -> dict[str, _Part]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name.lower(): archive[name] for name in archive.files}
    except MemoryError:
        raise
    except Exception as error:  # a damaged header is parsed: SyntaxError, TokenError, KeyError, …
        reason = "; ".join(str(error).split("\n")) or type(error).__name__
        raise DataError(f"{path}: not an NPZ file of plain arrays ({reason})") from None
    if {"x_train", "y_train", "x_test", "y_test"} <= set(arrays):
        return {part: (arrays[f"x_{part}"], arrays[f"y_{part}"]) for part in ("train", "test")}
    images = next((arrays[name] for name in IMAGE_NAMES if name in arrays), None)
    labels = next((arrays[name] for name in LABEL_NAMES if name in arrays), None)
    if images is None or labels is None:
        names = ", ".join(sorted(arrays)) or "none"
        raise DataError(f"{path}: got arrays {names}, expected images and labels, or x_train, y_train, …")
    return {"all": (images, labels)}


def _folder_parts(folder: Path) -> dict[str, _Part]:
    if (folder / "train").is_dir() and (folder / "test").is_dir():
        names = _class_names(folder / "train")
        return {part: _read_classes(folder / part, names) for part in ("train", "test")}
    return {"all": _read_classes(folder, _class_names(folder))}


def _class_names(folder: Path) -> list[str]:
    names = sorted(f.name for f in folder.iterdir() if f.is_dir() and not f.name.startswith("."))
    if len(names) < 2:
        raise DataError(f"{folder}: expected IDX files, or two or more sub-folders of images, one a class")
    return names


def _read_classes(folder: Path, names: list[str]) -> _Part:
    images: list[np.ndarray] = []
    labels: list[int] = []
    for label, name in enumerate(names):
        for file in sorted(folder.joinpath(name).glob("*")):
            if file.suffix.lower() not in PICTURES:
                continue
            images.append(_read_picture(file))
            labels.append(label)
            if images[-1].shape != images[0].shape:
                got, first = images[-1].shape, images[0].shape
                raise DataError(f"{file}: has shape {got}, expected {first} as the others; resize it")
    if not images:
        raise DataError(f"{folder}: no pictures in its sub-folders, expected {', '.join(PICTURES)}")
    return np.stack(images), np.array(labels)


def _read_picture(file: Path) -> np.ndarray:
    try:
        with Image.open(file) as picture:
            return np.asarray(picture.convert("L" if picture.mode in ("1", "L", "LA") else "RGB"))
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise DataError(f"{file}: not a picture ({error})") from None


def _joined(path: Path, parts: dict[str, _Part]) -> ImageData:
    whole = "all" in parts
    order = ["all"] if whole else [part for part in ("train", "test") if part in parts]
    empty = [part for part in order if not parts[part][0].size]
    if empty:
        raise DataError(f"{path}: got no images{'' if whole else ' to ' + empty[0]}, expected some")
    shapes = {parts[part][0].shape[1:] for part in order}
    if len(shapes) > 1:
        raise DataError(f"{path}: training and test images have different shapes {sorted(shapes)}")
    images = _channels_first(path, np.concatenate([np.atleast_1d(parts[part][0]) for part in order]))
    labels = _labels(path, np.concatenate([parts[part][1].ravel() for part in order]), len(images))
    integer = images.dtype.kind in "iu"
    largest = float(images.max(initial=0)) if integer else 1.0
    scaled = images.astype(np.float32) / max(largest, 1.0)
    if not np.isfinite(scaled).all():
        raise DataError(f"{path}: images hold values that are not finite")
    test = None
    if not whole and "test" in parts:
        test = np.concatenate([np.full(len(parts[part][0]), part == "test") for part in order])
        if not set(labels[test]) <= set(labels[~test]):
            raise DataError(f"{path}: a class of the test images has no training image; add some")
    return ImageData(scaled, labels, test)


def _channels_first(path: Path, images: np.ndarray) -> np.ndarray:
    if images.dtype.kind not in "iuf" or images.ndim not in (3, 4) or 0 in images.shape:
        raise DataError(
            f"{path}: got images of shape {images.shape} and dtype {images.dtype}, expected numbers of shape "
            "(count, height, width) or with 1 or 3 channels"
        )
    if images.ndim == 3:
        return images[:, None]
    if images.shape[1] in (1, 3):
        return images
    if images.shape[3] in (1, 3):
        return images.transpose(0, 3, 1, 2)
    raise DataError(f"{path}: got images of shape {images.shape}, expected 1 or 3 channels")


def _labels(path: Path, labels: np.ndarray, count: int) -> np.ndarray:
    if labels.shape != (count,) or labels.dtype.kind not in "iu":
        raise DataError(
            f"{path}: got {labels.size} labels of dtype {labels.dtype} for {count} images, expected one "
            "whole number for each"
        )
    found, numbered = np.unique(labels, return_inverse=True)
    if len(found) < 2:
        raise DataError(f"{path}: got one class only, expected two or more")
    return numbered.astype(np.int64)
