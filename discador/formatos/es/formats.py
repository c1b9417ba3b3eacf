"""Cómo se muestran las fechas: cortas, para que quepan en una lista, y con segundos, que aquí importan."""

DATE_FORMAT = "d/m/Y"
DATETIME_FORMAT = "d/m/Y H:i:s"
