package natt.core.node;

import natt.core.CloseCode;
import natt.core.session.Admission;
import natt.core.session.SessionEngine.Refusal;
import natt.core.session.SessionEvent;
import natt.core.spi.Transport.Stream;

/// Lets nobody in while a node allows nothing; else what its services do.
final class NodeAnswering implements SessionPort.Answering {
    private final SessionService service;
    private final AllowedTargets targets;

    NodeAnswering(SessionService service, AllowedTargets targets) {
        this.service = service;
        this.targets = targets;
    }

    @Override
    public Admission admission() {
        Admission doorkeeper = service.admission();
        return (caller, from) ->
                targets.list().isEmpty()
                        ? Admission.Answer.refuse(CloseCode.UNSPECIFIED)
                        : doorkeeper.admit(caller, from);
    }

    @Override
    public void refused(Refusal refusal) {
        service.refused(refusal);
    }

    @Override
    public long serve(long nowNanos) {
        return service.serve(nowNanos);
    }

    @Override
    public void happened(SessionPumps.Link link, SessionEvent event) {
        service.happened(link, event);
    }

    @Override
    public void opened(SessionPumps.Link link, Stream stream) {
        service.opened(link, stream);
    }
}
