"""The contract of a record: written by hand or inferred from data, with a policy for breaches."""
