// dcmjs-dimse as the requestor: node dcmjs_scu.js MODULES JSON, one line of JSON on stdout.
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const work = JSON.parse(process.argv[3]);
const { Client, requests, log } = require(path.join(process.argv[2], 'dcmjs-dimse'));
log.setLevel('error');

const [aet, address] = work.peer.split('@');
const [host, port] = address.split(':');
const client = new Client();
const started = { wall: 0, cpu: null };
let answered = 0;
let last = 0;
let used = null;

function begin() {
  started.wall = performance.now();
  started.cpu = process.cpuUsage();
}

function counted(request) {
  request.on('response', (response) => {
    if (response.getStatus() !== 0) {
      console.error(`answered ${response.getStatus()}`);
      process.exit(1);
    }
    if (answered === 0) {
      begin();
    }
    answered += 1;
    last = performance.now();
    used = process.cpuUsage(started.cpu);
  });
  client.addRequest(request);
}

if (work.kind === 'echo') {
  for (let i = 0; i <= work.count; i += 1) {
    counted(new requests.CEchoRequest());
  }
} else {
  counted(new requests.CStoreRequest(work.warm));
  for (const name of fs.readdirSync(work.folder).sort()) {
    counted(new requests.CStoreRequest(path.join(work.folder, name)));
  }
}

client.on('closed', () => {
  console.log(
    JSON.stringify({
      wall: (last - started.wall) / 1000,
      cpu: (used.user + used.system) / 1e6,
      count: answered - 1,
      first: null,
      idle: 0,
      peak: 0,
    })
  );
});
client.on('networkError', (error) => {
  console.error(String(error));
  process.exit(1);
});
client.send(host, Number(port), 'BENCH', aet);
