"""Parquet files as input; the only place that imports pyarrow."""
