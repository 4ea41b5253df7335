// A run that goes on while a browser looks at it.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

// `{ program, ended, url }`, once the program has printed its address.
export async function start([command, ...parameters]) {
  const program = spawn(command, parameters, { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(program, 'exit');
  for await (const line of createInterface(program.stderr)) {
    const url = /http:\/\/\S+/.exec(line)?.[0];
    if (url) {
      // Discards the rest: a full pipe would block the program.
      program.stderr.resume();
      return { program, ended, url };
    }
  }
  throw new Error('the program printed no address');
}
