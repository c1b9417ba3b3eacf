"""La vuelta de una exportación: fichero CSV → líneas → valores comprobados → llamadas, todas o ninguna."""
