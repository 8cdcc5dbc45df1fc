/** An object of an answer, of which nothing is known yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** A text that says something, or null. */
export function textOf(raw: unknown): string | null {
  return typeof raw === 'string' && raw !== '' ? raw : null;
}

/** A list of words, or one word, as podman writes an entrypoint. */
export function textsOf(raw: unknown): readonly string[] {
  if (typeof raw === 'string') return raw === '' ? [] : [raw];
  return Array.isArray(raw) ? raw.filter((item): item is string => typeof item === 'string') : [];
}

/** The object, or an empty one. */
export function objectOf(raw: unknown): JsonObject {
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw) ? (raw as JsonObject) : {};
}

/** The objects of a list; what is none is left out. */
export function objectsOf(raw: unknown): readonly JsonObject[] {
  return Array.isArray(raw) ? raw.filter((item): item is JsonObject => typeof item === 'object' && item !== null) : [];
}

/** null where it is no JSON: the callers then miss what they look for, and say so. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
