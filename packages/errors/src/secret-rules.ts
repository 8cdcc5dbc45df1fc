/** One form in which secrets are written, and what is left of the text. Patterns take time in proportion to the text: no nested repetition, no search without a bound that could begin anywhere. */
export interface SecretRule {
  readonly pattern: RegExp;
  readonly replacement: string;
}

/** A word as a shell reads it: quoted and plain parts; a quote that is never closed reaches to the end. */
const WORD = String.raw`(?:'[^']*(?:'|$)|"(?:[^"\\]|\\[^])*(?:"|\\?$)|\\[^]|[^\s'"\\])+`;
/** A name that says "secret", as a setting, a flag or a variable has it. */
export const SECRET_NAME: string = String.raw`(?:passw(?:or)?d|passphrase|secret|token|credential|api[_-]?key|access[_-]?key|private[_-]?key|auth[_-]?key|(?<![a-z])pass(?![a-z])|(?<![a-z])pwd(?![a-z]))`;
const NAME_AROUND = String.raw`[\w.-]{0,64}?${SECRET_NAME}[\w-]{0,32}`;

/** Ordered: whole blocks first, then named values, then values that show what they are by their shape. */
export const SECRET_RULES: readonly SecretRule[] = [
  // A key in PEM form, cut off or whole.
  { pattern: /-----BEGIN [A-Z ]*PRIVATE KEY-----[^]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, replacement: '[redacted]' },
  // scheme://user:password@host. The password may hold "@", and "/" unless it looks like a port and a path; then more is lost than need be.
  { pattern: /\b([a-z][a-z0-9+.-]{0,31}:\/\/[^\s/:@?#"'<>]*):[^\s/?#"'<>]*@/gi, replacement: '$1:[redacted]@' },
  { pattern: /\b([a-z][a-z0-9+.-]{0,31}:\/\/[^\s/:@?#"'<>]*):(?!\d{1,5}(?:[/?#]|$)|\[redacted\]@)[^\s"'<>]{0,1024}@/gi, replacement: '$1:[redacted]@' },
  // https://token@host: with http there is no login without it being a secret.
  { pattern: /\b(https?:\/\/)[^\s/:@?#"'<>]+@/gi, replacement: '$1[redacted]@' },
  // -e KEY=VALUE in its quoted forms (also as JSON: "-e","KEY=VALUE"), then as plain shell words.
  { pattern: /((?:^|[\s"'[,(=])(?:-e|--env)["']?[\s,=]*")([A-Za-z_][\w.]*=)(?:[^"\\]|\\[^])*/g, replacement: '$1$2[redacted]' },
  { pattern: /((?:^|[\s"'[,(=])(?:-e|--env)["']?[\s,=]*')([A-Za-z_][\w.]*=)[^']*/g, replacement: '$1$2[redacted]' },
  { pattern: new RegExp(String.raw`((?:^|[\s"'[,(=])(?:-e|--env)["']?[\s,=]*)([A-Za-z_][\w.]*=)${WORD}`, 'g'), replacement: '$1$2[redacted]' },
  // Headers, to the end of the line.
  { pattern: /\b((?:proxy-)?authorization["']?\s*[:=]\s*["']?)(?:(basic|bearer|digest|negotiate|token)\s+)?[^\r\n"']+/gi, replacement: '$1[redacted]' },
  { pattern: /\b((?:set-)?cookie["']?\s*:\s*["']?)[^\r\n"']+/gi, replacement: '$1[redacted]' },
  { pattern: /\b(Bearer\s+)[\w.~+/=-]{8,}/gi, replacement: '$1[redacted]' },
  // "password": "value", password=value, --password=value, --password value.
  { pattern: new RegExp(String.raw`(${NAME_AROUND}["']\s*:\s*)${WORD}`, 'gi'), replacement: '$1[redacted]' },
  { pattern: new RegExp(String.raw`(${NAME_AROUND}["']?\s?=\s?)${WORD}`, 'gi'), replacement: '$1[redacted]' },
  { pattern: new RegExp(String.raw`(--${NAME_AROUND}\s+)(?!-)${WORD}`, 'gi'), replacement: '$1[redacted]' },
  // password: value. After "token:" prose is common ("couldn't fetch token: invalid_grant"), so there the value must look random.
  { pattern: new RegExp(String.raw`((?:passw(?:or)?d|passphrase|secret)[\w-]{0,32}:\s*)${WORD}`, 'gi'), replacement: '$1[redacted]' },
  { pattern: /((?:token|credential|key)[\w-]{0,32}:\s*)(?=[A-Za-z_~+/=.-]{0,64}\d)[\w.~+/=-]{16,}/gi, replacement: '$1[redacted]' },
  // Signed addresses.
  { pattern: /([?&](?:sig|signature|x-amz-signature|x-amz-credential|x-goog-signature|code|key)=)[^&\s"'#]+/gi, replacement: '$1[redacted]' },
  // Tokens that are known by their shape: AWS, GitHub, GitLab, Slack, npm, Google, OpenAI and alike, JWT.
  { pattern: /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g, replacement: '[redacted]' },
  { pattern: /\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abeoprs]-[\w-]{10,}|npm_[A-Za-z0-9]{30,}|AIza[\w-]{30,}|sk-[A-Za-z0-9]{32,})/g, replacement: '[redacted]' },
  { pattern: /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, replacement: '[redacted]' },
];
