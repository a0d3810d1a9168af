package dev.multipaxos.runtime;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.Transport.Verdict;
import dev.multipaxos.wire.Envelope;
import dev.multipaxos.wire.FoundingRecord;
import dev.multipaxos.wire.FoundingRecordCodec;
import dev.multipaxos.wire.Hello;
import dev.multipaxos.wire.Hello.Cause;
import dev.multipaxos.wire.HelloCodec;
import dev.multipaxos.wire.Pinned;
import dev.multipaxos.wire.WireException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Judges who may talk to this node, and what they send. A peer is <i>pinned</i> to the storage with which it came first: until
 * that is durable here nothing of what it says counts, and with another storage, or an old copy of that one, it is refused for
 * ever, because a node that lost its memory must not vote as if it had it. Thread-safe.
 */
final class Handshake {

    private final NodeIdentity identity;
    private final Map<Integer, KnownStorage> storages = new ConcurrentHashMap<>();

    Handshake(NodeIdentity identity) {
        this.identity = identity;
    }

    /** A peer's storage is on this node's disk. */
    void pinned(Pinned peer) {
        known(peer.node(), peer.storageId()).noted(peer);
    }

    private KnownStorage known(int node, long storageId) {
        return storages.computeIfAbsent(node, none -> new KnownStorage(node, storageId));
    }

    /** {@return whether a peer's storage is known but not on the disk yet} */
    boolean awaitsDisk(int node) {
        KnownStorage storage = storages.get(node);
        return storage != null && !storage.isDurable();
    }

    /**
     * Tells what is worth writing down of a peer that was let in. It must be written, as it is not told again.
     *
     * @param node the peer
     * @return a record; null if the disk knows enough
     */
    @Nullable
    Pinned news(int node) {
        KnownStorage storage = storages.get(node);
        return storage == null ? null : storage.news();
    }

    /**
     * Judges a greeting; a member that is seen for the first time is remembered by its storage. What a refusal that is final says is
     * for its receiver to draw conclusions from: {@link #exclusion}.
     *
     * @param dialled the node that was dialled, or 0
     * @param remote where it comes from
     * @param bytes the greeting
     * @return whether it may stay
     */
    Verdict judge(int dialled, String remote, Bytes bytes) {
        Hello hello;
        try {
            hello = HelloCodec.decode(bytes);
        } catch (WireException e) {
            return refused(remote, "its greeting cannot be read: " + e.getMessage());
        }
        if (hello instanceof Hello.Refusal refusal) {
            return refused(remote, "it refuses this node: " + refusal.reason());
        }
        if (hello instanceof Hello.Client client) {
            String problem = clientProblem(client);
            return dialled != 0 || problem != null
                    ? refused(remote, problem != null ? problem : "node " + dialled + " was dialled, a client answered")
                    : Verdict.client();
        }
        Hello.Member member = (Hello.Member) hello;
        String problem = memberProblem(dialled, member);
        return problem == null ? judgeStorage(remote, member) : refused(remote, problem);
    }

    private Verdict judgeStorage(String remote, Hello.Member member) {
        KnownStorage known = known(member.from(), member.storageId());
        if (known.storageId() != member.storageId()) {
            return excluded(
                    remote,
                    "node " + member.from() + " comes with storage " + hex(member.storageId())
                            + ", but is known here by "
                            + hex(known.storageId())
                            + ": it has lost its memory; remove it from the cluster and add a new node",
                    Cause.ANOTHER_STORAGE,
                    member);
        }
        String problem = known.problem(member.bootCount(), member.lifeId(), member.position());
        if (problem != null) {
            return excluded(
                    remote,
                    "node " + member.from() + " comes with an old copy of storage " + hex(member.storageId())
                            + ": seen here was " + problem
                            + "; its directory was restored, copied, or has lost its end: remove it from the cluster and add a"
                            + " new node, unless another process runs on the original",
                    Cause.OLD_COPY,
                    member);
        }
        return Verdict.peer(member.from());
    }

    /** Refuses for ever, and lets the other side know so that it can stop. */
    private Verdict excluded(String remote, String problem, Cause cause, Hello.Member member) {
        Verdict verdict = refused(remote, problem);
        Hello.Exclusion exclusion =
                new Hello.Exclusion(cause, identity.cluster(), member.from(), member.storageId(), member.bootCount());
        return verdict.withAnswer(HelloCodec.encode(
                new Hello.Refusal(Hello.PROTOCOL_VERSION, String.valueOf(verdict.refusal()), exclusion)));
    }

    /**
     * Tells whether a greeting says that this very storage, in this life, is never let in.
     *
     * @param bytes the greeting; anything at all may be in it
     * @return the refusal; null if it is none, or none of that kind, or meant for another
     */
    Hello.@Nullable Refusal exclusion(Bytes bytes) {
        try {
            if (HelloCodec.decode(bytes) instanceof Hello.Refusal refusal) {
                Hello.Exclusion exclusion = refusal.exclusion();
                return exclusion != null
                                && exclusion.cluster() == identity.cluster()
                                && exclusion.node() == identity.node()
                                && exclusion.storageId() == identity.storageId()
                                && exclusion.bootCount() == identity.bootCount()
                        ? refusal
                        : null;
            }
        } catch (WireException e) {
            return null; // judge has said so
        }
        return null;
    }

