"""Images of every format, the variants of them, and classifiers of equal size trained on them."""

import gzip
import io
import json
import runpy
import struct
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from fieldnet.experiments.classification import (
    Protocol,
    accuracy,
    accuracy_table,
    compare_classifiers,
    train_classifier,
)
from fieldnet.experiments.classifiers import (
    CLASSIFIERS,
    LConvClassifier,
    matched_widths,
    parameter_count,
)
from fieldnet.experiments.datasets import ImageData, load_images, read_idx
from fieldnet.experiments.image_variants import (
    VARIANTS,
    make_variant,
    pixel_permutation,
    rotate,
    rotation_angles,
    scramble,
    split,
)
from simulations import DataError

from .conftest import DATA

ROOT = DATA.parents[1]
CLASSES = 3


def stripes(count: int = 240, size: int = 8, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Noisy images of class 0, 1, 2: horizontal, vertical and diagonal stripes at a random phase."""
    draw = np.random.default_rng(seed)
    labels = np.arange(count) % CLASSES
    y, x = np.mgrid[:size, :size]
    waves = np.stack([y, x, x + y])[labels]
    phase = draw.uniform(0, 2 * np.pi, count)[:, None, None]
    images = 128 + 100 * np.sin(np.pi / 2 * waves + phase) + 10 * draw.standard_normal(waves.shape)
    return images.clip(0, 255).astype(np.uint8), labels.astype(np.uint8)


def idx(array: np.ndarray) -> bytes:
    return b"\0\0\x08" + struct.pack(f">B{array.ndim}I", array.ndim, *array.shape) + array.tobytes()


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def npz(content: bytes) -> bytes:
    """An archive whose `images` is that file."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("images.npy", content)
    return stream.getvalue()


def write_idx(folder: Path, packed: bool = True) -> Path:
    folder.mkdir()
    opener, ending = (gzip.open, ".gz") if packed else (open, "")
    for part, seed in (("train", 0), ("t10k", 1)):
        images, labels = stripes(60, seed=seed)
        for name, array in (("images-idx3-ubyte", images), ("labels-idx1-ubyte", labels)):
            with opener(folder / f"{part}-{name}{ending}", "wb") as stream:
                stream.write(idx(array))
    return folder


# ---- files


@pytest.mark.parametrize("packed", [True, False])
def test_idx_files_with_their_test_set(tmp_path, packed):
    data = load_images(write_idx(tmp_path / "mnist", packed))
    images, labels = stripes(60)
    largest = max(images.max(), stripes(60, seed=1)[0].max())
    assert data.images.shape == (120, 1, 8, 8)
    assert data.test.sum() == 60
    assert np.allclose(data.images[~data.test][:, 0], images / largest)
    assert np.array_equal(data.labels[~data.test], labels)


@pytest.mark.parametrize("channels", [None, "first", "last"])
def test_npz_files(tmp_path, channels):
    images, labels = stripes(30)
    if channels:
        images = np.stack([images] * 3, axis=1 if channels == "first" else 3)
    np.savez(tmp_path / "a.npz", images=images, labels=labels + 5)
    data = load_images(tmp_path / "a.npz")
    assert data.images.shape == (30, 3 if channels else 1, 8, 8)
    assert data.images.max() == 1
    assert (data.test, data.classes) == (None, CLASSES)
    assert np.array_equal(data.labels, labels)


def test_npz_files_with_both_parts(tmp_path):
    images, labels = stripes(30)
    np.savez(tmp_path / "a.npz", x_train=images, y_train=labels, x_test=images[:9], y_test=labels[:9])
    data = load_images(tmp_path / "a.npz")
    assert (len(data.images), data.test.sum()) == (39, 9)


@pytest.mark.parametrize("parts", [("",), ("train", "test")])
def test_folders_of_classes(tmp_path, parts):
    images, labels = stripes(12)
    for part in parts:
        for number, (image, label) in enumerate(zip(images, labels, strict=True)):
            folder = tmp_path / part / f"class{label}"
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(folder / f"{number}.png")
    data = load_images(tmp_path)
    assert len(data.images) == 12 * len(parts)
    assert np.bincount(data.labels).tolist() == [4 * len(parts)] * 3
    assert data.images[0, 0, 0, 0] == pytest.approx(images[0, 0, 0] / images.max())


BAD = {
    "missing.npz": (None, "no such file"),
    "a.csv": (b"1,2", "expected an .npz file or a folder"),
    "damaged.npz": (b"PK\x03\x04 no archive", "not an NPZ file"),
    "text.npz": (b"hello", "not an NPZ file"),
    "array.npz": (npy(np.zeros(3)), "not an NPZ file"),
    "header.npz": (npz(npy(np.zeros(3)).replace(b"'descr'", b"('descr'")), "not an NPZ file"),
}


@pytest.mark.parametrize("name", BAD)
def test_files_that_are_none_are_refused_in_one_line(tmp_path, name):
    content, message = BAD[name]
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message) as error:
        load_images(tmp_path / name)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "content, message",
    [
        (b"\0\0\x08", "not an IDX file"),
        (b"\x89PNG....", "not an IDX file"),
        (idx(np.zeros((2, 3), np.uint8))[:-1], "ends after 5 of 6 bytes"),
        (idx(np.zeros((2, 3), np.uint8)) + b"!", "longer than the 6 bytes"),
        (b"\0\0\x08\x03" + b"\xff" * 12, "expected at most"),
    ],
)
def test_damaged_idx_files_are_refused(tmp_path, content, message):
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_idx(tmp_path / "a")
    (tmp_path / "b.gz").write_bytes(b"no gzip")
    with pytest.raises(DataError, match="cannot be read"):
        read_idx(tmp_path / "b.gz")


