package natt.discovery.stun;

import natt.core.spi.AddressDiscovery;
import natt.discovery.stun.proto.BindingResponder;
import natt.discovery.stun.proto.MappingDiscovery;
import natt.discovery.stun.proto.PaddedQuestions;
import natt.discovery.stun.proto.ServerSample;
import natt.discovery.stun.proto.StunBehaviorDiscovery;

import java.util.Optional;

/// Address discovery by STUN.
public final class StunDiscovery implements AddressDiscovery {

    public StunDiscovery() {}

    @Override
    public String id() {
        return "stun";
    }

    @Override
    public Discovery open(Context context) {
        return new MappingDiscovery(context.refreshInterval(), context.random());
    }

    @Override
    public Optional<Sample> openSample(SampleContext context) {
        return Optional.of(new ServerSample(context));
    }

    @Override
    public Optional<Responder> openResponder(ResponderContext context) {
        return Optional.of(new BindingResponder(context));
    }

    @Override
    public Optional<BehaviorDiscovery> openBehavior(BehaviorContext context) {
        return Optional.of(new StunBehaviorDiscovery(context));
    }

    @Override
    public Optional<Width> openWidth(WidthContext context) {
        return Optional.of(new PaddedQuestions(context));
    }
}
