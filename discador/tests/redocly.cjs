// Lo que Redocly encuentra en una referencia con sus reglas recomendadas, salvo la de decir bajo qué licencia está la API.
const { createConfig, lint } = require("@redocly/openapi-core");

(async () => {
  const config = await createConfig({ extends: ["recommended"], rules: { "info-license": "off" } });
  const hallazgos = await lint({ ref: process.argv[2], config });
  const enTexto = ({ severity, ruleId, message, location: [donde] }) => `${severity} ${ruleId}: ${message} ${donde.pointer}`;
  console.log(JSON.stringify(hallazgos.map(enTexto)));
})();
