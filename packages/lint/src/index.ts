import type { Linter } from 'eslint';
import tseslint from 'typescript-eslint';
import { importBans } from './import-bans.ts';

export { ADAPTERS, LAYERS, MAY_SPAWN } from './layers.ts';

const NO_DEFAULT_EXPORT = {
  selector: 'ExportDefaultDeclaration',
  message: 'name what you export: one domain noun per file',
};

/** The lint configuration of the whole repository; `root` is its absolute path. */
export function lintConfig({ root }: { readonly root: string }): Linter.Config[] {
  return [
    { ignores: ['**/dist/**', '**/node_modules/**', '**/.turbo/**', '**/.tmp/**', '**/*.js', '**/*.mjs'] },
    { linterOptions: { reportUnusedDisableDirectives: 'error' } },
    ...tseslint.configs.strictTypeChecked.map((config) => ({ ...(config as Linter.Config), files: ['**/*.ts'] })),
    {
      files: ['**/*.ts'],
      languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: root } },
      rules: {
        '@typescript-eslint/switch-exhaustiveness-check': 'error',
        '@typescript-eslint/explicit-module-boundary-types': 'error',
        '@typescript-eslint/consistent-type-imports': 'error',
        // Index signatures are read by brackets: tsconfig's noPropertyAccessFromIndexSignature asks for it.
        '@typescript-eslint/dot-notation': 'off',
        '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
        '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
        '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true }],
        // File names and terminal output are bytes: control characters in patterns are the point here.
        'no-control-regex': 'off',
        'no-restricted-syntax': ['error', NO_DEFAULT_EXPORT],
      },
    },
    { files: ['*.config.ts', '**/*.config.ts'], rules: { 'no-restricted-syntax': 'off' } },
    {
      files: ['**/test/**/*.ts'],
      rules: {
        '@typescript-eslint/no-non-null-assertion': 'off',
        '@typescript-eslint/explicit-module-boundary-types': 'off',
      },
    },
    ...importBans(),
  ];
}
