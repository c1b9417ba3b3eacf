"""El informe: qué ha pasado con las llamadas de una selección, en cifras y en gráficos."""
