// The page's data, for `tsc`: what the server answers, and what the views share.
// Nothing of this is there at run time. A module names them without importing them,
// since a report's modules are found by their `import` (testbed/src/viewer/report).

// GET /api/diagram.
interface DiagramAnswer extends Tables {
  next: number;
  left: number;
  more: boolean;
  evicted: number;
  base: string;
  peers: string[];
  kinds: string[];
  traces: string[];
  states?: number[];
}

type Tables = import('./answer-tables.js').Tables;

// GET /api/cuts: a recorded snapshot.
interface Snapshot {
  snapshot: string;
  began: number;
  recorded: { peer: string; step: number; state: Record<string, string> }[];
  finished: string[];
  unreadable: string[];
  channels: { from: string; to: string; messages: string[] }[];
  complete: string[];
  aborted: { peer: string; missing: string[] }[];
  stopped: string[];
}

// GET /api/topology. `at` is in nanoseconds after the diagram's `base`.
interface TopologyAnswer {
  edges: [string, string][];
  faults: Fault[];
}

interface Fault {
  at: number;
  action: 'cut' | 'heal' | 'kill';
  peer: string;
  other?: string;
}

// GET /api/results: the beginnings of results.csv and host.csv, and how many bytes
// of each come after that.
interface ResultsAnswer {
  csv: string;
  csv_rest: number;
  host: string;
  host_rest: number;
}

// GET /api/run: run.json (run.schema.json), of which nothing need be there yet.
interface Run {
  id?: string;
  experiment?: { name?: string; options?: Record<string, any> };
  command?: string[];
  verdict?: { status?: 'pass' | 'fail' | 'unknown'; reasons?: string[] };
  spans?: Record<string, number>;
  results?: Record<string, any>;
  phases?: { name: string; seconds?: number }[];
  peers?: number;
  // Beyond 2^53 it is text, digit by digit.
  seed?: number | string;
  [other: string]: any;
}

// GET /api/runs.
interface RunsAnswer {
  current: string;
  runs: Record<string, any>[];
}

// GET /api/events.
interface ServerEvent {
  revision: number;
  spans?: number;
  traces?: number;
  run: number;
  live: boolean;
  evicted?: number;
  control: { allowed: string[]; paused: boolean };
}

// GET /api/v3/trace-summaries.
interface TraceSummary {
  traceId: string;
  minStartTimeUnixNano: string;
  maxEndTimeUnixNano: string;
  services: { name: string }[];
  [other: string]: any;
}

// A resource with its spans as OTLP JSON has them; otlp.js reads what may be missing.
type ResourceSpans = any;

type Model = import('./model.js').Model;

type Route = import('./router.js').Route;

type Theme = import('./diagram/theme.js').Theme;

// Where a view is on the canvas.
type Frame = ReturnType<typeof import('./diagram/view.js').frameOf>;

type Layout = ReturnType<typeof import('./diagram/layout.js').arrange>;

// diagram/view.js
interface View {
  start: number;
  span: number;
  top: number;
  row: number;
}
