import { SECRET_RULES } from './secret-rules.ts';

/** What stands in place of a secret. */
export const REDACTED = '[redacted]';

/** Shorter values are no secrets worth the name, and replacing every "1" or "on" would make a text unreadable. */
const MIN_SECRET_LENGTH = 4;

/**
 * Takes secrets out of a text: the values given in `secrets` wherever they stand (as they are, URL-encoded, JSON-escaped
 * or in base64; of a value with several lines also each line of eight characters or more), and whatever looks like one:
 * passwords in URLs, values of `-e KEY=VALUE`, headers and settings named like a secret, tokens of known form (design §3).
 * Values under four characters are left alone. Applying it twice changes nothing more.
 */
export function redact(text: string, secrets: readonly string[] = []): string {
  return redactForms(redactValues(text, secrets));
}

/** Replaces known values in one pass, longest first, so that one secret inside another leaves no remainder. */
function redactValues(text: string, secrets: readonly string[]): string {
  const forms = [...new Set(secrets.flatMap(writtenForms))].filter((form) => form.length >= MIN_SECRET_LENGTH);
  if (forms.length === 0) return text;
  forms.sort((a, b) => b.length - a.length);
  return text.replace(new RegExp(forms.map(escapeRegExp).join('|'), 'g'), REDACTED);
}

/** No rule can match without a separator or in less than this: the shortest token that is known by its shape has 15 characters. */
const SHORTEST_TOKEN = 15;
const SEPARATOR = /[\s:=]/;

function redactForms(text: string): string {
  // Every argument of every job comes through here, and to compile the rules takes a start one or two milliseconds.
  if (text.length < SHORTEST_TOKEN && !SEPARATOR.test(text)) return text;
  return SECRET_RULES.reduce((current, rule) => current.replace(rule.pattern, rule.replacement), text);
}

/** The ways in which a tool may print a value back. */
function writtenForms(secret: string): string[] {
  if (secret.length < MIN_SECRET_LENGTH) return [];
  const lines = secret.split(/\r?\n/).filter((line) => line.length >= 8);
  return [secret, encodeUri(secret), JSON.stringify(secret).slice(1, -1), Buffer.from(secret).toString('base64'), ...lines];
}

function encodeUri(secret: string): string {
  try {
    return encodeURIComponent(secret);
  } catch {
    // A lone surrogate has no URL form.
    return secret;
  }
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
