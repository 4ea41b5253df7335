// The types of uplot.js, for `tsc`: those of its package.

export { default } from 'uplot';
