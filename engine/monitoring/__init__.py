"""Is this window of data and predictions still all right?"""
