package natt.core.node;

import natt.core.NodeKey;
import natt.core.session.Session;
import natt.core.session.SessionEvent;

import java.util.Optional;

/// Finds one peer of a port with packets, and the ways to it. Lives on the driver's thread.
interface PacketCaller {
    /// For whom it does so.
    interface Owner {
        /// The peer's key is settled.
        void keyFound(NodeKey key);

        /// Whether it matters where the peer is.
        boolean searching();

        /// What this node has begun: a session that is being called, or another.
        Optional<Session> begun();

        /// The peer may be where it was not before.
        void hurry();

        /// The peer will never be found.
        ///
        /// @param why one line for the user
        void hopeless(String why);
    }

    /// Looks for the peer from now on.
    void start(Owner owner);

    /// Gives a session that has been begun the ways that there are.
    void called(Session session);

    /// The network, or a broker, is another than before.
    void hurry();

    /// Something has happened to a session that this node has begun.
    void happened(Session session, SessionEvent event);

    /// Looks no longer.
    void stop();

    /// Of a peer that calls by itself.
    PacketCaller NONE =
            new PacketCaller() {
                @Override
                public void start(Owner owner) {}

                @Override
                public void called(Session session) {}

                @Override
                public void hurry() {}

                @Override
                public void happened(Session session, SessionEvent event) {}

                @Override
                public void stop() {}
            };
}
