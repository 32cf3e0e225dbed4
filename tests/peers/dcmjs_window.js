// An acceptor that grants the asynchronous operations window it is asked for (dcmjs-dimse echoes
// item 53H), answers after random delays and so out of order, and counts what is outstanding.
//
//   node dcmjs_window.js PORT [--max-delay MS] [--pending N] [--seed N] [--in-order] [--any-syntax]
//
// With --any-syntax it accepts the first transfer syntax of each context, whichever that is.
// For each association, when its connection closes, one line of JSON on stdout:
//   {"association": {"window": [invoked, performed], "requests": n, "answered": n,
//    "max_outstanding": n, "overtaken": n, "kinds": {"C-ECHO": n, ...}, "cancels": n}}
// "overtaken" counts final responses that were sent before that of an older request.
'use strict';

require('./dcmjs_loopback.js');
const { Dataset, Scp, Server, responses, constants, log } = require('dcmjs-dimse');
const { PresentationContextResult, TransferSyntax } = constants;

const SUCCESS = 0x0000;
const PENDING = 0xff00;
const CANCEL = 0xfe00;

function option(name, fallback) {
  const at = process.argv.indexOf(name);
  return at < 0 ? fallback : Number(process.argv[at + 1]);
}

const port = Number(process.argv[2]);
const maxDelay = option('--max-delay', 20);
const pendingCount = option('--pending', 3);
const anySyntax = process.argv.includes('--any-syntax');
const inOrder = process.argv.includes('--in-order');

// mulberry32: the same seed, the same delays
let state = option('--seed', 1) >>> 0;
function random() {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = state;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}

const pause = () => new Promise((done) => setTimeout(done, inOrder ? 0 : random() * maxDelay));

class WindowScp extends Scp {
  constructor(socket, options) {
    super(socket, options);
    socket.setNoDelay(true);
    this.outstanding = new Map(); // message id -> sequence number
    this.cancelled = new Set();
    this.report = {
      window: null,
      requests: 0,
      answered: 0,
      max_outstanding: 0,
      overtaken: 0,
      kinds: {},
      cancels: 0,
    };
    this.associated = false;
    socket.on('close', () => {
      if (this.associated) {
        console.log(JSON.stringify({ association: this.report }));
      }
    });
  }

  associationRequested(association) {
    this.associated = true;
    const asked = association.getNegotiateAsyncOps();
    this.report.window = asked
      ? [association.getMaxAsyncOpsInvoked(), association.getMaxAsyncOpsPerformed()]
      : null;
    const understood = [
      TransferSyntax.ImplicitVRLittleEndian,
      TransferSyntax.ExplicitVRLittleEndian,
    ];
    association.getPresentationContexts().forEach(({ id }) => {
      const context = association.getPresentationContext(id);
      const chosen = context.getTransferSyntaxUids().find(
        (uid) => anySyntax || understood.includes(uid),
      );
      if (chosen) {
        context.setResult(PresentationContextResult.Accept, chosen);
      } else {
        context.setResult(PresentationContextResult.RejectTransferSyntaxesNotSupported);
      }
    });
    this.sendAssociationAccept();
  }

  associationReleaseRequested() {
    this.sendAssociationReleaseResponse();
  }

  begin(kind, request) {
    const id = request.getMessageId();
    if (this.outstanding.has(id)) {
      console.log(JSON.stringify({ error: `message id ${id} is outstanding already` }));
    }
    this.report.requests += 1;
    this.report.kinds[kind] = (this.report.kinds[kind] || 0) + 1;
    this.outstanding.set(id, this.report.requests);
    this.report.max_outstanding = Math.max(this.report.max_outstanding, this.outstanding.size);
    return id;
  }

  finish(id, response, status, callback) {
    const mine = this.outstanding.get(id);
    if ([...this.outstanding.values()].some((other) => other < mine)) {
      this.report.overtaken += 1;
    }
    this.outstanding.delete(id);
    this.cancelled.delete(id);
    this.report.answered += 1;
    response.setStatus(status);
    callback(response);
  }

  // The library's callback takes all responses at once, and can be called once. Responses of
  // several requests interleave on the wire only when each is sent when its time has come.
  send(request, response) {
    const context = this.association.getAcceptedPresentationContextFromRequest(request);
    this._sendDimse({ context, command: response });
  }

  async single(kind, Response, request, callback) {
    const id = this.begin(kind, request);
    await pause();
    this.finish(id, Response.fromRequest(request), SUCCESS, callback);
  }

  async stream(kind, Response, request, callback, fill) {
    const id = this.begin(kind, request);
    for (let sent = 0; sent < pendingCount; sent += 1) {
      await pause();
      if (this.cancelled.has(id)) {
        this.finish(id, Response.fromRequest(request), CANCEL, callback);
        return;
      }
      const pending = Response.fromRequest(request);
      pending.setStatus(PENDING);
      fill(pending, sent);
      this.send(request, pending);
    }
    await pause();
    this.finish(id, Response.fromRequest(request), SUCCESS, callback);
  }

  cEchoRequest(request, callback) {
    this.single('C-ECHO', responses.CEchoResponse, request, callback);
  }

  cStoreRequest(request, callback) {
    this.single('C-STORE', responses.CStoreResponse, request, callback);
  }

  cFindRequest(request, callback) {
    // the identifier comes back, so that the requestor can tell whose response this is
    const asked = request.getDataset().getElements();
    this.stream('C-FIND', responses.CFindResponse, request, callback, (response, number) => {
      response.setDataset(
        new Dataset({
          QueryRetrieveLevel: asked.QueryRetrieveLevel,
          PatientID: asked.PatientID,
          InstanceNumber: String(number),
        })
      );
    });
  }

  counts(response, number) {
    response.setRemaining(pendingCount - number - 1);
    response.setCompleted(number + 1);
    response.setFailures(0);
    response.setWarnings(0);
  }

  cMoveRequest(request, callback) {
    this.stream('C-MOVE', responses.CMoveResponse, request, callback, this.counts);
  }

  cGetRequest(request, callback) {
    this.stream('C-GET', responses.CGetResponse, request, callback, this.counts);
  }

  nGetRequest(request, callback) {
    this.single('N-GET', responses.NGetResponse, request, callback);
  }

  nSetRequest(request, callback) {
    this.single('N-SET', responses.NSetResponse, request, callback);
  }

  nActionRequest(request, callback) {
    this.single('N-ACTION', responses.NActionResponse, request, callback);
  }

  nCreateRequest(request, callback) {
    this.single('N-CREATE', responses.NCreateResponse, request, callback);
  }

  nDeleteRequest(request, callback) {
    this.single('N-DELETE', responses.NDeleteResponse, request, callback);
  }

  nEventReportRequest(request, callback) {
    this.single('N-EVENT-REPORT', responses.NEventReportResponse, request, callback);
  }

  cCancelRequest(request) {
    this.report.cancels += 1;
    this.cancelled.add(request.getMessageIdBeingRespondedTo());
  }

  abort() {}
}

log.setLevel('error');
const server = new Server(WindowScp);
server.on('networkError', (error) => console.error(String(error)));
server.listen(port);

process.on('SIGTERM', () => process.exit(0));
