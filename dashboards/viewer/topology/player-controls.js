// The controls of the player: moment, play and pause, speed, axis.

import { html, useEffect, useRef, useState } from '../vendor/preact-htm.js';
import { duration } from '../format.js';
import { useKeys } from '../keys.js';

const SPEEDS = [1 / 16, 1 / 4, 1, 4, 16];

/**
 * @param {{
 *   player: Player, moments: Moments, axis: string, set: (change: ViewParameters) => void,
 * }} props
 */
export function Controls({ player, moments, axis, set }) {
  const slider = useRef(null);
  const place = useRef(null);
  const [playing, setPlaying] = useState(player.goes);
  const [speed, setSpeed] = useState(player.speed);
  useEffect(() => player.watch(() => {
    const { begin, end, at } = player;
    slider.current.min = begin;
    slider.current.max = end;
    slider.current.step = axis === 'steps' ? 1 : 'any';
    slider.current.value = at;
    const said = inWords(player, axis);
    slider.current.setAttribute('aria-valuetext', said);
    place.current.textContent = said;
    setPlaying(player.goes);
  }), [player, axis, moments]);
  const keep = () => set({ at: player.at >= player.end ? '' : String(Math.round(player.at)) });
  const toggle = () => {
    player.toggle();
    if (!player.goes) keep();
  };
  /** @param {KeyboardEvent} event */
  const keys = (event) => {
    if (event.key !== ' ') return;
    event.preventDefault();
    toggle();
  };
  useKeys(keys);
  /** @param {number} value */
  const pace = (value) => {
    player.speed = value;
    setSpeed(value);
  };
  return html`
    <div class="player" role="group" aria-label="Time">
      <button type="button" class="play" onClick=${toggle}
        aria-label=${playing ? 'Pause' : 'Play'}>${playing ? '❚❚' : '▶'}</button>
      <input type="range" ref=${slider} aria-label="Moment of the run. Space plays and pauses."
        onInput=${(event) => player.seek(Number(event.currentTarget.value))} onChange=${keep} onKeyDown=${keys} />
      <span class="place" ref=${place}></span>
      <label>Speed <select value=${speed} onChange=${(event) => pace(Number(event.currentTarget.value))}>
        ${SPEEDS.map((factor) => html`<option value=${factor}>${rate(player, moments, axis, factor)}</option>`)}
      </select></label>
      <label>Axis <select value=${axis}
        onChange=${(event) => set({ axis: event.currentTarget.value === 'steps' ? '' : 'time', at: '' })}>
        <option value="steps">steps</option><option value="time">time</option></select></label>
    </div>`;
}

/** @param {Player} player @param {string} axis */
function inWords({ at, begin, end, live, following }, axis) {
  if (live && following) return 'now';
  if (axis === 'time') return `${duration(Math.round(at - begin))} of ${duration(Math.round(end - begin))}`;
  return `step ${Math.floor(at) + 1} of ${end + 1}`;
}

// How much of the run a second of playing shows.
/**
 * @param {Player} player
 * @param {Moments} moments
 * @param {string} axis
 * @param {number} factor
 */
function rate(player, { begin, end }, axis, factor) {
  const each = ((end - begin) / player.whole) * factor;
  if (axis === 'time') return `${duration(each)} a second`;
  return each >= 10 ? `${Math.round(each)} steps a second` : `${Number(each.toPrecision(2))} steps a second`;
}
