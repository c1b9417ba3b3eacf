"""La descripción de las rutas de las llamadas."""
