"""What a file of records is, guessed from its first rows: how it is written, and what each column is for."""
