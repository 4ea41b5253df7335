// What ESLint checks in the page's modules and in the tests beside this file.
// `tsc` (tsconfig.json) finds names that are not defined.

import js from '@eslint/js';

// A component with more props groups those that belong together into one object.
const MOST_PROPS = 7;
const many = `ObjectPattern.params[properties.length>${MOST_PROPS}]`;
const props = `[id.name=/^[A-Z]/] > ${many}, [id.name=/^[A-Z]/] > ArrowFunctionExpression > ${many}`;

const RULES = {
  'no-undef': 'off',
  'no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
  'no-nested-ternary': 'error',
  'no-var': 'error',
  'prefer-const': ['error', { destructuring: 'all' }],
  eqeqeq: 'error',
  'max-len': ['error', { code: 110, ignoreUrls: true, ignoreTemplateLiterals: true }],
  'max-lines': ['error', 250],
  'no-restricted-syntax': ['error', { selector: props, message: `A component takes at most ${MOST_PROPS} props.` }],
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
