// Lo que un programa en TypeScript espera de los tipos que se generan: si alguno no está o no es así, no compila.
import type { components, paths, webhooks } from "./discador";

type Pagina = paths["/api/v1/llamadas"]["get"]["responses"]["200"]["content"]["application/json"];
type Pedido = NonNullable<paths["/api/v1/llamadas/exportar"]["get"]["parameters"]["query"]>;
type Aviso = webhooks["exportacion.completada"]["post"]["requestBody"]["content"]["application/json"];

export const pedido: Pedido = { desde: "2026-06-01", resultado: ["contestada", "sin_resultado"], formato: "parquet" };
export const entrada: components["schemas"]["Token"] = { email: "ana@example.com", password: "secreta" };
export const numeros = ({ llamadas }: Pagina): (string | undefined)[] => llamadas.map((llamada) => llamada.numero_destino);
export const huella = ({ type, data }: Aviso): string => (type === "exportacion.completada" ? data.sha256 ?? "" : type);
