/** One piece of a glob. Codes are bytes: names are (design §5.1), and git compares them so. `deep` is `**` between slashes. */
export type GlobToken =
  | { readonly kind: 'byte'; readonly code: number }
  | { readonly kind: 'any' | 'star' | 'deep' | 'slash' }
  | { readonly kind: 'class'; readonly members: Uint8Array };

/** Whether a character is in a named class; ASCII only, as in the C locale. */
const CLASSES: Readonly<Record<string, RegExp>> = {
  alnum: /[A-Za-z0-9]/,
  alpha: /[A-Za-z]/,
  blank: /[ \t]/,
  cntrl: /[\0-\x1f\x7f]/,
  digit: /[0-9]/,
  graph: /[\x21-\x7e]/,
  lower: /[a-z]/,
  print: /[\x20-\x7e]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /[ \t\n\v\f\r]/,
  upper: /[A-Z]/,
  xdigit: /[0-9A-Fa-f]/,
};

/** The pieces of a glob (latin1, one character a byte); null for one that never matches: a bracket or a backslash without its end. */
export function globTokens(glob: string): readonly GlobToken[] | null {
  const tokens: GlobToken[] = [];
  for (let at = 0; at < glob.length; ) {
    const next = tokenAt(glob, at, tokens.at(-1));
    if (next === null) return null;
    tokens.push(next.token);
    at = next.end;
  }
  return tokens;
}

interface Placed {
  readonly token: GlobToken;
  readonly end: number;
}

function tokenAt(glob: string, at: number, before: GlobToken | undefined): Placed | null {
  switch (glob.charAt(at)) {
    case '/':
      return { token: { kind: 'slash' }, end: at + 1 };
    case '?':
      return { token: { kind: 'any' }, end: at + 1 };
    case '*':
      return stars(glob, at, before);
    case '[':
      return bracket(glob, at + 1);
    case '\\':
      if (at + 1 === glob.length) return null;
      return glob[at + 1] === '/' ? { token: { kind: 'slash' }, end: at + 2 } : { token: byte(glob, at + 1), end: at + 2 };
    default:
      return { token: byte(glob, at), end: at + 1 };
  }
}

function byte(glob: string, at: number): GlobToken {
  return { kind: 'byte', code: glob.charCodeAt(at) };
}

/** Two or more stars reach over folders only where they stand alone between slashes. */
function stars(glob: string, at: number, before: GlobToken | undefined): Placed {
  let end = at;
  while (glob[end] === '*') end += 1;
  const alone = (before === undefined || before.kind === 'slash') && (end === glob.length || glob[end] === '/' || glob.startsWith('\\/', end));
  return { token: { kind: end - at > 1 && alone ? 'deep' : 'star' }, end };
}

/** `[…]`; `at` is behind the bracket. A `]` in first place is one of its members. */
function bracket(glob: string, at: number): Placed | null {
  const isNegated = glob[at] === '!' || glob[at] === '^';
  const first = isNegated ? at + 1 : at;
  const members = new Uint8Array(256);
  const state: BracketState = { at: first, before: null };
  do {
    if (!bracketMember(glob, state, members)) return null;
  } while (glob[state.at] !== ']');
  return { token: { kind: 'class', members: isNegated ? members.map((member) => 1 - member) : members }, end: state.at + 1 };
}

interface BracketState {
  at: number;
  /** The character that a range may begin with. */
  before: number | null;
}

/** Reads one member and goes on behind it; false where the bracket has no end or names a class that there is not. */
function bracketMember(glob: string, state: BracketState, members: Uint8Array): boolean {
  const char = glob[state.at];
  if (char === undefined) return false;
  const next = glob[state.at + 1];
  if (char === '-' && state.before !== null && next !== undefined && next !== ']') return range(glob, state, members);
  if (char === '[' && next === ':') return namedClass(glob, state, members);
  if (char === '\\') state.at += 1;
  if (state.at >= glob.length) return false;
  single(glob, state, members);
  return true;
}

function single(glob: string, state: BracketState, members: Uint8Array): void {
  state.before = glob.charCodeAt(state.at);
  members[state.before] = 1;
  state.at += 1;
}

function range(glob: string, state: BracketState, members: Uint8Array): boolean {
  state.at += glob[state.at + 1] === '\\' ? 2 : 1;
  if (state.at >= glob.length) return false;
  members.fill(1, state.before ?? 0, Math.max(state.before ?? 0, glob.charCodeAt(state.at) + 1));
  state.before = null;
  state.at += 1;
  return true;
}

function namedClass(glob: string, state: BracketState, members: Uint8Array): boolean {
  const end = glob.indexOf(']', state.at + 2);
  if (end < 0) return false;
  if (end === state.at + 2 || glob[end - 1] !== ':') {
    // No `:]`: an ordinary bracket among the members.
    single(glob, state, members);
    return true;
  }
  const name = glob.slice(state.at + 2, end - 1);
  const has = Object.hasOwn(CLASSES, name) ? CLASSES[name] : undefined;
  if (has === undefined) return false;
  for (let code = 0; code < 128; code += 1) if (has.test(String.fromCharCode(code))) members[code] = 1;
  state.before = null;
  state.at = end + 1;
  return true;
}
