"""Cómo se muestran las fechas: cortas, para que quepan en una lista, y con segundos, que aquí importan.

Y los miles, con punto, como en las hojas de cálculo en español.
"""

DATE_FORMAT = "d/m/Y"
DATETIME_FORMAT = "d/m/Y H:i:s"
THOUSAND_SEPARATOR = "."
