"""What a record must look like, by hand or learned from data, and what becomes of one that does not."""
