"""Las etiquetas de las plantillas."""
