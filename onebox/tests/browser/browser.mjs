// Chromium, as it is installed on this machine, with a profile of its own; and what goes wrong on its pages.

import { chromium } from 'playwright-core';

const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';
const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

/** Starts Chromium with the profile in `folder`; closing it and starting it again is what a person does. */
export async function start(folder) {
  const context = await chromium.launchPersistentContext(folder, { executablePath: EXECUTABLE, args: FLAGS });
  const page = context.pages()[0] ?? await context.newPage();
  return { context, page };
}

/** Starts Chromium without a profile: every context is a new visitor. */
export const launch = () => chromium.launch({ executablePath: EXECUTABLE, args: FLAGS });

/** Collects everything on a page that a person would call broken. */
export function faults(page) {
  const found = [];
  page.on('console', (message) => { if (message.type() === 'error') found.push(`console: ${message.text()} ${message.location().url}`); });
  page.on('pageerror', (error) => found.push(`script: ${error.message}`));
  page.on('requestfailed', (request) => {
    // Whoever leaves a page ends the stream of its events.
    if (!request.url().endsWith('/events')) found.push(`${request.url()}: ${request.failure()?.errorText}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 400) found.push(`${response.url()}: ${response.status()}`);
  });
  return found;
}

/** Asks the demo, with the cookies that the page has. */
export const ask = (page, path, body) => page.evaluate(async ([path, body]) => {
  const headers = { 'Content-Type': 'application/json', 'X-Onebox-Demo': '1' };
  const response = await fetch(`/__onebox/${path}`, body ? { method: 'POST', headers, body: JSON.stringify(body) } : {});
  if (!response.ok) throw new Error(`/__onebox/${path}: ${response.status} ${await response.text()}`);
  return response.status === 204 ? null : response.json();
}, [path, body]);
