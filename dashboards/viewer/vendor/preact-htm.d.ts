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

// An event as a handler in a template gets it. Templates are text to TypeScript: which
// element and which event it is, it does not know.
type TemplateEvent = PointerEvent & KeyboardEvent & { readonly currentTarget: HTMLInputElement };

type TemplateValue = ((event: TemplateEvent) => unknown) | object | string | number | bigint | boolean | null | undefined;

// What a template makes. The attributes in it are not checked.
export function html(strings: TemplateStringsArray, ...values: TemplateValue[]): VNode;
