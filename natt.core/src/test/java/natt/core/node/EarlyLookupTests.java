package natt.core.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import natt.core.DnsRecord.Type;
import natt.core.spi.NameLookup.Answer;
import natt.core.spi.NameLookup.Resolver;
import natt.core.spi.NameLookup.Source;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

final class EarlyLookupTests {
    private final BlockingQueue<String> asked = new LinkedBlockingQueue<>();
    private int count;
    private final Resolver resolver =
            (name, type, source) -> {
                asked.add(name + " " + type + " " + source);
                return new Answer.Found(List.of("answer " + ++count));
            };

    @Test
    void asks_before_anybody_does_and_answers_the_first_with_that() throws Exception {
        Resolver early = EarlyLookup.begin(resolver, "pc.example");
        assertEquals("_natt._udp.pc.example TXT RESOLVER", asked.take());

        Answer first = early.lookup("_natt._udp.pc.example", Type.TXT, Source.RESOLVER);
        assertEquals(new Answer.Found(List.of("answer 1")), first);
        assertEquals(0, asked.size());
    }

    @Test
    void asks_anew_for_all_others() throws Exception {
        Resolver early = EarlyLookup.begin(resolver, "pc.example");
        asked.take();
        early.lookup("_natt._udp.pc.example", Type.TXT, Source.AUTHORITATIVE);
        assertEquals("_natt._udp.pc.example TXT AUTHORITATIVE", asked.take());
        early.lookup("pc.example", Type.TXT, Source.RESOLVER);
        assertEquals("pc.example TXT RESOLVER", asked.take());
        early.lookup("_natt._udp.pc.example", Type.TXT, Source.RESOLVER);
        assertEquals(0, asked.size());
        early.lookup("_natt._udp.pc.example", Type.TXT, Source.RESOLVER);
        assertEquals("_natt._udp.pc.example TXT RESOLVER", asked.take());
    }

    @Test
    void fails_for_who_asks_as_the_resolver_did() {
        Resolver early =
                EarlyLookup.begin(
                        (name, type, source) -> {
                            throw new IllegalArgumentException("not a name");
                        },
                        "pc.example");
        var failed =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> early.lookup("_natt._udp.pc.example", Type.TXT, Source.RESOLVER));
        assertEquals("not a name", failed.getMessage());
    }
}
