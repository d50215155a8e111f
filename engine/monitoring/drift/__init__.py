"""Window drift methods: distances between a window's column and the reference's."""
