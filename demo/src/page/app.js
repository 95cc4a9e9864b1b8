// Shows what /__onebox/events tells, and sends what a person changes. No policy lives here.

const $ = (id) => document.getElementById(id);
const percent = (part, digits = 1) => `${(100 * part).toFixed(digits)} %`;
const count = (number) => number.toLocaleString('en');
const BUCKETS = 100000;

// What the comparison shows: a name, what to show, and whether anything above zero is bad.
const ROWS = [
  ['pages loaded', (figures) => count(figures.pages)],
  ['pages broken', (figures) => count(figures.broken), 'broken'],
  ['visitors', (figures) => count(figures.visitors)],
  ['who saw both sides', (figures) => count(figures.both_sides), 'both_sides'],
  ['one-box share of visitors', (figures) => percent(figures.visitor_share)],
  ['from the cache', (figures) => percent(figures.hit_ratio)],
];

const RUNTIMES = { native: 'native', node: 'Node.js', cff: 'CloudFront Functions and native' };

let editing = false;

function show(state) {
  const now = state.sticky ? state.with_stickiness : state.without_stickiness;
  $('runtime').textContent = RUNTIMES[state.runtime] ?? state.runtime;
  $('rate').textContent = count(Math.round(state.requests_per_second));
  $('configured').textContent = state.share;
  $('visitor-share').textContent = now.visitors ? percent(now.visitor_share) : '–';
  $('request-share').textContent = now.requests ? percent(now.request_share) : '–';
  $('one-box-requests').textContent = count(now.one_box_requests);
  $('regular-requests').textContent = count(now.requests - now.one_box_requests);
  $('hits').textContent = now.requests ? percent(now.hit_ratio) : '–';
  $('failures').textContent = count(state.failures);
  showLine(state);
  showRamp(state);
  showYou(state);
  showPin(state);
  showControls(state);
  if (state.rollout) showRollout(state.rollout);
  $('figures').replaceChildren(...ROWS.map((row) => figuresRow(row, state)));
  $('with').classList.toggle('now', state.sticky);
  $('without').classList.toggle('now', !state.sticky);
  $('recent').replaceChildren(...state.recent.map(recentRow));
  $('broken').replaceChildren(...(state.broken.length ? state.broken.map(brokenItem) : [element('li', 'none', 'None so far.')]));
}

function showLine({ share_buckets: share, visitor, share: configured }) {
  $('within').style.width = `${(100 * share) / BUCKETS}%`;
  $('edge').textContent = share > 0 && share < BUCKETS ? `one-box below ${count(share)}` : '';
  const pin = $('pin');
  pin.hidden = visitor.bucket === null;
  if (visitor.bucket !== null) pin.style.left = `${(100 * visitor.bucket) / BUCKETS}%`;
  const you = visitor.bucket === null ? '' : ` You are at ${visitor.bucket}.`;
  $('line').setAttribute('aria-label', `${configured} of the line of 100,000 buckets is on the one-box.${you}`);
}

function showRamp({ ramp }) {
  $('ramp').hidden = !ramp;
  if (!ramp) return;
  const { now, steps } = ramp;
  const [first, last] = [steps[0], steps.at(-1)];
  // The last step counts from its time on: it is drawn as wide as the others.
  const wide = (last.at - first.at) * (1 + 1 / Math.max(1, steps.length - 1)) || 1;
  const across = (at) => Math.min(1000, Math.max(0, (1000 * (at - first.at)) / wide));
  const stairs = steps.map(({ at, share_buckets: share }) => `H${across(at)}V${100 - (100 * share) / BUCKETS}`);
  $('ramp-area').setAttribute('d', `M0 100${stairs.join('')}H1000V100Z`);
  for (const end of ['x1', 'x2']) $('ramp-now').setAttribute(end, String(across(now)));
  const clock = (at) => new Date(at).toLocaleTimeString('en-GB');
  $('ramp-start').textContent = `${clock(first.at)} · ${percent(first.share_buckets / BUCKETS, 0)}`;
  $('ramp-end').textContent = `${clock(last.at)} · ${percent(last.share_buckets / BUCKETS, 0)}`;
  const next = steps.find(({ at }) => at > now);
  $('ramp-said').textContent = next
    ? `${percent(next.share_buckets / BUCKETS, 1)} in ${Math.ceil((next.at - now) / 1000)} s`
    : 'the ramp has ended';
}

function showPin({ pin, release, visitor }) {
  $('unforce').disabled = visitor.source !== 'override';
  if (pin === null) $('your-pin').textContent = 'You have no pin: the first page of the shop sets one.';
  else if (pin.bucket === null) $('your-pin').textContent = `Your pin ${pin.value} does not count: it is not one of release ${release}.`;
  else $('your-pin').textContent = `Your pin: ${pin.cookie}=${pin.value}, which holds bucket ${count(pin.bucket)}.`;
}

