// Stands in for rapid-client.node, the native HTTP addon of AWS's runtime clients, which has to be compiled: the same
// functions, over the same HTTP. Preloaded with --require; the clients' own JavaScript is as published.
'use strict';

const http = require('node:http');
const Module = require('node:module');

const [hostname, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const PATH = '/2018-06-01/runtime/invocation';

function call(method, path, text) {
  return new Promise((resolve, reject) => {
    const headers = text === undefined ? {} : { 'content-length': Buffer.byteLength(text) };
    const request = http.request({ hostname, port, agent, method, path: PATH + path, headers }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => resolve({ bodyJson: Buffer.concat(chunks).toString(), headers: response.headers }));
    });
    request.on('error', reject);
    request.end(text);
  });
}

// The addon posts an answer before it returns; here the next event is asked for when the answer is posted.
let posted = Promise.resolve();

function post(path, texts) {
  if (texts.some((text) => typeof text !== 'string')) throw new TypeError('Wrong arguments');
  posted = call('POST', path, texts[0]);
}

const client = {
  initializeUserAgent() {},
  next: () => posted.then(() => call('GET', '/next')),
  done: (id, body) => post(`/${id}/response`, [body]),
  error: (id, body, xray) => post(`/${id}/error`, [body, xray]),
};

Module._extensions['.node'] = (module) => {
  module.exports = client;
};
