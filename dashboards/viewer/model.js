// The run as all views share it, read from the answers of /api/diagram, piece by piece.
//   const model = new Model();
//   model.append(answer);            // each answer in turn; `model.next` is the place to continue from
//
// Everything is an index. A table is a list of texts; columns are typed arrays
// with room at the end, so `count` says how many there are, never `length`.
//
//   model.peers, model.kinds, model.traces, model.timers, model.reasons      tables of text
//   model.peerOf(name) → peer or -1        model.stepOf(span id) → step or -1
//   model.messageOf(sender, message id) → message or -1
//   model.inOrder → peers in natural order (peer-2 before peer-10)
//   model.step, model.message               their columns (model-columns.js)
//   model.spans[s]                          the span id of a step
//   model.messageIds[m], model.texts[m]     the id of a message, and its text
//   model.line(peer) → Int32Array of its steps, in order
//   model.outputs.get(s) → [{ kind, text }] the outputs of a step; undefined for none
//   model.snapshotOutputs, model.crashes, model.partitions   outputs of snapshots; faults and their ends
//   model.first, model.last                from the first step to the end of the last one, ns
//   model.left, model.revision             spans still to be read; rises when anything changed
// Clocks, past and future are in causality.js.

import { rowsOf } from './answer-tables.js';
import { CAUSES } from './fate.js';
import { addFaults } from './fault-times.js';
import { Line, columnsOf } from './growing-columns.js';
import { MESSAGE, STEP, fillMessages, fillSteps } from './model-columns.js';
import { add } from './otlp.js';

const people = new Intl.Collator('en', { numeric: true }); // peer-2 comes before peer-10.

export class Model {
  constructor() {
    /** @type {string[]} */ this.peers = [];
    /** @type {string[]} */ this.kinds = [];
    /** @type {string[]} */ this.traces = [];
    /** @type {string[]} */ this.timers = [];
    /** @type {string[]} */ this.reasons = [];
    /** @type {Map<string, Map<string, number>>} */ this.tables = new Map();
    this.step = columnsOf(STEP);
    this.message = columnsOf(MESSAGE);
    /** @type {string[]} */ this.spans = [];
    /** @type {string[]} */ this.messageIds = [];
    /** @type {string[]} */ this.texts = [];
    /** @type {Map<number, { kind: string, text: string }[]>} */ this.outputs = new Map();
    this.snapshotOutputs = 0;
    /** @type {Line[]} */ this.lines = [];
    /** @type {number[]} */ this.sortedPeers = [];
    /** @type {Map<string, number> | null} */ this.bySpan = null;
    /** @type {Map<string, number>[]} */ this.sentBy = [];
    /** @type {Map<string, number[]>[]} */ this.waiting = [];
    /** @type {{ sender: number, id: string, cause: string, reason: string }[]} */ this.lostEarly = [];
    /** @type {Crash[]} */ this.crashes = [];
    /** @type {Partition[]} */ this.partitions = [];
    /** @type {Hindered[]} */ this.hindrances = [];
    /** @type {NewLinks[]} */ this.links = [];
    this.base = 0n;
    this.next = 0;
    this.left = 0;
    this.first = Infinity;
    this.last = -Infinity;
    this.revision = 0;
  }

  // Adds one answer. Returns whether it had anything new.
  /** @param {DiagramAnswer} answer */
  append(answer) {
    const { steps, states, sends, outputs, losses } = answer;
    const rows = {
      steps: rowsOf(answer, 'steps'), sends: rowsOf(answer, 'sends'),
      outputs: rowsOf(answer, 'outputs'), losses: rowsOf(answer, 'losses'),
    };
    if (states && states.length !== rows.steps) {
      throw new Error(`the server's answer has ${rows.steps} rows of steps, and ${states.length} states`);
    }
    [this.next, this.left] = [answer.next, answer.left ?? 0];
    if (!addFaults(this, answer) && !rows.steps && !rows.losses) return false;
    this.base = BigInt(answer.base);
    const places = {
      peers: this.#enter('peers', answer.peers),
      kinds: this.#enter('kinds', answer.kinds),
      traces: this.#enter('traces', answer.traces),
      timers: this.#enter('timers', steps.timer),
    };
    const begin = this.step.count;
    this.#steps(steps, rows.steps, states ?? [], places);
    this.#sends(sends, rows.sends, begin, places);
    this.#receipts(steps.message, begin);
    this.#losses(losses, rows.losses, places.peers);
    for (let i = 0; i < rows.outputs; i += 1)
      this.#output(begin + outputs.step[i], answer.kinds[outputs.kind[i]], outputs.text[i]);
    for (const line of this.lines) line.settle(this.step);
    this.bySpan = null;
    this.revision += 1;
    return true;
  }

  /** @param {string} name */
  peerOf(name) {
    return this.tables.get('peers')?.get(name) ?? -1;
  }

  /** @param {string | null} span */
  stepOf(span) {
    if (!this.bySpan) {
      this.bySpan = new Map();
      for (let s = 0; s < this.step.count; s += 1) this.bySpan.set(this.spans[s], s);
    }
    return this.bySpan.get(span ?? '') ?? -1;
  }

  /** @param {number} peer */
  line(peer) {
    return this.lines[peer].steps.subarray(0, this.lines[peer].count);
  }

