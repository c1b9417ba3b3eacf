"""Lo que cabe en Excel."""

FILAS_POR_HOJA = 1_048_576 - 1  # menos la cabecera

# De un número solo guarda 15 cifras: el entero que tiene más va como texto en lo que se hace para él.
ENTEROS = range(-(10**15) + 1, 10**15)

CARACTERES_POR_CELDA = 32_767  # de UTF-16, que es como los cuenta
