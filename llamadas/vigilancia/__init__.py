"""Lo que se enseña a quien vigila el servicio: si está vivo, si puede trabajar, y sus cifras."""
