"""Las exportaciones que se preparan aparte: encargo → cola → trabajador → fichero en el almacén → aviso."""
