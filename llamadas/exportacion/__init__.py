"""El camino de una exportación: QuerySet → expresiones de las columnas → instantánea → formato → bloques de bytes."""
