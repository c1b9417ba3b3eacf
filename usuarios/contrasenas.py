"""Cómo se guardan las contraseñas."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2(Argon2PasswordHasher):
    """Argon2id con el mínimo que recomienda OWASP («Password Storage»): 19 MiB, dos pasadas y un solo hilo.

    Con lo que Django trae por omisión, entrar cuesta de cinco a diez veces más procesador, que es lo que falta cuando
    el servidor está ocupado en las descargas de otros.
    """

    time_cost = 2
    memory_cost = 19 * 1024  # KiB
    parallelism = 1
