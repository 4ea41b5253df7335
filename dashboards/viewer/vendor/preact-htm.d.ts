// The types of preact-htm.js, for `tsc`: what it exports, as its packages declare it.

import type { AnyComponent, VNode } from 'preact';
import type { MutableRef } from 'preact/hooks';

export { Component, createContext, render } from 'preact';
export {
  useCallback, useContext, useDebugValue, useEffect, useErrorBoundary, useImperativeHandle, useLayoutEffect, useMemo,
  useReducer, useState,
} from 'preact/hooks';

export function h(component: AnyComponent<any>): VNode;

// A ref that begins with null is given what it refers to before any effect runs.
export function useRef(initial: null): MutableRef<any>;
export function useRef<Value>(initial: Value): MutableRef<Value>;

// What a template makes. Templates are text to TypeScript: it checks no attributes.
export function html(strings: TemplateStringsArray, ...values: unknown[]): VNode;
