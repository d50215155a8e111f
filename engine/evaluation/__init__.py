"""Progressive evaluation: metrics, baselines, calibration and business metrics of served predictions."""
