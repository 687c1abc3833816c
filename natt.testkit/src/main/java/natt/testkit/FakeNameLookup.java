package natt.testkit;

import natt.core.DnsRecord;
import natt.core.spi.NameLookup;
import natt.core.spi.Settings;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Answers from memory, records every question, and fails when told to. Any thread may call it.
public final class FakeNameLookup implements NameLookup {
    private final FakeDnsProvider zone;
    private final Map<Question, Answer> answers = new HashMap<>();
    private final List<Settings> opened = new ArrayList<>();
    private final List<Question> questions = new ArrayList<>();
    private Answer failure = new Answer.TimedOut();
    private int failuresLeft;

    /// What was asked.
    ///
    /// @param name in lower case
    public record Question(String name, DnsRecord.Type type, Source source) {
        public Question {
            name = name.toLowerCase(Locale.ROOT);
        }
    }

    /// Knows no name but those a test sets.
    public FakeNameLookup() {
        this(new FakeDnsProvider());
    }

    /// Answers with what the provider has published, unless a test sets another answer.
    public FakeNameLookup(FakeDnsProvider zone) {
        this.zone = zone;
    }

    @Override
    public String id() {
        return "fake";
    }

    @Override
    public synchronized Resolver open(Settings settings) {
        opened.add(settings);
        return this::lookup;
    }

    /// Sets the answer to one question, for one source: the other may be ahead or behind.
    public synchronized void answer(Question question, Answer answer) {
        answers.put(question, answer);
    }

    /// Sets the answer to one question, whoever is asked.
    public synchronized void answer(String name, DnsRecord.Type type, Answer answer) {
        for (Source source : Source.values()) {
            answers.put(new Question(name, type, source), answer);
        }
    }

    /// Gives the next questions this answer, whatever they are.
    ///
    /// @param times how many; [Integer#MAX_VALUE] until further notice, 0 to end it
    public synchronized void failNext(int times, Answer newFailure) {
        failuresLeft = times;
        failure = newFailure;
    }

    /// The settings of every resolver opened.
    public synchronized List<Settings> opened() {
        return List.copyOf(opened);
    }

    /// Everything that was asked, in order.
    public synchronized List<Question> questions() {
        return List.copyOf(questions);
    }

    private synchronized Answer lookup(String name, DnsRecord.Type type, Source source) {
        var question = new Question(name, type, source);
        questions.add(question);
        if (failuresLeft > 0) {
            failuresLeft -= failuresLeft == Integer.MAX_VALUE ? 0 : 1;
            return failure;
        }
        Answer answer = answers.get(question);
        if (answer != null) {
            return answer;
        }
        return zone.record(name, type)
                .<Answer>map(record -> new Answer.Found(List.of(record.content())))
                .orElseGet(
                        () -> zone.hasName(name) ? new Answer.NoData() : new Answer.NoSuchName());
    }
}
