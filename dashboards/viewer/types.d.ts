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
  crashes?: Crash[];
  partitions?: Partition[];
  hindrances?: Hindered[];
  links?: NewLinks[];
}

// A peer stopped, or restarted after that.
interface Crash {
  peer: string;
  at: number;
  happened: 'crash' | 'restart';
}

// No message passes between this group and the others from now on, or messages pass
// again. The sides of a cut are the two ends of a link.
interface Partition {
  group: string[];
  others: string[];
  at: number;
  happened: 'partition' | 'cut' | 'heal';
}

// A peer takes no steps from now on, or what reaches it arrives later; or both as usual.
interface Hindered {
  peer: string;
  at: number;
  happened: 'pause' | 'resume' | 'slow' | 'usual';
}

// Links are others from now on.
interface NewLinks {
  at: number;
  network: string;
}

interface Hindrance extends Downtime {
  kind: 'pause' | 'slow';
}

// A time in which a fault lasted (fault-times.js): `until` is null where it never ended.
interface Downtime {
  peer: string;
  at: number;
  until: number | null;
}

interface Separation {
  group: string[];
  others: string[];
  isLink: boolean;
  at: number;
  until: number | null;
}

// An outage of the link between peers `a` and `b` (outages.js). `isUsed`: whether one of them had
// a link with the other when it began; `hasLinks`: whether the run says so. `noticed` has the
// steps at which the ends found it silent. `lanes` are the places below the lines of `a` and `b`.
interface Outage {
  a: number;
  b: number;
  at: number;
  until: number | null;
  isUsed: boolean;
  hasLinks: boolean;
  noticed: { peer: number; other: number; step: number }[];
  lanes: number[];
}

// From this step on, a route of `peer` leads to `other` again, over `via`.
interface Flows {
  peer: number;
  other: number;
  via: number;
  step: number;
}

// When traffic flowed again (use-flows.js): null for outages in which it did not, and undefined
// where that is not known. Others are not read yet.
type FlowsOf = Map<string, Flows | null | undefined>;

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
  ways?: [string, string, Way][];
  faults: Fault[];
  regions?: Record<string, string>;
}

// How a connection came about.
type Way = 'direct' | 'reversed' | 'punched' | 'relayed';

