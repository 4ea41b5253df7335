// What the page says of each snapshot of a run, computed by its own modules and
// without a browser, as one line of JSON: { right, wrong, unknown }, lists of ids.
// The test beside it compares with what the run's judge says.
//
//   node agree.mjs URL

import { compare, inspect, ofSnapshot } from '../../dashboards/viewer/diagram/cut.js';
import { missingBefore } from '../../dashboards/viewer/diagram/completeness.js';
import { cutStatus } from '../../dashboards/viewer/diagram/snapshots.js';
import { Model } from '../../dashboards/viewer/model.js';

const [url] = process.argv.slice(2);
const get = async (path) => (await fetch(new URL(path, url))).json();

const model = new Model();
for (let after = -1; after !== model.next;) {
  after = model.next;
  model.append(await get(`/api/diagram?after=${after}`));
}

function judged(snapshot) {
  const points = ofSnapshot(model, snapshot);
  const missing = missingBefore(model, points, snapshot.recorded);
  if (cutStatus(snapshot, { reading: false, missing }) !== 'known') return 'unknown';
  const { flying, orphans } = inspect(model, points);
  const { missed, unseen, open } = compare(model, flying, snapshot);
  if (open.length) return 'unknown';
  return orphans.length + missed.length + unseen.length ? 'wrong' : 'right';
}

const said = { right: [], wrong: [], unknown: [] };
for (const cut of (await get('/api/cuts')).cuts) said[judged(cut)].push(cut.snapshot);
console.log(JSON.stringify(said));
