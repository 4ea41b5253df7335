// What ESLint checks in the page's modules and in the tests beside this file.
// `tsc` (tsconfig.json) finds names that are not defined.

import js from '@eslint/js';

const RULES = {
  'no-undef': 'off',
  'no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
  'no-nested-ternary': 'error',
  'no-var': 'error',
  'prefer-const': ['error', { destructuring: 'all' }],
  eqeqeq: 'error',
  'max-len': ['error', { code: 140 }],
};

export default [
  { ignores: ['**/vendor/**', '**/node_modules/**'] },
  {
    ...js.configs.recommended,
    files: ['**/*.js', '**/*.mjs'],
    languageOptions: { ecmaVersion: 2024, sourceType: 'module' },
  },
  { files: ['**/*.js', '**/*.mjs'], rules: RULES },
];
