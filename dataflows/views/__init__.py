"""What people see of a run: terminal tables, HTML pages, Evidently's own pages."""
