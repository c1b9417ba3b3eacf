"""Formatos regionales propios, por idioma; los demás son los de Django."""
