"""Cuánto tarda exportar en esta máquina, comparado con lo más rápido que hay y con lo que se suele hacer."""
