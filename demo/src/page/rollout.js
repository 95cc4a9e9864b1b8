// Shows a release that happens meanwhile, and sends what a person orders. Loaded before app.js, whose words it uses.

const ENDINGS = {
  released: ['Released', 'good'],
  'rolled-back': ['Rolled back', 'bad'],
  refused: ['Refused', 'bad'],
  'not-proven': ['Not proven: promote or abort', 'bad'],
  stuck: ['Stuck: a person must look', 'bad'],
};
const STATES = { OK: ['OK', 'good'], ALARM: ['fires', 'bad'], INSUFFICIENT_DATA: ['no data yet', ''] };

function showRollout(release) {
  $('rollout').hidden = false;
  const [said, mood] = ENDINGS[release.ending] ?? [release.began ? 'Under way' : 'Begins in a moment', ''];
  // A status is read out when it changes, so it is left alone while it does not.
  if ($('rollout-said').textContent !== said) $('rollout-said').textContent = said;
  $('rollout-said').className = mood;
  const reason = release.said && release.ending !== 'released' ? ` · ${release.said}` : '';
  $('rollout-time').textContent = `A minute of metrics is a second here.${reason}`;
  $('rollout-stages').replaceChildren(
    ...release.stages.map(stageItem),
    ...release.ahead.map((stage) => element('li', '', stage)),
  );
  $('rollout-lanes').replaceChildren(...release.lanes.map(laneItem));
  $('rollout-rates').replaceChildren(...release.rates.map(rateRow));
  $('rollout-verdict').textContent = release.verdict ?? 'not proven yet: both versions need requests';
  $('rollout-alarms').replaceChildren(...alarmItems(release));
  $('rollout-orders').replaceChildren(...ordersRows(release.orders));
  const { in_one_piece: whole, across_a_change: across, both_sides: both } = release.pages;
  $('rollout-pages').replaceChildren(pagesRow('pages in one piece', whole), pagesRow('pages across a change', across));
  $('rollout-both').textContent = `${count(release.pages.visitors)} visitors, ${count(both)} saw both sides.`;
  showEvents(release.lines);
  $('rollout-fail').setAttribute('aria-checked', String(release.failing));
  for (const button of document.querySelectorAll('[data-release]')) {
    button.disabled = button.dataset.release === 'again' ? !release.over : release.over || !release.began;
  }
}

// A log is read out as it grows, so it is left alone while it does not.
let told = '';
function showEvents(lines) {
  const now = JSON.stringify(lines[0] ?? null);
  if (now === told) return;
  told = now;
  $('rollout-events').replaceChildren(...lines.map(({ at, text, bad }) => element('li', bad ? 'bad' : '', `${at.toFixed(1)} s · ${text}`)));
}

function stageItem({ stage, seconds }) {
  const item = element('li', seconds === null ? 'now' : 'past', seconds === null ? stage : `${stage} · ${seconds.toFixed(1)} s`);
  if (seconds === null) item.setAttribute('aria-current', 'step');
  item.classList.toggle('back', stage === 'roll back');
  return item;
}

function laneItem({ alias, from, to, part, stands }) {
  const item = element('li');
  const name = element('div', 'name');
  name.append(element('b', '', alias), element('span', '', `stands on ${stands}`));
  const bar = element('progress');
  Object.assign(bar, { max: 1, value: part });
  const rest = part < 1 ? `, the rest on ${from ?? '–'}` : '';
  bar.setAttribute('aria-label', `${alias}: ${percent(part, 0)} on version ${to ?? '–'}${rest}`);
  item.append(name, bar);
  return item;
}

function rateRow({ version, requests_per_second: requests, errors_per_second: errors }) {
  const row = element('tr');
  const failed = requests > 0 ? percent(errors / requests) : '–';
  const head = element('th', '', version);
  head.scope = 'row';
  row.append(head, element('td', 'number', requests.toFixed(1)), element('td', `number${errors / requests > 0.05 ? ' bad' : ''}`, failed));
  return row;
}

function alarmItems({ alarms, alarm }) {
  const items = alarms.map(({ name, state }) => {
    const [said, mood] = STATES[state] ?? ['–', ''];
    const item = element('li', '', `${name}: `);
    item.append(element('b', mood, said));
    return item;
  });
  if (alarm) {
    const back = alarm.to_put_back_ms === null ? '' : `, and everything was back ${alarm.to_put_back_ms.toFixed(1)} ms later`;
    items.push(element('li', 'bad', `${alarm.name} fired at ${alarm.at.toFixed(1)} s${back}`));
  }
  return items.length ? items : [element('li', 'quiet', 'None: the release makes them, and removes them when it is over.')];
}

function ordersRows({ before, meanwhile, after }) {
  const all = [before, meanwhile, after];
  const row = (name, value) => {
    const made = element('tr');
    const head = element('th', '', name);
    head.scope = 'row';
    made.append(head, ...all.map((asked) => element('td', 'number', asked.requests ? value(asked) : '–')));
    return made;
  };
  return [
    row('orders asked for', (asked) => count(asked.requests)),
    row('of these failed', (asked) => count(asked.failed)),
    row('error rate', (asked) => percent(asked.error_rate, 2)),
  ];
}

function pagesRow(name, { loaded, broken }) {
  const row = element('tr');
  const head = element('th', '', name);
  head.scope = 'row';
  row.append(head, element('td', 'number', count(loaded)), element('td', 'number', count(broken)));
  return row;
}

document.getElementById('rollout-fail').addEventListener('click', () =>
  order('failure', { failing: $('rollout-fail').getAttribute('aria-checked') !== 'true' }));
for (const button of document.querySelectorAll('[data-release]')) {
  button.addEventListener('click', () => order('release', { order: button.dataset.release }));
}
