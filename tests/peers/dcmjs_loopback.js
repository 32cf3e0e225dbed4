// The library's server has no option for the address: a test peer listens on loopback only.
'use strict';

const net = require('node:net');

const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function listenOnLoopback(where) {
  return listen.call(this, where, '127.0.0.1');
};