def parts_with(test: np.ndarray) -> dict[str, np.ndarray]:
    """Arrays of four training images of the classes 0 and 1, and test images of the given classes."""
    train = np.array([0, 0, 1, 1])
    x = {f"x_{part}": np.zeros((len(labels), 2, 2)) for part, labels in (("train", train), ("test", test))}
    return x | {"y_train": train, "y_test": test}


@pytest.mark.parametrize(
    "arrays, message",
    [
        ({"pictures": np.zeros((3, 2, 2))}, "got arrays pictures, expected images and labels"),
        ({"images": np.zeros((3, 2, 2)), "labels": np.arange(2)}, "got 2 labels"),
        ({"images": np.zeros((3, 2, 2)), "labels": np.zeros(3, int)}, "one class only"),
        ({"images": np.zeros((3, 2)), "labels": np.arange(3)}, "got images of shape"),
        ({"images": np.float64(3), "labels": np.arange(3)}, "got images of shape"),
        ({"images": np.zeros((0, 2, 2)), "labels": np.arange(0)}, "got no images, expected some"),
        (parts_with(np.arange(0)), "got no images to test, expected some"),
        (parts_with(np.array([0, 2])), "a class of the test images has no training image"),
        ({"images": np.full((3, 2, 2), np.nan), "labels": np.arange(3)}, "not finite"),
        ({"images": np.zeros((3, 2, 2)), "labels": np.array([{}, 1, 2], object)}, "not an NPZ file of plain"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(tmp_path, arrays, message):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(DataError, match=message):
        load_images(tmp_path / "a.npz")


def test_folders_that_do_not_fit_are_refused(tmp_path):
    with pytest.raises(DataError, match="two or more sub-folders"):
        load_images(tmp_path)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    with pytest.raises(DataError, match="no pictures"):
        load_images(tmp_path)
    (tmp_path / "a" / "1.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match="not a picture"):
        load_images(tmp_path)
    Image.new("L", (4, 4)).save(tmp_path / "a" / "1.png")
    Image.new("L", (4, 5)).save(tmp_path / "b" / "1.png")
    with pytest.raises(DataError, match="resize it"):
        load_images(tmp_path)


# ---- variants


def test_rotation_by_quarter_turns_is_exact_and_counter_clockwise():
    images = torch.rand(2, 3, 6, 6, dtype=torch.float64)
    turned = rotate(images, torch.tensor([torch.pi / 2, torch.pi]))
    assert torch.allclose(turned[0], torch.rot90(images[0], 1, (1, 2)), atol=1e-6)
    assert torch.allclose(turned[1], torch.rot90(images[1], 2, (1, 2)), atol=1e-6)


def test_rotation_keeps_shapes_in_images_that_are_not_square():
    y, x = torch.meshgrid(torch.arange(21.0), torch.arange(33.0), indexing="ij")
    disc = torch.exp(-((x - 16) ** 2 + (y - 10) ** 2) / 18)[None, None]
    assert torch.allclose(rotate(disc, torch.tensor([0.7])), disc, atol=0.03)


def test_scrambling_is_one_permutation_of_all_images():
    images = torch.rand(4, 2, 5, 5)
    permutation = pixel_permutation(25, seed=3)
    mixed = scramble(images, permutation)
    assert torch.equal(mixed.flatten(2)[:, :, permutation.argsort()].reshape(images.shape), images)
    assert not torch.equal(pixel_permutation(25, 4), permutation)
    turned = make_variant(images, "rotated", seed=3)
    assert torch.equal(make_variant(images, "rotated and scrambled", seed=3), scramble(turned, permutation))
    assert torch.equal(make_variant(images, "as they are"), images)
    assert rotation_angles(1000, 0, 90.0).abs().max() <= torch.pi / 2
    with pytest.raises(ValueError, match="got the variant 'bent'"):
        make_variant(images, "bent")


def test_parts_do_not_overlap_and_a_test_set_of_the_files_is_kept():
    images, labels = stripes(90)
    data = ImageData(images[:, None] / 255.0, labels.astype(np.int64), None)
    parts = split(data)
    together = np.concatenate([parts.train, parts.validation, parts.test])
    assert np.array_equal(np.sort(together), np.arange(90))
    for part in (parts.train, parts.validation, parts.test):
        assert set(labels[part]) == {0, 1, 2}
    named = ImageData(data.images, data.labels, np.arange(90) >= 60)
    assert np.array_equal(split(named).test, np.arange(60, 90))
    with pytest.raises(ValueError, match="enough for three parts"):
        split(ImageData(data.images[:4], data.labels[:4], None))


# ---- classifiers


@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 28, 28), (3, 32, 32)])
def test_parameters_agree_to_two_percent(shape):
    widths = matched_widths(shape, 10)
    counts = [parameter_count(build(shape, 10, widths[name])) for name, build in CLASSIFIERS.items()]
    assert max(counts) / min(counts) < 1.04
    assert np.allclose(counts, counts[0], rtol=0.02)


def test_a_scrambled_lconv_is_an_lconv():
    """A permutation P of pixels turns L̂_i into PL̂_iPᵀ and permutes the head: both have the distribution that
    they are drawn from, so that scrambled images are as easy as the others. No convolution has this.
    """
    permutation = pixel_permutation(36, 0)
    model, images = LConvClassifier((2, 6, 6), 4, 5), torch.randn(7, 2, 6, 6)
    mixed = LConvClassifier((2, 6, 6), 4, 5)
    mixed.load_state_dict(permuted_state(model, permutation))
    assert torch.allclose(mixed(scramble(images, permutation)), model(images), atol=1e-5)
    assert not torch.allclose(model(scramble(images, permutation)), model(images), atol=1e-2)


def permuted_state(model: LConvClassifier, permutation: torch.Tensor) -> dict[str, torch.Tensor]:
    """The weights that do on scrambled images what the model's do on the images."""
    state = {name: value.clone() for name, value in model.state_dict().items()}
    for name, value in state.items():
        if name.startswith("layer.generators"):
            axes = [axis for axis in range(value.ndim) if value.shape[axis] == len(permutation)]
            for axis in axes:
                value = value.index_select(axis, permutation)
            state[name] = value
    head = state["head.weight"]
    state["head.weight"] = head.unflatten(1, (-1, len(permutation)))[:, :, permutation].flatten(1)
    return state


def parts_of(variant: str, count: int = 240) -> list[tuple[torch.Tensor, torch.Tensor]]:
    images, labels = stripes(count)
    pixels = make_variant(torch.from_numpy(images[:, None]).float() / 255 - 0.5, variant)
    return [(pixels[n::2], torch.from_numpy(labels[n::2]).long()) for n in (0, 1)]


QUICK = Protocol(width=8, epochs=12, batch=24, learning_rates=(3e-3,), weight_decays=(1e-2,), seeds=(0,))


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_short_training_beats_chance_by_far(name):
    torch.manual_seed(0)
    train, held = parts_of("as they are")
    model = CLASSIFIERS[name]((1, 8, 8), CLASSES, matched_widths((1, 8, 8), CLASSES, 8)[name])
    before = accuracy(model, held)
    trained = train_classifier(model, train, held, QUICK, (3e-3, 1e-2), 0)
    assert before < 70
    assert trained.validation == accuracy(model, held) > 75
    assert trained.losses[-1] < 0.5 * trained.losses[0]


def test_training_on_scrambled_images_is_the_same_training_of_a_scrambled_lconv():
    """Adam treats all weights alike: the losses agree to round-off, step by step."""
    permutation = pixel_permutation(64, 0)
    train, held = parts_of("as they are", 60)
    model = LConvClassifier((1, 8, 8), CLASSES, 4)
    mixed = LConvClassifier((1, 8, 8), CLASSES, 4)
    mixed.load_state_dict(permuted_state(model, permutation))
    quick = Protocol(epochs=3, batch=10)
    scrambled = [(scramble(images, permutation), labels) for images, labels in (train, held)]
    plain = train_classifier(model, train, held, quick, (1e-3, 1e-2), 0)
    other = train_classifier(mixed, *scrambled, quick, (1e-3, 1e-2), 0)
    assert np.allclose(plain.losses, other.losses, rtol=1e-3)


def test_the_comparison_is_json_and_a_table():
    images, labels = stripes(90)
    data = ImageData(images[:, None].astype(np.float32) / 255, labels.astype(np.int64), None)
    protocol = Protocol(width=8, epochs=1, learning_rates=(1e-3,), weight_decays=(1e-2,), seeds=(0, 1))
    stages = []
    found = compare_classifiers(data, protocol, lambda *report: stages.append(report))
    assert json.loads(json.dumps(found))["results"].keys() == set(VARIANTS)
    assert len(stages) == 12
    assert stages[-1][1] == 1
    result = found["results"]["rotated"]["CNN"]
    assert np.mean(result["test"]) == pytest.approx(result["mean"], abs=1e-3)
    table = accuracy_table(found)
    assert table.count("\n") == 1 + len(CLASSIFIERS)
    assert f"| CNN | {result['parameters']:,} |" in table
    again = compare_classifiers(data, protocol)
    assert again["results"]["rotated"]["CNN"]["test"] == result["test"]
    with pytest.raises(ValueError, match="got the classifier 'tree'"):
        compare_classifiers(data, Protocol(classifiers=("tree",)))


def test_the_page_shows_the_committed_results():
    content = json.loads((ROOT / "benchmarks/results/classification.json").read_text("utf-8"))
    page = (ROOT / "docs/classification.md").read_text("utf-8")
    assert accuracy_table(content) in page
    assert {"command", "commit", "seconds"} <= content.keys()


def test_the_script_refuses_a_missing_file_in_one_line(monkeypatch, capsys):
    script = runpy.run_path(str(ROOT / "examples/classify_images.py"))
    monkeypatch.setattr(sys, "argv", ["classify_images.py", "missing.npz"])
    assert script["main"]() == 2
    assert capsys.readouterr().err == "error: missing.npz: no such file or folder; check the name\n"


@pytest.mark.slow
def test_digits_are_learned_and_scrambling_costs_the_lconv_little():
    data = load_images(DATA / "digits.npz")
    assert data.images.shape == (1797, 1, 8, 8)
    protocol = Protocol(
        epochs=20, learning_rates=(3e-3,), weight_decays=(1.0,), classifiers=("L-conv", "CNN")
    )
    results = compare_classifiers(data, protocol)["results"]
    assert min(results["as they are"][name]["mean"] for name in ("L-conv", "CNN")) > 94
    assert min(results["rotated"][name]["mean"] for name in ("L-conv", "CNN")) > 70
    drop = results["rotated"]["L-conv"]["mean"] - results["rotated and scrambled"]["L-conv"]["mean"]
    assert abs(drop) < 5