    private @Nullable String clientProblem(Hello.Client client) {
        if (client.version() != Hello.PROTOCOL_VERSION) {
            return versionProblem(client.version());
        } else if (client.cluster() != 0 && client.cluster() != identity.cluster()) {
            return "the client looks for cluster " + hex(client.cluster()) + ", this is cluster "
                    + hex(identity.cluster());
        } else if (client.group() != identity.group()) {
            return groupProblem(client.group());
        }
        return null;
    }

    private @Nullable String memberProblem(int dialled, Hello.Member member) {
        if (member.version() != Hello.PROTOCOL_VERSION) {
            return versionProblem(member.version());
        } else if (member.group() != identity.group()) {
            return groupProblem(member.group());
        } else if (!member.foundingRecord().equals(identity.foundingBytes())
                || member.cluster() != identity.cluster()) {
            return "it belongs to another cluster, or was founded differently: " + differences(member);
        } else if (member.from() == identity.node()) {
            return "duplicate node id: it says that it is node " + member.from() + ", with storage "
                    + hex(member.storageId()) + ", and so is this one, with storage " + hex(identity.storageId())
                    + "; start one of them with its own id and storage";
        } else if (!identity.isMember(member.from())) {
            return "node " + member.from() + " is no member of this cluster; its members are "
                    + identity.founding().members();
        } else if (dialled != 0 && member.from() != dialled) {
            return "node " + dialled + " was dialled, but node " + member.from() + " answers at its address";
        } else if (member.to() != 0 && member.to() != identity.node()) {
            return "it means to greet node " + member.to() + ", but this is node " + identity.node()
                    + "; the addresses of the two are mixed up";
        }
        return null;
    }

    private static String versionProblem(int version) {
        return "it speaks version " + version + " of the protocol, this node speaks " + Hello.PROTOCOL_VERSION
                + "; run versions of the library that know each other";
    }

    private String groupProblem(int group) {
        return "it asks for group " + group + ", this node serves group " + identity.group();
    }

    /** Names both sides' values of everything that differs. */
    private String differences(Hello.Member member) {
        FoundingRecord theirs;
        try {
            theirs = FoundingRecordCodec.decode(member.foundingRecord());
        } catch (WireException e) {
            return "cluster " + hex(member.cluster()) + " there, " + hex(identity.cluster()) + " here ("
                    + e.getMessage() + ")";
        }
        FoundingRecord ours = identity.founding();
        List<String> found = new ArrayList<>();
        differ(found, "members", theirs.members(), ours.members());
        differ(found, "alpha", theirs.alpha(), ours.alpha());
        differ(found, "largest value", theirs.valueBytesMax(), ours.valueBytesMax());
        differ(found, "largest frame", theirs.frameBytesMax(), ours.frameBytesMax());
        differ(found, "quorum system", theirs.quorumSystem(), ours.quorumSystem());
        differ(found, "phase-1 quorum", theirs.phase1(), ours.phase1());
        differ(found, "phase-2 quorum", theirs.phase2(), ours.phase2());
        differ(found, "cluster", hex(member.cluster()), hex(identity.cluster()));
        return String.join(", ", found);
    }

    private static void differ(List<String> found, String what, Object theirs, Object ours) {
        if (!Objects.equals(theirs, ours)) {
            found.add(what + " " + theirs + " there, " + ours + " here");
        }
    }

    private Verdict refused(String remote, String problem) {
        return Verdict.refused("node " + identity.node() + " refuses " + remote + ": " + problem);
    }

    /**
     * Checks what a frame says of itself, and remembers how far its sender's storage is.
     *
     * @param node the node that its connection belongs to
     * @param envelope the frame's envelope
     * @return null if it counts; else why not
     */
    @Nullable
    String problem(int node, Envelope envelope) {
        if (envelope.cluster() != identity.cluster() || envelope.group() != identity.group()) {
            return "it is for group " + envelope.group() + " of cluster " + hex(envelope.cluster());
        } else if (envelope.from() != node) {
            return "it says that node " + envelope.from() + " sent it";
        } else if (envelope.to() != identity.node()) {
            return "it is for node " + envelope.to();
        }
        KnownStorage known = storages.get(node);
        if (known == null || known.storageId() != envelope.storageId()) {
            return "it comes from storage " + hex(envelope.storageId()) + ", which the node is not known by";
        } else if (!known.isDurable()) {
            return "its storage is not on this node's disk yet";
        }
        known.seen(envelope.position());
        return null;
    }

    private static String hex(long id) {
        return Long.toHexString(id);
    }
}
