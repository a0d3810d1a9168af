package dev.multipaxos.runtime;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.Transport.Verdict;
import dev.multipaxos.wire.Envelope;
import dev.multipaxos.wire.FoundingRecord;
import dev.multipaxos.wire.FoundingRecordCodec;
import dev.multipaxos.wire.Hello;
import dev.multipaxos.wire.HelloCodec;
import dev.multipaxos.wire.WireException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Judges who may talk to this node, and what they send. A peer is <i>pinned</i> to the storage with which it came first: until
 * that is durable here nothing of what it says counts, and with another storage it is refused for ever, because a node that
 * lost its memory must not vote as if it had it. Thread-safe.
 */
final class Handshake {

    /** What is known of a peer's storage. */
    private record Pin(long storageId, boolean durable) {}

    private final NodeIdentity identity;
    private final Map<Integer, Pin> pins = new ConcurrentHashMap<>();

    Handshake(NodeIdentity identity) {
        this.identity = identity;
    }

    /** A peer's storage is on this node's disk. */
    void pinned(int node, long storageId) {
        pins.put(node, new Pin(storageId, true));
    }

    /** {@return whether a peer's storage is known but not on the disk yet} */
    boolean awaitsDisk(int node) {
        Pin pin = pins.get(node);
        return pin != null && !pin.durable();
    }

    /** {@return the storage that a peer is known by; 0 if none is} */
    long storageOf(int node) {
        Pin pin = pins.get(node);
        return pin == null ? 0 : pin.storageId();
    }

    /**
     * Judges a greeting; a member that is seen for the first time is remembered by its storage.
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
        if (problem == null) {
            Pin known = pins.putIfAbsent(member.from(), new Pin(member.storageId(), false));
            if (known == null || known.storageId() == member.storageId()) {
                return Verdict.peer(member.from());
            }
            problem = "node " + member.from() + " comes with storage " + hex(member.storageId())
                    + ", but is known here by " + hex(known.storageId())
                    + ": it has lost its memory; remove it from the cluster and add a new node";
        }
        return refused(remote, problem);
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
     * Checks what a frame says of itself.
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
        Pin pin = pins.get(node);
        if (pin == null || pin.storageId() != envelope.storageId()) {
            return "it comes from storage " + hex(envelope.storageId()) + ", which the node is not known by";
        }
        return pin.durable() ? null : "its storage is not on this node's disk yet";
    }

    private static String hex(long id) {
        return Long.toHexString(id);
    }
}
