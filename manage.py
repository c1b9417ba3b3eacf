#!/usr/bin/env python
"""Los comandos de Discador: `manage.py help` los enumera."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "discador.settings")
    execute_from_command_line(sys.argv)
