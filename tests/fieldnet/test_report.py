"""report.html: whole, self-contained, safe with hostile names, the same bytes every time."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
import sympy
import xarray as xr

from fieldnet.conservation import Conservation, ConservedCharge, LocalConservation
from fieldnet.density import density_model
from fieldnet.features import phase
from fieldnet.learning.field_model import FieldModel
from fieldnet.learning.gradient import History
from fieldnet.learning.network_model import NetworkModel
from fieldnet.report import report_html
from fieldnet.report.audit import conservation_section
from fieldnet.report.drawing import drawing_style
from fieldnet.report.forms import forms_section
from fieldnet.report.head import head
from fieldnet.report.learned import potential_section
from fieldnet.report.learned_potential import draw_learned_potential
from fieldnet.report.network_forms import compact_density, compact_equation
from fieldnet.report.theory import theory_section
from fieldnet.report.wording import number, short, short_text, symbol, symbols, with_error
from fieldnet.results import Discovery, FreeField, LearnedGenerator, Network, TermEstimate
from lagrangians import Generator, Lagrangian, catalogue, parse_lagrangian, to_text

HOSTILE = '<script>alert("x")</script>&\x07\u202e$\\frac{'
VOID = {"meta", "link", "br", "img", "hr", "input"}
FIELD_SECTIONS = (
    "theory",
    "evolution",
    "generator",
    "forms",
    "potential",
    "conservation",
    "coefficients",
    "training",
    "method",
)
NETWORK_SECTIONS = (
    "theory",
    "evolution",
    "network",
    "forms",
    "conservation",
    "coefficients",
    "training",
    "method",
)


class Checker(HTMLParser):
    """Follows the tags of a page; `errors` holds what does not close, `ids` and `text` what was met."""

    def __init__(self, page: str):
        super().__init__()
        self.open: list[str] = []
        self.errors: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.words: list[str] = []
        self.feed(page)
        self.close()
        self.errors += [f"<{tag}> left open" for tag in self.open]

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value)
            if name in ("href", "src", "xlink:href", "action", "data", "srcset"):
                self.links.append(value)
            if name.startswith("on"):
                self.errors.append(f"<{tag} {name}>")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open[-1] != tag:
            self.errors.append(f"</{tag}> inside {self.open[-2:]}")
        else:
            self.open.pop()

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())


def history(scale: float) -> History:
    found = History()
    for n, stage in enumerate(["Adam"] * 4 + ["L-BFGS"] * 3):
        found.record(stage, scale * 10.0**-n, 2 * scale * 10.0**-n)
    return found


def fit(**changes) -> dict:
    return {
        "method": "Adam",
        "features": "phase",
        "boundary": "periodic",
        "residual": 1e-4,
        "held_out_residual": 2e-4,
        "held_out_residual_with_derivative": 2e-4,
        "explanation": None,
        "rollout_error": 0.01,
        "rollout_stopped": None,
        "tried": {
            "phase": {"residual": 1e-4, "held_out_residual": 2e-4, "terms": 2},
            "identity": {"residual": 0.3, "held_out_residual": 1.2, "terms": 1},
        },
        "elimination": [{"dropped": "sin(φ)", "residual": 1e-4, "standard_error": 1e-6}],
        "seed": 0,
        "versions": {"fieldnet": "0.1.0"},
        "seconds": 12.5,
        **changes,
    }


def charge(theory: Lagrangian, name: str, times: np.ndarray) -> ConservedCharge:
    xi = [int(n == 0) for n in range(len(theory.coordinates))]
    generator = Generator(xi, [0] * len(theory.fields), theory.coordinates, theory.fields)
    wave = np.sin(times)[None]
    return ConservedCharge(
        generator=generator,
        name=name,
        times=times,
        values=1 + 1e-5 * wave,
        scale=1.0,
        relative_drift=1e-5,
        control_drift=0.7,
        control_values=wave,
        control_scale=1.0,
    )


def field_discovery(dimension: int = 1, field: str = "phi", **changes) -> Discovery:
    """What a run on Sine-Gordon waves would have found, made by hand."""
    theory = catalogue.sine_gordon(c=1.2, m=0.9, dimension=dimension)
    axes = [str(c) for c in theory.coordinates[1:]]
    points = np.linspace(0.0, 9.0, 18, endpoint=False)
    times = np.linspace(0.0, 4.0, 41)
    grid = np.meshgrid(times, *[points] * dimension, indexing="ij")
    wave = np.stack([1.5 * np.sin(sum(grid[1:]) - grid[0] + s) for s in range(2)])
    dims = ("sample", "time", *axes)
    coordinates = {"time": times, **dict.fromkeys(axes, points)}
    held_out = xr.Dataset({field: (dims, wave)}, coords=coordinates)
    k = np.linspace(0.0, 6.0, 10)
    model = FieldModel(
        phase(), (0.5,) * dimension, field, tuple(str(c) for c in theory.coordinates), band_size=10
    )
    generators = [
        LearnedGenerator(
            axis, -2.0, 0.99999, k, k * (1 - 1e-3 * k), np.exp(-k), 2.0, 4e-3, -np.array([1.6, -0.4])
        )
        for axis in axes
    ]
    current = LocalConservation(charge(theory, "boost", times).generator, "boost along x", 1e-4, 0.4)
    form = np.diag([0.81, 0.81, 0.0])
    discovery = Discovery(
        name="waves",
        model=model,
        lagrangian=theory,
        equations=tuple(f"{to_text(a)} = {to_text(b)}" for a, b in theory.equations_of_motion().items()),
        verdict="variational",
        evidence={},
        terms=[TermEstimate("phi_t**2", 0.5, 0.0, None), TermEstimate("cos(phi)", 0.81, 1e-4, 0.8)],
        free_field=FreeField(
            m2=form,
            h=np.broadcast_to(form, (dimension, dimension, 3, 3)),
            v=np.zeros((dimension, 3, 3)),
            a=np.zeros((dimension, 3, 3)),
            signature=(2, 0, 1),
            channels=("cos(phi)", "sin(phi)", "1"),
        ),
        generators=generators,
        network=None,
        conservation=Conservation([charge(theory, "energy", times)], [current]),
        histories={"phase features": history(1.0), "identity features": history(3.0)},
        chosen="phase features",
        held_out=held_out,
        simulated=held_out + 1e-3 * np.sin(times)[:, *[None] * dimension],
        rollout_error=1e-3 * np.abs(np.sin(times)) * np.ones((2, 1)),
        fit=fit(),
    )
    return replace(discovery, **changes)


def network_discovery(order: int = 1, nodes: int = 6, **changes) -> Discovery:
    """What a run on oscillators would have found: a ring, reciprocal in the metric 1."""
    draw = np.random.default_rng(1)
    ring = np.roll(np.eye(nodes), 1, axis=1)
    coupling = 0.4 * (ring + ring.T)
    frequencies = draw.standard_normal(nodes)
    t = sympy.Symbol("t")
    theta = [sympy.Function(f"theta_{n}")(t) for n in range(nodes)]
    torques = [
        frequencies[i] + sympy.Add(*(coupling[i, j] * sympy.sin(theta[j] - theta[i]) for j in range(nodes)))
        for i in range(nodes)
    ]
    second = order == 2
    theory = (
        catalogue.kuramoto_inertial(coupling, frequencies)
        if second
        else catalogue.freidlin_wentzell(torques, theta)
    )
    times = np.linspace(0.0, 5.0, 60)
    phases = draw.uniform(-3, 3, (1, 1, nodes)) + frequencies * times[:, None]
    held_out = xr.Dataset({"theta": (("sample", "time", "node"), phases)}, coords={"time": times})
    zeros = np.zeros((1, 3, 3))
    discovery = Discovery(
        name="ring",
        model=NetworkModel(nodes, order),
        lagrangian=theory,
        equations=tuple(f"theta_{i}_{'t' * order} = {to_text(f)}" for i, f in enumerate(torques)),
        verdict="variational" if second else "not variational: gradient flow",
        evidence={"metric": np.ones(nodes), "mismatch": 1e-7},
        terms=[TermEstimate(f"theta_{i}_t**2", 0.5, 0.0, None) for i in range(nodes)],
        free_field=FreeField(
            np.zeros((2, 2)),
            np.eye(2)[None, None],
            zeros[:, :2, :2],
            zeros[:, :2, :2],
            (2, 0, 0),
            ("cos(theta)", "sin(theta)"),
        ),
        generators=[],
        network=Network(
            coupling=coupling,
            coupling_stderr=1e-3 * (coupling != 0),
            trained_coupling=coupling + 0.01 * draw.standard_normal((nodes, nodes)),
            frequencies=frequencies,
            frequencies_stderr=np.full(nodes, 1e-3),
            inertia=np.ones(nodes) if second else None,
            damping=np.zeros(nodes) if second else None,
            phase_lag=0.0,
            metric=np.ones(nodes),
            potential="-theta_0",
            cycle=None,
        ),
        conservation=Conservation([charge(theory, "energy", times)] if second else [], []),
        histories={"order 1": history(1.0), "order 2": history(2.0)},
        chosen=f"order {order}",
        held_out=held_out,
        simulated=held_out + 1e-4,
        rollout_error=np.full((1, 60), 1e-4),
        fit=fit(
            boundary=None, tried={"order 1": {"residual": 1e-4, "held_out_residual": 2e-4}}, elimination=None
        ),
    )
    return replace(discovery, **changes)


def regression_discovery(dimension: int = 1, **changes) -> Discovery:
    """What the weak regression would have found in two coupled fields with 5% noise, made by hand."""
    axes, fields = ("x", "y")[:dimension], ("phi", "chi")
    slopes = "".join(f" - 0.7*phi_{a}**2 - chi_{a}**2/2" for a in axes)
    text = f"phi_t**2/2 + chi_t**2/2{slopes} - phi**2/2 - 2*phi**2*chi**2/5"
    theory = parse_lagrangian(text, fields, ("t", *axes))
    usual = field_discovery(dimension)
    wave = usual.held_out["phi"]
    both = usual.held_out.assign(chi=wave + 1.0)
    model = density_model(theory, (0.1,) + (0.5,) * dimension)
    expansion = model.expansion()
    forms = {n: np.array(getattr(expansion, n), dtype=float) for n in ("m2", "h", "v", "a")}
    row = {"atom": "phi_xx", "coefficient": -1.4, "stderr": 0.01, "interval": [-1.42, -1.38]}
    atoms = [["phi_tt", "phi_xx"], ["phi_tt", "phi_xx", "chi**2*phi"]]
    path = [{"atoms": atoms[0], "over_noise": 40.0}, {"atoms": atoms[1], "over_noise": 1.01}]
    tried = {"residual": 1e-3, "criterion": -700.0, "terms": 6}
    discovery = replace(
        usual,
        name="pair",
        model=model,
        lagrangian=theory,
        equations=tuple(f"{to_text(a)} = {to_text(b)}" for a, b in theory.equations_of_motion().items()),
        evidence={
            "searched": "constant multipliers",
            "level": 1e-3,
            "chi_square": 1.8,
            "degrees_of_freedom": 1,
            "p_value": 0.18,
            "multiplier": [[1.0, 0.0], [0.0, -1.0]],
            "multiplier_stderr": [[0.0, 0.0], [0.0, 0.02]],
            "conditions": [
                {
                    "condition": "∂F_phi/∂chi = ∂F_chi/∂phi",
                    "value": -5e-3,
                    "stderr": 4e-3,
                    "standard_errors": 1.3,
                }
            ],
        },
        terms=[TermEstimate("phi_t**2", 0.5, 0.0, None), TermEstimate("phi**2", -0.5, 1e-3, None)],
        free_field=FreeField(**forms, signature=expansion.signature, channels=model.channels),
        generators=[],
        histories={},
        chosen="polynomial features",
        held_out=both,
        simulated=both + 1e-3,
        data_fields=fields,
        extra={
            "noise": {name: {"deviation": 0.04, "relative": 0.05} for name in fields},
            "fitted_equations": {
                name: [{"atom": f"{name}_tt", "coefficient": 1.0, "stderr": 0.0, "interval": [1.0, 1.0]}, row]
                for name in fields
            },
            "multiplier": [[1.0, 0.0], [0.0, -1.0]],
            "family": [
                {"multiplier": [[1, 0], [0, 0]], "density": "phi_t**2/2"},
                {"multiplier": [[0, 0], [0, 1]], "density": "chi_t**2/2"},
            ],
            "rivals": [{"kept": ["phi"], "instead": ["sin(phi)"]}],
        },
        fit={
            **{k: v for k, v in fit().items() if k != "elimination"},
            "tried": {"polynomial": tried, "phase": {**tried, "criterion": -400.0}},
            "path": [path, path],
            "residual_over_noise": [1.01, 0.98],
            "rollout_floor": 0.05,
            "rollout_tracked": 3.5,
            "rollout_duration": 4.0,
            "rollout_initial_error": 0.01,
            "initial_window": 32,
            "lyapunov_exponent": 0.4,
            "lyapunov_stderr": 0.03,
            "lyapunov_time": 2.5,
            "chaotic": True,
            "half_points": [9, 11],
            "left_out": ["hyperbolic"],
            "options": {"seed": 0, "library": None},
        },
    )
    return replace(discovery, **changes)


def checked(discovery: Discovery) -> tuple[str, Checker]:
    """The page, after all that every page must satisfy."""
    page = report_html(discovery)
    seen = Checker(page)
    assert seen.errors == []
    assert len(set(seen.ids)) == len(seen.ids)
    assert not seen.tags & {"script", "iframe", "object", "link", "form", "base"}
    for link in seen.links:
        assert link.startswith(("#", "data:image/png;base64,")), link
        assert not link.startswith("#") or link[1:] in seen.ids, link
    assert all(link[1:] in seen.ids for link in re.findall(r"url\(([^)]*)\)", page))
    addresses = set(re.findall(r"https?://[^\"'\s<)]*", page))
    assert addresses <= {"http://www.w3.org/1998/Math/MathML"}
    assert len(page.encode()) < 3_000_000
    for math in re.findall(r"<math.*?</math>", page, flags=re.S):
        ElementTree.fromstring(math)
    for drawing in re.findall(r"<svg.*?</svg>", page, flags=re.S):
        label = ElementTree.fromstring(drawing).get("aria-label")
        assert label
    assert "nan" not in re.sub(r"base64,[^\"]*", "", page).lower().split()
    return page, seen


def anchors(page: str) -> list[str]:
    return re.findall(r'<section id="([a-z]+)"', page)


@pytest.mark.parametrize("dimension", [1, 2])
def test_a_field_has_every_section(dimension):
    page, seen = checked(field_discovery(dimension))
    assert anchors(page) == list(FIELD_SECTIONS)
    assert "0.81" in seen.text
    assert "boost along x" in seen.text
    assert page.count("<svg") == 5 + dimension


REGRESSION_SECTIONS = (
    "theory",
    "verdict",
    "evolution",
    "forms",
    "potential",
    "conservation",
    "coefficients",
    "equations",
    "training",
    "method",
)


@pytest.mark.parametrize("dimension", [1, 2])
def test_a_regression_has_every_section(dimension):
    page, seen = checked(regression_discovery(dimension))
    assert anchors(page) == list(REGRESSION_SECTIONS)
    for words in (
        "χ² = 1.8 of 1, probability 0.18",
        "1 positive and 1 negative directions, so the energy has no lower bound",
        "2 independent densities give these equations",
        "−0.50196 … −0.49804",  # the 95% interval of φ²
        "−1.420 … −1.380",
        "The error stays within twice the noise for 3.5 of 4 time units",
        "errors grow by e in 2.5 time units",
        "knows only the first 32 times",
        "Lyapunov time 2.5",
        "Families tried",
        "seed = 0",
    ):
        assert words in seen.text, words
    kymographs = page[page.index('id="evolution"') :].split("</svg>")[0]
    assert kymographs.count("Rollout − data") == 2 * dimension
    assert "before selection" not in seen.text


def test_the_layer_of_a_density_is_written_out():
    """ℒ = rᵀηr + remainder, read back from the table of residuals."""
    seen = Checker(forms_section(regression_discovery()).body).text
    assert "0.70711 ∂tφ" in seen
    assert f"{0.4**0.5:.5g} χ φ" in seen


def test_a_density_of_a_potential_is_about_other_fields_than_the_data():
    """Korteweg and de Vries: u = w_x in the data, w in the Lagrangian."""
    usual = regression_discovery()
    theory = catalogue.korteweg_de_vries()
    discovery = replace(
        usual,
        lagrangian=theory,
        model=density_model(theory, (0.1, 0.5)),
        equations=("u_t = -6*u*u_x - u_xxx",),
        evidence={"potential": "u = w_x"},
        held_out=usual.held_out[["phi"]].rename(phi="u"),
        simulated=usual.simulated[["phi"]].rename(phi="u"),
        data_fields=("u",),
        extra={},
    )
    page, seen = checked(discovery)
    assert "potential" not in anchors(page)
    assert "u = w_x" in seen.text
    assert "The field u(t, x)" in seen.text
    theory_part = page[page.index('id="theory"') : page.index('id="verdict"')]
    assert "<code>u_t" not in theory_part.split("<details>")[0]


def test_a_learned_potential_is_drawn_with_its_band():
    usual = regression_discovery()
    phi = np.linspace(-1.5, 1.5, 21)
    columns = {"phi": phi, "potential": phi**2, "force": 2 * phi}
    errors = {"potential_stderr": 0.1 + 0 * phi, "force_stderr": 0.1 + 0 * phi}
    learned = {
        "field": "phi",
        "residual_ratio": 1.02,
        "table": {**columns, **errors},
        "potential": "phi**2",
        "distilled": {
            "force": "tanh(phi)",
            "potential": "log(cosh(phi))",
            "parameters": {"a": {"value": 1.7, "stderr": 0.01}},
            "criterion_difference": 12.0,
        },
    }
    with drawing_style():
        bodies = [
            potential_section(replace(usual, extra={"learned_potential": found})).body
            for found in (learned, {**learned, "distilled": None})
        ]
    in_symbols, plain = (Checker(body).text for body in bodies)
    assert "what it leaves is 1 times the noise" in in_symbols
    assert "a = 1.700 ± 0.01" in in_symbols
    assert "stays a learned function" in plain
    assert "stays a learned function" not in in_symbols
    assert [body.count("<svg") for body in bodies] == [1, 1]
    with drawing_style():
        drawn = draw_learned_potential(usual, "phi", learned["table"], learned["distilled"])
        alone = draw_learned_potential(usual, "phi", learned["table"])
    (_, potential), (_, force) = (ax.lines for ax in drawn.axes[:2])
    np.testing.assert_allclose(force.get_ydata(), np.tanh(phi))
    np.testing.assert_allclose(np.diff(potential.get_ydata()), np.diff(np.log(np.cosh(phi))))
    assert np.mean(potential.get_ydata()) == pytest.approx(np.mean(phi**2))
    assert [len(ax.lines) for ax in alone.axes[:2]] == [1, 1]


@pytest.mark.parametrize("order", [1, 2])
def test_a_network_has_every_section(order):
    page, seen = checked(network_discovery(order))
    assert anchors(page) == list(NETWORK_SECTIONS)
    assert "No short sum" not in seen.text
    assert "Directed edges found" in seen.text


def test_a_small_network_is_written_out():
    body = theory_section(network_discovery(1, nodes=3)).body
    assert "Text with all digits" in body


def test_the_same_discovery_gives_the_same_bytes_and_matplotlib_is_left_alone():
    before = dict(matplotlib.rcParams)
    assert report_html(field_discovery()) == report_html(field_discovery())
    assert dict(matplotlib.rcParams) == before


def test_hostile_strings_of_a_regression_are_escaped():
    usual = regression_discovery()
    error = {"stderr": 1.0, "standard_errors": 1.0}
    renamed = usual.held_out.rename(phi=HOSTILE)
    discovery = replace(
        usual,
        name=HOSTILE,
        verdict=f"not variational: {HOSTILE}",
        evidence={
            HOSTILE: HOSTILE,
            "potential": HOSTILE,
            "conditions": [{"condition": HOSTILE, "value": 1.0, **error}],
            "terms_without_density": [{"term": HOSTILE, "equation": HOSTILE, "coefficient": 1.0, **error}],
        },
        equations=(HOSTILE,),
        held_out=renamed,
        simulated=usual.simulated.rename(phi=HOSTILE),
        data_fields=(HOSTILE, "chi"),
        extra={
            "noise": {HOSTILE: {"deviation": 1.0, "relative": 1.0}},
            "fitted_equations": {
                HOSTILE: [{"atom": HOSTILE, "coefficient": 1.0, "stderr": 0.1, "interval": [0, 2]}]
            },
            "family": [{"multiplier": [[1.0]], "density": HOSTILE}],
            "rivals": [{"kept": [HOSTILE], "instead": [HOSTILE]}],
        },
        fit={**usual.fit, "path": [[{"atoms": [HOSTILE], "over_noise": 1.0}]], "options": {HOSTILE: HOSTILE}},
    )
    page, _ = checked(discovery)
    assert "<script" not in page
    assert "\x07" not in page
    assert "\u202e" not in page


@pytest.mark.parametrize("make", [field_discovery, network_discovery])
def test_hostile_strings_are_escaped(make):
    usual = make()
    field = usual.model.field
    renamed = usual.held_out.rename({field: HOSTILE})
    renamed[HOSTILE].attrs["units"] = HOSTILE
    renamed["time"].attrs["units"] = HOSTILE
    usual.model.field = HOSTILE
    discovery = replace(
        usual,
        name=HOSTILE,
        verdict=f"undetermined: {HOSTILE}",
        evidence={HOSTILE: HOSTILE},
        equations=(HOSTILE, *usual.equations[1:]),
        terms=[TermEstimate(HOSTILE, 1.0, None, None)],
        free_field=replace(usual.free_field, channels=(HOSTILE, *usual.free_field.channels[1:])),
        held_out=renamed,
        simulated=usual.simulated.rename({field: HOSTILE}),
        fit=fit(explanation=HOSTILE, method=HOSTILE, boundary=HOSTILE, tried={HOSTILE: {"residual": 1.0}}),
        histories={HOSTILE: history(1.0)},
        chosen=HOSTILE,
    )
    page, _ = checked(discovery)
    assert "<script" not in page
    assert "\x07" not in page
    assert "\u202e" not in page


@pytest.mark.parametrize("make", [field_discovery, network_discovery, regression_discovery])
def test_without_rollout_charges_or_estimates(make):
    bare = make(
        simulated=None,
        rollout_error=None,
        conservation=Conservation([], []),
        terms=[],
        histories={},
        generators=[],
        fit={"rollout_stopped": "blew up at t = 3"},
    )
    page, seen = checked(bare)
    assert "No rollout : blew up at t = 3" in seen.text.replace("rollout:", "rollout :")
    assert {"theory", "evolution", "conservation", "method"} <= set(anchors(page))
    assert not {"coefficients", "training", "generator"} & set(anchors(page))


def test_the_audit_of_noisy_data_says_what_noise_does():
    usual = regression_discovery()
    drifts = {"relative_drift": 0.02, "noise_drift": 0.03, "noise_bound": 0.05}
    charges = [replace(usual.conservation.charges[0], **drifts)]
    with drawing_style():
        quiet = Checker(conservation_section(usual).body).text
        audit = replace(usual, conservation=Conservation(charges, []))
        noisy = Checker(conservation_section(audit).body).text
    assert "noise alone: what a conserved charge" in noisy
    assert noisy.endswith("conserved")
    assert "noise alone" not in quiet


@pytest.mark.parametrize(
    "verdict, style, words",
    [
        ("variational", "variational", "follow from the Lagrangian"),
        ("not variational: dissipative", "not-variational", "Rayleigh friction"),
        ("not variational: gradient flow", "not-variational", "Freidlin–Wentzell"),
        ("not variational: no gradient flow", "not-variational", "no potential drives it"),
        (
            "undetermined: phi**2 and cos(phi) cannot be told apart in these data",
            "undetermined",
            "leave open",
        ),
    ],
)
def test_each_verdict_has_its_banner(verdict, style, words):
    top = head(field_discovery(verdict=verdict))
    assert f'class="verdict {style}"' in top
    assert words in Checker(top).text


def test_damping_is_shown_with_its_dissipation_function():
    discovery = field_discovery(
        verdict="not variational: dissipative",
        evidence={"damping": 0.1, "rayleigh": "0.05*phi_t**2", "failed": "not self-adjoint"},
        conservation=Conservation([], []),
    )
    text = Checker(theory_section(discovery).body).text
    assert "𝓡" in text
    assert "not self-adjoint" in text


def test_a_broken_cycle_is_named():
    usual = network_discovery()
    network = replace(usual.network, metric=None, potential=None, cycle="on the cycle 0 → 1 → 2 → 0")
    broken = replace(usual, network=network, verdict="not variational: no gradient flow")
    assert "On the cycle 0 → 1 → 2 → 0." in Checker(theory_section(broken).body).text


def test_sums_are_typeset_only_where_they_are_the_derived_density():
    discovery = network_discovery(2)
    network = discovery.network
    assert compact_density(discovery, network) is not None
    assert compact_equation(discovery, network) is not None
    other = replace(network, coupling=1.001 * network.coupling)
    assert compact_density(discovery, other) is None
    assert compact_equation(discovery, other) is None


def test_a_free_wave_has_no_potential():
    section = potential_section(field_discovery(lagrangian=catalogue.klein_gordon(c=1, m=0)))
    assert "V = 0" in section.body


def test_many_points_stay_small():
    usual = network_discovery(2)
    times = np.linspace(0.0, 5.0, 20_000)
    noise = np.random.default_rng(0).standard_normal((1, len(times)))
    long = replace(usual.conservation.charges[0], times=times, values=noise, control_values=noise)
    with drawing_style():
        section = conservation_section(replace(usual, conservation=Conservation([long], [])))
    assert len(section.body) < 300_000


@pytest.mark.parametrize(
    "shown, expected",
    [
        (number(-0.0), "0"),
        (number(None), "—"),
        (number(float("nan")), "—"),
        (number(-1234567.0), "−1.23457×10<sup>6</sup>"),
        (short(1.26e-5), "1.3×10<sup>−5</sup>"),
        (short_text(1.26e-5), "1.3×10⁻⁵"),
        (with_error(0.8100944, 2.0e-5), "0.810094"),
        (with_error(-1.4386, 0.013), "−1.439"),
        (with_error(1.5, None), "1.5"),
        (symbol("theta_12"), "θ₁₂"),
        (symbols("1.4386862456t∂_x + phi**2"), "1.43869t∂_x + φ²"),
    ],
)
def test_numbers_and_names_as_written_by_hand(shown, expected):
    assert shown == expected
