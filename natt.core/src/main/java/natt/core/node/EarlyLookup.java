package natt.core.node;

import natt.core.DnsRecord.Type;
import natt.core.publish.NattRecord;
import natt.core.spi.NameLookup.Answer;
import natt.core.spi.NameLookup.Resolver;
import natt.core.spi.NameLookup.Source;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicReference;

/// A resolver that has begun to look up the record of one name before anybody asks for it: the
/// answer is on its way while a program loads what it calls the host with.
public final class EarlyLookup implements Resolver {
    private final Resolver resolver;
    private final String name;
    private final AtomicReference<@Nullable FutureTask<Answer>> early;

    private EarlyLookup(Resolver resolver, String name, FutureTask<Answer> begun) {
        this.resolver = resolver;
        this.name = name;
        early = new AtomicReference<>(begun);
    }

    /// Begins, on a thread of its own.
    ///
    /// @param host the name that [NattRecord#find] is going to be called with; the first such call
    ///     gets what has been begun, all others ask anew
    /// @throws IllegalArgumentException if no host can have this name
    public static Resolver begin(Resolver resolver, String host) {
        String name = NattRecord.name(host);
        var begun = new FutureTask<Answer>(() -> resolver.lookup(name, Type.TXT, Source.RESOLVER));
        Thread.ofPlatform().daemon().name("lookup").start(begun);
        return new EarlyLookup(resolver, name, begun);
    }

    @Override
    public Answer lookup(String asked, Type type, Source source) throws InterruptedException {
        boolean same = type == Type.TXT && source == Source.RESOLVER && asked.equals(name);
        FutureTask<Answer> begun = same ? early.getAndSet(null) : null;
        if (begun == null) {
            return resolver.lookup(asked, type, source);
        }
        try {
            return begun.get();
        } catch (ExecutionException failed) {
            if (failed.getCause() instanceof RuntimeException fault) {
                throw fault;
            }
            throw new IllegalStateException(failed.getCause());
        }
    }
}
