"""report.html: a discovery as one self-contained page."""

from .report import report_html

__all__ = ["report_html"]
