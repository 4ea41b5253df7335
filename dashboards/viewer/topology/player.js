// The player: the moment of the run that is shown, and how it advances.
//
// The moment changes with every frame, and only what is drawn has to follow,
// so it is not part of any component's state: components that draw watch the player.

// The whole run is played in so many seconds at normal speed.
const WHOLE = 20;
// While the run goes on and the end is followed, the end is reached in about
// so many seconds: new steps come in pieces, and still move smoothly.
const CATCH_UP = 1.2;

// With reduced motion, the end is shown at once.
const still = globalThis.matchMedia?.('(prefers-reduced-motion: reduce)');

export class Player {
  // `calm()`: whether motion is reduced.
  constructor(calm = () => still?.matches ?? false) {
    this.calm = calm;
    this.begin = 0;
    this.end = 0;
    this.at = Infinity;
    this.speed = 1;
    this.whole = WHOLE;
    this.playing = false;
    this.following = false;
    this.live = false;
    this.listeners = new Set();
    this.frame = 0;
  }

  // Sets the ends of the run. A player at the end stays there, and follows it while the
  // run goes on.
  /** @param {number} begin @param {number} end @param {boolean} live */
  span(begin, end, live) {
    const atEnd = this.at >= this.end;
    this.live = live;
    [this.begin, this.end] = [begin, end];
    if (!live && atEnd && !this.playing) this.at = end;
    this.at = Math.min(Math.max(this.at, begin), end);
    this.following = live && (atEnd || this.following);
    this.notify();
    this.run();
  }

  /** @param {number} at */
  seek(at) {
    this.playing = false;
    this.at = Math.min(Math.max(at, this.begin), this.end);
    this.following = this.live && this.at >= this.end;
    this.notify();
    this.run();
  }

  // Following a run that goes on is playing it too: the button stops that.
  get goes() {
    return this.playing || this.following;
  }

  toggle() {
    this.playing = !this.goes && this.end > this.begin;
    this.following = false;
    if (this.playing && this.at >= this.end) this.at = this.begin;
    this.notify();
    this.run();
  }

  // How much of the run a second of playing shows.
  get rate() {
    return ((this.end - this.begin) / this.whole) * this.speed;
  }

  /** @param {(player: Player) => void} listener */
  watch(listener) {
    this.listeners.add(listener);
    listener(this);
    return () => this.listeners.delete(listener);
  }

  notify() {
    for (const listener of this.listeners) listener(this);
  }

  run() {
    if (this.frame || !this.moves()) return;
    let last = performance.now();
    /** @param {number} now */
    const move = (now) => {
      this.frame = 0;
      const seconds = Math.min(0.1, Math.max(0, (now - last) / 1000));
      last = now;
      this.advance(seconds);
      this.notify();
      if (this.moves()) this.frame = requestAnimationFrame(move);
    };
    this.frame = requestAnimationFrame(move);
  }

  moves() {
    return this.playing || (this.following && this.at < this.end);
  }

  /** @param {number} seconds */
  advance(seconds) {
    if (this.playing) {
      this.at = Math.min(this.end, this.at + this.rate * seconds);
      if (this.at >= this.end) {
        this.playing = false;
        this.following = this.live;
      }
    } else if (this.following) {
      const left = this.end - this.at;
      this.at = this.calm() || left < (this.end - this.begin) * 1e-6 + 1e-6 ? this.end
        : this.at + left * Math.min(1, seconds / CATCH_UP * 3);
    }
  }

  stop() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.playing = false;
    this.following = false;
  }
}
