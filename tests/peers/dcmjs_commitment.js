// dcmjs-dimse as an SCP of storage commitment that says yes to all, but for the last instance.
//
//   node dcmjs_commitment.js PORT REPORT-PORT
//
// It reports on an association of its own, on which it proposes no SCP role: the library has none.
'use strict';

require('./dcmjs_loopback.js');
const { Client, Dataset, Scp, Server, constants, requests, responses } = require('dcmjs-dimse');
const { PresentationContextResult, TransferSyntax } = constants;

const [port, reportPort] = process.argv.slice(2).map(Number);
const COMMITMENT = '1.2.840.10008.1.20.1';
const INSTANCE = '1.2.840.10008.1.20.1.1';

class Keeper extends Scp {
  associationRequested(association) {
    this.caller = association.getCallingAeTitle();
    association.getPresentationContexts().forEach(({ id }) => {
      const context = association.getPresentationContext(id);
      const known = context.getAbstractSyntaxUid() === COMMITMENT;
      context.setResult(
        known
          ? PresentationContextResult.Accept
          : PresentationContextResult.RejectAbstractSyntaxNotSupported,
        TransferSyntax.ImplicitVRLittleEndian
      );
    });
    this.sendAssociationAccept();
  }

  nActionRequest(request, callback) {
    const asked = request.getDataset().getElements();
    const response = responses.NActionResponse.fromRequest(request);
    response.setStatus(0x0000);
    callback(response);
    const named = [].concat(asked.ReferencedSOPSequence);
    const failed = { ...named.pop(), FailureReason: 0x0213 };
    const report = new requests.NEventReportRequest(COMMITMENT, INSTANCE, 2);
    report.setDataset(
      new Dataset({
        TransactionUID: asked.TransactionUID,
        ReferencedSOPSequence: named,
        FailedSOPSequence: [failed],
      })
    );
    const client = new Client();
    client.on('networkError', (error) => console.log(String(error)));
    client.addRequest(report);
    client.send('127.0.0.1', reportPort, 'KEEPER', this.caller);
  }

  associationReleaseRequested() {
    this.sendAssociationReleaseResponse();
  }
}

const server = new Server(Keeper);
server.on('networkError', (error) => console.log(String(error)));
server.listen(port);
