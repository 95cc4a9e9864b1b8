// Runs one CloudFront Function for the local CloudFront, in njs or in Node.js. Before it stands `const SOURCE`, the
// function's text, and `const IMPORTED`, the name under which it imports the module cloudfront.
// On each line of stdin comes {"event", "query", "store"}; its answer is a line of stdout that begins with its kind:
// L loaded, R {"result", "move"} as JSON, E an error's text as a JSON string.
const fs = require('fs');
const answer = (kind, text) => fs.writeSync(1, kind + text + '\n');
const fail = (error) => answer('E', JSON.stringify(String((error && error.stack) || error)));

// What the helpers are asked for, and the store, during one event.
let move = null;
let store = null;

const cloudfront = {
    kvs: (id) => {
        if (!store || (id && id !== store.id)) throw new Error('no KeyValueStore ' + (id || '') + ' is associated');
        return {
            get: async (key, options) => {
                if (store.values[key] === undefined) throw new Error('KeyNotFound: ' + key);
                return options && options.format === 'json' ? JSON.parse(store.values[key]) : store.values[key];
            },
            exists: async (key) => store.values[key] !== undefined,
        };
    },
    updateRequestOrigin: (origin) => { move = { update: origin }; },
    selectRequestOriginById: (id, options) => { move = { select: id, options: options }; },
    createRequestOriginGroup: (group) => { move = { group: group }; },
};

// What CloudFront has is handed in, and what it has not is hidden:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-javascript-runtime-20.html
const modules = { crypto: require('crypto'), querystring: require('querystring'), buffer: { Buffer: Buffer } };
const required = (name) => {
    if (!modules[name]) throw new Error('Cannot find module "' + name + '"');
    return modules[name];
};
const log = { log: (text) => { fs.writeSync(2, String(text) + '\n'); } };
const hidden = ['process', 'global', 'njs', 'fetch', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'];

let handler = null;
try {
    const names = [IMPORTED, 'require', 'console'].concat(hidden);
    const made = Function.apply(null, names.concat('"use strict";\n' + SOURCE + '\nreturn handler;'));
    handler = made(cloudfront, required, log);
    if (typeof handler !== 'function') throw new TypeError('it has no function `handler`');
    answer('L', '');
} catch (error) {
    fail(error);
}

const chunk = Buffer.alloc(65536);
let pending = Buffer.alloc(0);

// The next line, or null at the end.
const line = () => {
    for (;;) {
        const end = pending.indexOf(10);
        if (end >= 0) {
            const text = pending.toString('utf8', 0, end);
            pending = pending.slice(end + 1);
            return text;
        }
        const count = fs.readSync(0, chunk, 0, chunk.length, null);
        if (!count) return null;
        pending = Buffer.concat([pending, chunk.slice(0, count)]);
    }
};

const run = async () => {
    for (;;) {
        const text = handler ? line() : null;
        if (text === null) return;
        const given = JSON.parse(text);
        move = null;
        store = given.store;
        given.event.request.rawQueryString = () => given.query;
        try {
            const result = await handler(given.event);
            answer('R', JSON.stringify({ result: result, move: move }));
        } catch (error) {
            fail(error);
        }
    }
};
run();
