"""HTML of a page and its parts; arguments called `…html` or `body` are markup, all others plain text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .style import CSS
from .wording import html

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""Content security policy: the page can load nothing, whatever a file put into it."""


LONGEST = 200_000
"""Characters of a text that are shown."""


class Section(NamedTuple):
    """A part of the page with its anchor."""

    key: str
    title: str
    body: str


def page(title: str, head: str, sections: Sequence[Section], foot: str) -> str:
    """The whole file: `head` above, `foot` below the sections, which get a table of contents."""
    links = "".join(f'<a href="#{s.key}">{html(s.title)}</a>' for s in sections)
    body = "\n".join(
        f'<section id="{s.key}" aria-labelledby="{s.key}-title">'
        f'<h2 id="{s.key}-title">{html(s.title)}</h2>\n{s.body}\n</section>'
        for s in sections
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="fieldnet">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<title>{html(title)}</title>
<style>{CSS}</style>
</head>
<body>
<header>
{head}
<nav aria-label="Contents">{links}</nav>
</header>
<main>
{body}
</main>
<footer>
{foot}
</footer>
</body>
</html>
"""


def paragraph(body: str, note: bool = False) -> str:
    return f'<p class="note">{body}</p>' if note else f"<p>{body}</p>"


def figure(drawing_html: str, caption_html: str) -> str:
    return f"<figure>{drawing_html}<figcaption>{caption_html}</figcaption></figure>"


def details(summary: str, body: str) -> str:
    return f"<details><summary>{html(summary)}</summary>{body}</details>"


def source(text: str) -> str:
    """Text in a box, cut where it is very long."""
    shown = (
        text
        if len(text) <= LONGEST
        else f"{text[:LONGEST]}\n… ({len(text)} characters; all in lagrangian.json)"
    )
    return f"<pre><code>{html(shown)}</code></pre>"


def record(entries: Iterable[tuple[str, str]]) -> str:
    """A list of (name, markup)."""
    items = "".join(f"<dt>{html(name)}</dt><dd>{value}</dd>" for name, value in entries)
    return f'<dl class="record">{items}</dl>'


def tiles(entries: Iterable[tuple[str, str, str]]) -> str:
    """The figures that matter, large: (what, markup of the number, plain remark)."""
    items = "".join(
        f"<div><dt>{html(name)}</dt><dd>{value}<small>{html(remark)}</small></dd></div>"
        for name, value, remark in entries
    )
    return f'<dl class="figures">{items}</dl>' if items else ""
