// The peers that a peer exchanges messages with.

/** @param {Model} model @param {number} peer */
export function partners({ message }, peer) {
  const all = new Set();
  for (let m = 0; m < message.count; m += 1) {
    if (message.sender[m] === peer) all.add(message.receiver[m]);
    if (message.receiver[m] === peer) all.add(message.sender[m]);
  }
  return all;
}