function showYou({ visitor, sticky }) {
  $('your-side').textContent = sticky ? visitor.partition : 'random';
  $('your-side').className = sticky ? visitor.partition : '';
  const bucket = visitor.bucket === null ? 'no bucket' : `bucket ${count(visitor.bucket)}`;
  $('your-reason').textContent = sticky
    ? `${bucket}, decided by ${visitor.source}`
    : `every request is drawn anew; with stickiness you would be ${visitor.partition} (${bucket}, ${visitor.source})`;
}

function showControls({ share, share_buckets: buckets, sticky }) {
  $('sticky').setAttribute('aria-checked', String(sticky));
  $('sticky-hint').textContent = sticky ? 'each visitor stays on one side' : 'each request gets a random side';
  if (editing) return;
  $('share').value = share;
  $('share-range').value = String(buckets / 1000);
}

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function figuresRow([name, value, bad], state) {
  const row = element('tr');
  const head = element('th', '', name);
  head.scope = 'row';
  row.append(head);
  for (const figures of [state.with_stickiness, state.without_stickiness]) {
    const verdict = bad && figures.pages ? (figures[bad] ? 'bad' : 'good') : '';
    const cell = element('td', verdict, figures.requests ? value(figures) : '–');
    if (bad === 'broken' && figures.pages) cell.title = percent(figures.broken / figures.pages);
    row.append(cell);
  }
  return row;
}

function recentRow(request) {
  const row = element('tr', request.status >= 400 ? 'failed' : '');
  const origin = request.origin === null ? '–' : request.origin.startsWith('one-box') ? 'moved to one-box' : 'stays at regular';
  const partition = element('td');
  partition.append(element('i', request.partition ?? '', request.partition ?? '–'));
  row.append(
    element('td', 'quiet', new Date(request.time).toLocaleTimeString('en-GB')),
    element('td', 'uri', `${request.method} ${request.uri}`),
    partition,
    element('td', `cache ${request.cache}`, request.cache),
    element('td', '', origin),
    element('td', 'status', String(request.status)),
    element('td', 'number', (request.took / 1000).toFixed(2)),
  );
  row.title = request.failures.map((failure) => `${failure.rule}: ${failure.detail}`).join('\n');
  return row;
}

function brokenItem({ rule, source, detail }) {
  const item = element('li');
  item.append(element('code', '', rule), ` ${detail} `);
  if (source.startsWith('https://')) {
    const link = element('a', '', 'AWS');
    Object.assign(link, { href: source, target: '_blank', rel: 'noopener noreferrer' });
    item.append(link);
  } else {
    item.append(element('span', 'quiet', source));
  }
  return item;
}

async function order(path, body) {
  const said = $('said');
  said.className = 'said';
  try {
    const response = await fetch(`/__onebox/${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Onebox-Demo': '1' },
      body: JSON.stringify(body),
    });
    if (response.ok) {
      said.textContent = 'Done.';
      return response.status === 204 ? true : show(await response.json()) ?? true;
    }
    said.textContent = (await response.json()).error;
  } catch {
    said.textContent = 'The demo does not answer: is it still running?';
  }
  said.className = 'said wrong';
  return false;
}

// Several typed notations, one that is sent: 5, "5 %" and 5% are 5%.
const written = (text) => `${text.replace(/[%\s]/g, '')}%`;

$('share-range').addEventListener('input', () => {
  editing = true;
  $('share').value = `${$('share-range').value}%`;
});
$('share').addEventListener('input', () => { editing = true; });
$('share-form').addEventListener('submit', async (event) => {
  event.preventDefault();
  const share = written($('share').value);
  editing = false;
  if (await order('share', { share })) reload();
  else editing = true;
});
$('ramp-form').addEventListener('submit', async (event) => {
  event.preventDefault();
  if (await order('ramp', { seconds: $('seconds').valueAsNumber })) reload();
});
const reload = () => $('shop').contentWindow.location.reload();
$('sticky').addEventListener('click', async () => {
  if (await order('stickiness', { sticky: $('sticky').getAttribute('aria-checked') !== 'true' })) reload();
});
$('reload').addEventListener('click', reload);
for (const button of document.querySelectorAll('[data-force]')) {
  button.addEventListener('click', async () => {
    if (await order('override', { partition: button.dataset.force || null })) reload();
  });
}
$('another').addEventListener('click', async () => {
  if (await order('visitor', {})) reload();
});

// The events carry the decision for the cookies they were asked with, and the shop sets one: then listen anew.
let events;
function listen() {
  events?.close();
  events = new EventSource('/__onebox/events');
  events.onopen = () => { $('live').textContent = 'live'; $('live').className = 'on'; };
  events.onerror = () => { $('live').textContent = 'no connection'; $('live').className = 'off'; };
  events.onmessage = (event) => show(JSON.parse(event.data));
}
listen();
$('shop').addEventListener('load', listen);
