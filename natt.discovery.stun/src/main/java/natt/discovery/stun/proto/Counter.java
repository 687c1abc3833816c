package natt.discovery.stun.proto;

/// What a discovery counts. The datagrams sent are [#REQUESTS]; every transaction ends in one of
/// [#ANSWERS], [#ERROR_RESPONSES], [#UNUSABLE_ANSWERS], [#TIMED_OUT] or [#ABANDONED].
enum Counter {
    /// Full rounds begun.
    ROUNDS("rounds"),
    /// Questions to a single server begun, to keep the mapping.
    REFRESHES("refreshes"),
    /// Datagrams sent.
    REQUESTS("requests"),
    /// Success responses with a usable address.
    ANSWERS("answers"),
    ERROR_RESPONSES("errorResponses"),
    /// Success responses without a usable address, or with an attribute that must be understood
    /// but is not.
    UNUSABLE_ANSWERS("unusableAnswers"),
    TIMED_OUT("timedOut"),
    /// Transactions that a new round replaced.
    ABANDONED("abandoned"),
    /// Datagrams with the right source and transaction id that are no response.
    MALFORMED("malformed"),
    /// Answers that a majority contradicted.
    OUTVOTED("outvoted");

    final String key;

    Counter(String key) {
        this.key = key;
    }
}