interface Fault {
  at: number;
  action: 'cut' | 'heal' | 'kill' | 'restart';
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
  verdict?: Verdict;
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

// Columns that grow (growing-columns.js): the model's steps and messages.
type Steps = Model['step'];
type Messages = Model['message'];

// From the indexes of an answer to those of the model's tables.
type Places = Record<'peers' | 'kinds' | 'traces' | 'timers', Int32Array>;
type NumberArray = import('./growing-columns.js').NumberArray;

// What has been read of a run (use-model.js).
type LoadedModel = import('./use-model.js').LoadedModel;

// router.js
type Route = import('./router.js').Route;
type ViewParameters = Record<string, unknown>;

// A ref to an element, which a template fills.
type ElementRef = { current: any };

// selection.js: the selection of all views, and the parameters that each view was left with.
interface Selected {
  trace?: string;
  span?: string;
  peer?: string | null;
}

interface Known {
  selected: Selected;
  left: Record<string, ViewParameters>;
}

// The span that the view of a trace shows.
type OpenedSpan = { span: string; peer: string } | null;

// causality.js
type Cone = ReturnType<typeof import('./causality.js').cone>;

// The space-time diagram.

type Layout = ReturnType<typeof import('./diagram/layout.js').arrange>;
type Axis = 'time' | 'logical';
type AxisRange = { axis: Axis; begin: number; finish: number };

// What layout.js goes by.
interface LayoutSettings {
  axis: Axis;
  hidden: Set<number>;
  grouped: Set<number>;
  silent: Set<number>;
  local: boolean;
  names?: string[];
}

// settings.js: the settings in the address.
interface Settings extends LayoutSettings {
  step: number;
  message: number;
  peer: number;
  unfound: Record<string, string | null>;
  cut: string;
  at: string;
  view: number[] | null;
}

type SetSettings = (change: Partial<Settings>) => void;
type Select = (change: Partial<Settings>) => void;

// view.js
interface View {
  start: number;
  span: number;
  top: number;
  row: number;
}

interface Size {
  width: number;
  height: number;
}

type Frame = ReturnType<typeof import('./diagram/view.js').frameOf>;
type Viewport = ReturnType<typeof import('./diagram/use-view.js').useView>;

// cut.js: how many steps of each peer lie before the cut, -1 for a peer that it does not meet.
type CutPoints = Int32Array<ArrayBufferLike>;
type Crossing = ReturnType<typeof import('./diagram/cut.js').inspect>;
type Comparison = ReturnType<typeof import('./diagram/cut.js').compare>;
type Missing = { name: string; steps: number };
type CutStatus = 'reading' | 'aborted' | 'open' | 'missing' | 'known';
type Cut = ReturnType<typeof import('./diagram/use-cut.js').useCut>;

type StepSearch = ReturnType<typeof import('./diagram/use-search.js').useSearch>;

// What the parts of the diagram's view share.
interface Diagram {
  model: Model;
  run: Run | null;
  layout: Layout;
  settings: Settings;
  set: SetSettings;
  select: Select;
  cut: Cut;
  viewport: Viewport;
  pending: string;
  flows: FlowsOf;
}

// paint.js: what stands out in the picture.
interface Marks {
  step: number;
  message: number;
  peer: number;
  highlighted: Uint8Array;
  cone: Cone | null;
  cut: CutPoints | null;
  orphans: number;
  found: Set<number> | null;
  wrong: Set<number>;
}

// diagram-canvas.js: what a canvas draws.
interface Content {
  model: Model;
  layout: Layout;
  view: View;
  marks: Marks;
  pending?: string;
  corner?: { current: HTMLElement | null };
  flows?: FlowsOf;
}

interface Scene extends Content {
  pending: string;
  size: Size & { ratio: number };
  theme: Theme;
  moving?: boolean;
}

// Which messages are drawn (paint-arrows.js).
type Sight = ReturnType<typeof import('./diagram/paint-arrows.js').arrowsInSight>;

// A handle of the cut, and where it is on the canvas.
interface Handle {
  row: number;
  x: number;
  y: number;
  peer: number;
}

interface Painted {
  frame: Frame;
  sight: Sight;
  handles: Handle[];
  marks: MarkBox[];
  outages: OutageBox[];
}

// The place of a step's output or timer, with its label (paint-marks.js).
interface MarkBox {
  step: number;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

// The band of an outage on a peer's line.
interface OutageBox {
  outage: Outage;
  left: number;
  right: number;
  y: number;
}

// A step that is drawn as a dot, and where.
type Dot = [step: number, x: number, y: number];

// hit-test.js: what lies under the pointer.
interface Hit {
  row: number;
  place: number;
  handle?: number;
  step?: number;
  message?: number;
  outage?: Outage;
  name?: true;
}

interface CanvasEvents {
  view: (view: View) => void;
  pick?: (hit: Hit, event: PointerEvent) => void;
  cut?: (points: CutPoints) => void;
  seen?: (seen: { all: number; part: number; frame: Frame }) => void;
}

// Where the tooltip is.
type Hover = Hit & { x: number; y: number };

// What a canvas remembers from one drawing to the next.
interface CanvasState {
  scene: Scene;
  on: CanvasEvents;
  element: HTMLCanvasElement;
  painted?: Painted;
  // The view that the next frame shows.
  ahead: View | null;
  moving: boolean;
  asked: number;
  resting: ReturnType<typeof setTimeout>;
  ask: () => void;
  moved: () => void;
  setHover: (hover: Hover | null) => void;
}

// gestures.js
type Dragged = { peer: number };

interface Gestures {
  frame: () => Frame;
  zoom: (factor: number, at: number) => void;
  pan: (by: number, down: number) => void;
  taller: (factor: number) => void;
  grab: (x: number, y: number, event: PointerEvent) => Dragged | null;
  drag: (dragged: Dragged, x: number, event: PointerEvent) => void;
  press: (x: number, y: number, event: PointerEvent) => void;
  hover: (at: { x: number; y: number } | null, pointer?: string) => void;
}

type Theme = import('./diagram/theme.js').Theme;

// Red, green and blue, 0 to 255.
type Bytes = number[] | Uint8ClampedArray;

// state-diff.js: one value of a state. `apart` says whether another run's values before
// and after the step differ from these.
interface Change {
  name: string;
  before?: string;
  after?: string;
  changed: boolean;
  apart?: boolean[];
}

type StepChange = ReturnType<typeof import('./diagram/use-change.js').useChange>;

// The topology.

type Network = ReturnType<typeof import('./topology/network.js').networkOf>;
type Moments = ReturnType<typeof import('./topology/moments.js').momentsOf>;
type Broken = ReturnType<typeof import('./topology/faults.js').brokenBy>;
type Player = import('./topology/player.js').Player;

// What is played, and the player.
interface Replay {
  network: Network;
  broken: Broken;
  model: Model | null;
  moments: Moments | null;
  player: Player;
}

// `peer` is a place in the network, `message` a message of the model; -1 for none.
interface Selection {
  peer: number;
  message: number;
  select: (peer: number) => void;
  selectMessage: (message: number) => void;
}

// Links of overlays and of routing (link-times.js), as one end has it: from one of that peer's
// steps to another, -1 if it still had it in the end. `own` is whether this end has asked for
// it, null where that is not known. `isSilent`: it closed since nothing came back over it.
interface LinkEnd {
  peer: number;
  other: number;
  own: boolean | null;
  from: number;
  to: number;
  isSilent: boolean;
}

// The next hop to each destination, and the neighbours whose links are drained (routes.js), by
// the numbers of the peers.
interface Routes {
  via: Map<number, number>;
  drains: Set<number>;
}

// A link between two places of the network at a moment, the lower one first (overlay.js). `of`
// is the place of the only end that has it, or -1; `opener` that of the end that has asked for
// it, or -1. `age` counts from when both ends had it. `routes` has, for each end, how many of its routes
// lead over the link; null where that is not known.
interface OverlayLink {
  a: number;
  b: number;
  of: number;
  opener: number;
  age: number;
  drains: boolean;
  routes: [number, number] | null;
}

// `component` has the number of each place's component, -1 for a peer that is down, and `sizes`
// how many peers each has. Number 0 is the largest.
interface Overlay {
  links: OverlayLink[];
  component: Int32Array;
  sizes: number[];
}

type Point = number[];

// The messages at one moment: how many each pair of peers has sent, and those under way.
interface MatrixState {
  count: Uint32Array;
  flying: number[];
  model: Model;
}

// The cells of the matrix: the room for names, how many there are, and their size in pixels.
interface Grid {
  margin: number;
  count: number;
  cell: number;
}

// Traces (otlp.js).

type Trace = ReturnType<typeof import('./otlp.js').readTrace>;

// An attribute of a span, as text with its type where that is not text.
interface Attribute {
  key: string;
  text: string;
  type: string;
}

interface Span {
  raw: Record<string, any>;
  service: string;
  resource: Record<string, any> | undefined;
  scope: Record<string, any> | undefined;
  from: bigint;
  to: bigint;
  id: string;
  parentId: string;
  name: string;
  kind: string;
  error: boolean;
  // In ns after the trace's start.
  start: number;
  duration: number;
  // Why the duration counts as 0, or ''.
  unended: string;
  orphan: boolean;
  // Its place in tree order, its parent's (-1: none), and the one behind its last descendant.
  index: number;
  parent: number;
  end: number;
  depth: number;
}

// A piece of the critical path (critical-path.js).
interface Piece {
  span: number;
  from: number;
  to: number;
  way: boolean;
}

// A line of the comparison of two traces (align-traces.js).
interface AlignedSpans {
  a: Span | null;
  b: Span | null;
  depth: number;
}

// A trace of the list, with its start and length as numbers.
type ListedTrace = TraceSummary & { from: bigint; length: number };

// By which column the list is sorted.
interface Order {
  column: number;
  down: boolean;
}

// What a row of the waterfall can ask for.
interface RowEvents {
  select: (span: string | null) => void;
  toggle: (span: Span, close: boolean) => void;
}

// The fields of the search above the list of traces, as texts.
type SearchFields = Record<string, string>;

// A view of one trace, and one of two.
type TraceRoute = Route & { trace: string };
type PairRoute = Route & { a: string; b: string };

// Results (run.schema.json has their shapes).

type Results = Record<string, any>;

// A run that measured something.
interface MeasuredRun extends Run {
  results: Results;
  peers: number;
  experiment: NonNullable<Run['experiment']>;
}

interface Verdict {
  status?: 'pass' | 'fail' | 'unknown';
  reasons?: string[];
}

interface Property {
  name: string;
  checked: number;
  violations: string[];
  outcome?: 'holds' | 'violated' | 'unknown' | 'idle';
  reason?: string;
}

// What was counted, beside theory.
interface Figure {
  name: string;
  measured: number;
  theory?: number | null;
  formula?: string;
}

interface Measure {
  name: string;
  unit: string;
  count: number;
  lost: number;
  p50?: number;
  p90?: number;
  p99?: number;
  max?: number;
  theory?: number;
}

type Curve = [name: string, of: (peers: number) => number];
type Theory = (topology: string | undefined) => Curve | undefined;

// A plot (plot.js): uPlot's own, its options without width, and columns of numbers.
type UPlot = import('./vendor/uplot.js').default;
// A value that uPlot hands over to be written.
type PlotValue = number | null | undefined;
type PlotColumns = import('uplot').AlignedData;
type PlotData = ArrayLike<number | null>[];

type ChartOptions = Omit<import('uplot').Options, 'width' | 'height'> & { height?: number };

interface Chart {
  key: string;
  make: (theme: Theme) => ChartOptions;
  data: PlotData;
}

// A line on the axis of time: a fault.
interface TimeMark {
  x: number;
  name: string;
}

interface NumbersTable {
  head: string[];
  rows: any[][];
}

type Pings = NonNullable<ReturnType<typeof import('./results/csv.js').pingsOf>>;
// An operation of Kademlia (lookups.js): `failed` says why, or is ''.
interface Lookup {
  kind: string;
  at: number;
  after: number;
  hops: number;
  right: number;
  of: number;
  failed: string;
}

type Spread = NonNullable<ReturnType<typeof import('./results/spread.js').spreadOf>>;

// How a message of gossip spread: the times after which peers had it, in order.
interface SpreadMessage {
  number: number;
  after: number[];
  expected: number;
}

// A peer that received a message (spread-tree.js): its sender, or -1; the time in ns; the hops,
// or -1.
interface TreeNode {
  peer: number;
  via: number;
  after: number;
  hops: number;
}

type MessageTree = NonNullable<ReturnType<typeof import('./results/spread-tree.js').treeOf>>;

// The hops of gossip at best (spread.js).
type BestFanout = { first: number; beyond: number };

// The times of one way to send messages (cumulative.js).
interface PathTimes {
  sent: number;
  oneWay: ArrayLike<number>;
  roundTrip: ArrayLike<number>;
}

type Paths = Record<'stack' | 'tcp', PathTimes>;

// A look at the host (host-samples.js).
interface HostSample {
  from: number;
  seconds: number;
  measuring: boolean;
  cpu: number;
  own: number;
  memory: number;
  loopback: number;
  lag: number;
}

// A plot of the host: its title, what is drawn with its names, how a value is written,
// which of the bounds is its limit, and the range of its axis.
type HostPlot = [
  title: string, lines: [SampleColumn, string][], write: (value: number) => string, bound?: number, range?: [number, number],
];

// What is shaded in it: seconds.
interface HostMarks {
  spans: number[][];
  saturated: number[];
  pauses: number[][];
}

type SampleColumn = 'cpu' | 'own' | 'memory' | 'loopback' | 'lag';

// Runs.

// One of two runs that are compared (compare-runs.js).
interface ComparedRun extends LoadedModel {
  id: string;
  run: Run | null;
}

// The same, once both are read.
type ReadRun = ComparedRun & { model: Model };

type RunDifference = ReturnType<typeof import('./runs/run-difference.js').compare>;

// One of two diagrams beside each other (diagram-pair.js).
interface Side {
  layout: Layout;
  selected: { step: number; message: number };
  choose: (selected: { step: number; message: number }) => void;
  marks: Marks;
  anchor: number;
}

// Where the two runs part in the steps of one peer (run-difference.js).
interface PeerDifference {
  peer: string;
  same: number;
  a: number;
  b: number;
  what: string[][];
}

// A run of the folder, as /api/runs lists it.
type RunSummary = RunsAnswer['runs'][number];