  /** @param {number} sender @param {string} id */
  messageOf(sender, id) {
    return this.sentBy[sender]?.get(id) ?? -1;
  }

  get inOrder() {
    if (this.sortedPeers.length !== this.peers.length) {
      this.sortedPeers = this.peers.map((_, peer) => peer)
        .sort((a, b) => people.compare(this.peers[a], this.peers[b]));
    }
    return this.sortedPeers;
  }

  /** The messages that a step sent, in order. @param {number} step */
  sent(step) {
    const all = [];
    for (let m = this.step.firstSent[step]; m >= 0; m = this.message.nextSent[m]) all.push(m);
    return all;
  }

  /**
   * Puts the texts of an answer into a table of ours: from its index to ours.
   * @param {'peers' | 'kinds' | 'traces' | 'timers' | 'reasons'} name
   * @param {string[]} texts
   */
  #enter(name, texts) {
    const table = this.tables.get(name) ?? new Map();
    this.tables.set(name, table);
    const list = this[name];
    const map = Int32Array.from(texts, (text) => {
      const known = table.get(text) ?? list.push(text) - 1;
      table.set(text, known);
      return known;
    });
    for (let p = this.lines.length; p < this.peers.length; p += 1) {
      this.lines.push(new Line());
      this.sentBy.push(new Map());
      this.waiting.push(new Map());
    }
    return map;
  }

  /** @param {Tables['steps']} table @param {number} rows @param {number[]} states @param {Places} places */
  #steps(table, rows, states, places) {
    const { step } = this;
    const begin = step.grow(rows);
    fillSteps(step, begin, table, states, places);
    for (let s = begin; s < begin + rows; s += 1) {
      const [at, end] = [step.at[s], step.at[s] + step.duration[s]];
      if (at < this.first) this.first = at;
      if (end > this.last) this.last = end;
      this.spans.push(table.span[s - begin]);
      this.lines[step.peer[s]].push(s, step);
    }
  }

  // `begin` is the first step of the same answer.
  /** @param {Tables['sends']} table @param {number} rows @param {number} begin @param {Places} places */
  #sends(table, rows, begin, places) {
    const { step, message } = this;
    const start = message.grow(rows);
    fillMessages(message, start, table, begin, step, places);
    for (let i = 0; i < rows; i += 1) {
      this.messageIds.push(table.message[i]);
      this.texts.push(table.text[i]);
      this.sentBy[message.sender[start + i]].set(table.message[i], start + i);
    }
    // From the last to the first, so that each list of a step begins with its first.
    for (let m = start + rows - 1; m >= start; m -= 1) {
      message.nextSent[m] = step.firstSent[message.from[m]];
      step.firstSent[message.from[m]] = m;
    }
    // The receiver's span can end, and be reported, before the sender's.
    for (let m = start; m < start + rows; m += 1) {
      const early = this.waiting[message.sender[m]];
      const receipts = early.size ? early.get(this.messageIds[m]) ?? [] : [];
      if (receipts.length) early.delete(this.messageIds[m]);
      for (const s of receipts) this.#receive(m, s);
    }
  }

  // `ids` names the message that each of the new steps handles.
  /** @param {string[]} ids @param {number} begin */
  #receipts(ids, begin) {
    for (let i = 0; i < ids.length; i += 1) {
      const sender = this.step.from[begin + i];
      if (sender < 0) continue;
      const id = ids[i];
      const m = this.sentBy[sender].get(id);
      if (m !== undefined) this.#receive(m, begin + i);
      else this.waiting[sender].set(id, [...this.waiting[sender].get(id) ?? [], begin + i]);
    }
  }

  // A message that is received once more becomes an arrow of its own, without being
  // sent once more.
  /** @param {number} m @param {number} s */
  #receive(m, s) {
    const { message } = this;
    let arrow = m;
    if (message.to[m] >= 0) {
      arrow = message.grow(1);
      const { from, sender, receiver, kind, reason, control } = message;
      for (const column of [from, sender, receiver, kind, reason, control]) column[arrow] = column[m];
      message.copy[arrow] = 1;
      message.nextSent[arrow] = message.nextSent[m];
      message.nextSent[m] = arrow;
      this.messageIds.push(this.messageIds[m]);
      this.texts.push(this.texts[m]);
    }
    message.to[arrow] = s;
    this.step.received[s] = arrow;
  }

  /** @param {number} step @param {string} kind @param {string} text */
  #output(step, kind, text) {
    add(this.outputs, step, { kind, text });
    if (text.startsWith('snapshot=')) this.snapshotOutputs += 1;
  }

  // A loss can be reported before the message that was lost.
  /** @param {Tables['losses']} table @param {number} rows @param {Int32Array} peers */
  #losses(table, rows, peers) {
    const { sender: by, message: ids, cause: causes, reason: reasons } = table;
    const news = Array.from({ length: rows }, (_, i) => (
      { sender: peers[by[i]], id: ids[i], cause: causes[i], reason: reasons[i] }));
    this.lostEarly = [...this.lostEarly, ...news].filter(({ sender, id, cause, reason }) => {
      const m = this.sentBy[sender].get(id);
      if (m === undefined) return true;
      this.message.reason[m] = this.#enter('reasons', [reason])[0];
      this.message.cause[m] = Math.max(0, CAUSES.indexOf(cause));
      return false;
    });
  }
}
