import type { JsonSchema } from './schema.ts';

/** The JSON Schema of `longhaul.yaml` (draft 2020-12), for editors. Loads zod. */
export async function jsonSchema(): Promise<JsonSchema> {
  const { buildJsonSchema } = await import('./schema.ts');
  return buildJsonSchema();
}
