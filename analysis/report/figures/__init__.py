"""The figures of the report, one per file. Each module draws; :mod:`analysis.report.figures.catalogue` says which there are.

matplotlib is imported only when a figure is drawn, so that importing this package stays cheap.
"""
