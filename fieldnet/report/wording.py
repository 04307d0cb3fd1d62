"""Strings and numbers as HTML and as labels: everything from a file goes through here."""

from __future__ import annotations

import math
import re
from html import escape
from typing import Any

import xarray as xr
from sympy.printing.pretty.pretty_symbology import greek_unicode

DASH = "—"
NATURAL = "1"
"""Unit of what has none."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]|[\u202a-\u202e\u2066-\u2069]")
_FLOAT = re.compile(r"(?<![A-Za-z_0-9])\d+\.\d+(?:e[+-]?\d+)?")
_NAME = re.compile(r"[A-Za-z]+(?:_[0-9]+)?(?![A-Za-z])")
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_SUPERSCRIPTS = str.maketrans("0123456789-−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁻")


def plain(value: Any) -> str:
    """Text for a label in a figure: no control, bidirectional or surrogate characters."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", str(value))


def one_line(value: Any) -> str:
    """The same with every run of white space as one space."""
    return " ".join(plain(value).split())


def html(value: Any) -> str:
    """Text for the page, escaped."""
    return escape(plain(value), quote=True)


def sentence(text: Any) -> str:
    """With a capital and a full stop; names of fields are left as they are."""
    words = plain(text).strip()
    return words[:1].upper() + words[1:] + ("" if words.endswith(".") else ".")


def symbol(name: str) -> str:
    """A name as it is written by hand: `phi` → φ, `theta_3` → θ₃."""
    stem, _, index = one_line(name).partition("_")
    subscript = index.translate(_SUBSCRIPTS) if index.isdigit() else f"_{index}" if index else ""
    return greek_unicode.get(stem, stem) + subscript


def symbols(text: str) -> str:
    """A generator or channel with Greek letters and floats of 6 digits: `1.4384762t∂_x` → `1.43848t∂_x`."""
    short = _FLOAT.sub(lambda match: f"{float(match[0]):.6g}", plain(text))
    return (
        _NAME.sub(lambda match: symbol(match[0]), short)
        .replace("**2", "²")
        .replace("**3", "³")
        .replace("*", "\u2009")
    )


def axis_label(dataset: xr.Dataset, name: str) -> str:
    """A coordinate or field with its unit, `x [m]`; `[1]` in natural units."""
    letter = {"time": "t"}.get(name, symbol(name))
    return letter if name == "node" else f"{letter} [{unit(dataset, name)}]"


def unit(dataset: xr.Dataset, name: str) -> str:
    found = dataset[name].attrs.get("units", "") if name in dataset.variables else ""
    return one_line(found)[:24] or NATURAL


def number(value: float | None, digits: int = 6) -> str:
    """A number for a table: `1.5×10<sup>−6</sup>`, or a dash where there is none."""
    if value is None or not math.isfinite(value):
        return DASH
    return _scientific(f"{value + 0.0:.{digits}g}")


def short(value: float | None) -> str:
    """A number of two digits, for residuals and drifts; small ones as powers of ten."""
    if value is None or not math.isfinite(value):
        return DASH
    if value == 0 or 1e-2 <= abs(value) < 1e3:
        return _scientific(f"{value:.2g}" if abs(value) < 100 else f"{value:.0f}")
    return _scientific(f"{value:.1e}")


def short_text(value: float | None) -> str:
    """The same without markup."""
    return re.sub(r"<sup>(.*?)</sup>", lambda match: match[1].translate(_SUPERSCRIPTS), short(value))


def _scientific(text: str) -> str:
    mantissa, _, exponent = text.replace("-", "−").partition("e")
    power = exponent.replace("+", "").replace("−0", "−").removeprefix("0")
    return f"{mantissa}×10<sup>{power}</sup>" if exponent else mantissa


def with_error(value: float, error: float | None) -> str:
    """The value rounded to two digits of its standard error, or to six where that is unknown or 0."""
    if error is None or not math.isfinite(error) or error <= 0 or not math.isfinite(value):
        return number(value)
    places = 1 - math.floor(math.log10(error))
    return f"{value:.{min(places, 12)}f}".replace("-", "−") if 0 <= places <= 12 else number(value)


def power_of_ten(value: float, _position: int | None = None) -> str:
    """Tick label of a logarithmic axis, `10⁻³`."""
    if value <= 0:
        return ""
    exponent = math.log10(value)
    return (
        f"10{str(round(exponent)).translate(_SUPERSCRIPTS)}" if abs(exponent - round(exponent)) < 1e-6 else ""
    )
