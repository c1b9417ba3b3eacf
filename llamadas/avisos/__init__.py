"""Los avisos de que una exportación ha acabado: bandeja → reparto → correo o webhook."""
