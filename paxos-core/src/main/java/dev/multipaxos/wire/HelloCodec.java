package dev.multipaxos.wire;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Parser;
import com.google.protobuf.UnsafeByteOperations;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.wire.proto.HandshakeProto.ClientGreeting;
import dev.multipaxos.wire.proto.HandshakeProto.Greeting;
import dev.multipaxos.wire.proto.HandshakeProto.MemberGreeting;
import dev.multipaxos.wire.proto.HandshakeProto.Refusal;
import dev.multipaxos.wire.proto.HandshakeProto.RefusalCause;
import org.jspecify.annotations.Nullable;

/** The first frame of a connection, in each direction. Stateless; any thread. */
public final class HelloCodec {
    private static final Parser<Greeting> GREETING = Head.parser(Greeting.parser());

    private HelloCodec() {}

    /**
     * Encodes a greeting.
     *
     * @param hello the greeting
     * @return a whole frame
     */
    public static Bytes encode(Hello hello) {
        return Bytes.wrap(toProto(hello).toByteArray());
    }

    private static Greeting toProto(Hello hello) {
        if (hello instanceof Hello.Member member) {
            Bytes foundation = member.foundingRecord();
            return Greeting.newBuilder()
                    .setVersion(member.version())
                    .setMember(MemberGreeting.newBuilder()
                            .setCluster(member.cluster())
                            .setGroup(member.group())
                            .setFrom(member.from())
                            .setTo(member.to())
                            .setStorageId(member.storageId())
                            .setBootCount(member.bootCount())
                            .setPosition(member.position())
                            .setFoundingRecord(UnsafeByteOperations.unsafeWrap(
                                    foundation.array(), foundation.offset(), foundation.length()))
                            .setLifeId(member.lifeId()))
                    .build();
        } else if (hello instanceof Hello.Client client) {
            return Greeting.newBuilder()
                    .setVersion(client.version())
                    .setClient(ClientGreeting.newBuilder()
                            .setCluster(client.cluster())
                            .setGroup(client.group()))
                    .build();
        } else if (hello instanceof Hello.Refusal refusal) {
            return Greeting.newBuilder()
                    .setVersion(refusal.version())
                    .setRefusal(refusal(refusal))
                    .build();
        }
        throw new IllegalStateException("no encoding for " + hello.getClass());
    }

    private static Refusal.Builder refusal(Hello.Refusal refusal) {
        Refusal.Builder proto = Refusal.newBuilder().setReason(refusal.reason());
        Hello.Exclusion exclusion = refusal.exclusion();
        if (exclusion != null) {
            proto.setCause(
                            switch (exclusion.cause()) {
                                case ANOTHER_STORAGE -> RefusalCause.REFUSAL_CAUSE_ANOTHER_STORAGE;
                                case OLD_COPY -> RefusalCause.REFUSAL_CAUSE_OLD_COPY;
                            })
                    .setCluster(exclusion.cluster())
                    .setNode(exclusion.node())
                    .setStorageId(exclusion.storageId())
                    .setBootCount(exclusion.bootCount());
        }
        return proto;
    }

    /**
     * Decodes a greeting. That of a newer version is valid: it is for the receiver to compare versions.
     *
     * @param bytes a whole frame; anything at all may be in it
     * @return the greeting
     * @throws WireException if it is not valid
     */
    public static Hello decode(Bytes bytes) throws WireException {
        Greeting greeting;
        try {
            greeting = GREETING.parseFrom(bytes.array(), bytes.offset(), bytes.length());
        } catch (InvalidProtocolBufferException e) {
            throw Head.invalid("greeting", e);
        }
        int version = greeting.getVersion();
        if (version < 1) {
            throw Head.bad("a greeting without a version; whoever dialled speaks another protocol");
        }
        return switch (greeting.getKindCase()) {
            case MEMBER -> member(version, greeting.getMember());
            case CLIENT ->
                new Hello.Client(
                        version,
                        greeting.getClient().getCluster(),
                        Head.group(greeting.getClient().getGroup()));
            case REFUSAL ->
                new Hello.Refusal(version, greeting.getRefusal().getReason(), exclusion(greeting.getRefusal()));
            case KIND_NOT_SET ->
                throw Head.bad("a greeting of version " + version + " is of an unknown kind; this side speaks version "
                        + Hello.PROTOCOL_VERSION);
        };
    }

    /** A cause that this version does not know is none: the reason is there for people. */
    private static Hello.@Nullable Exclusion exclusion(Refusal refusal) throws WireException {
        Hello.Cause cause = switch (refusal.getCause()) {
            case REFUSAL_CAUSE_ANOTHER_STORAGE -> Hello.Cause.ANOTHER_STORAGE;
            case REFUSAL_CAUSE_OLD_COPY -> Hello.Cause.OLD_COPY;
            case REFUSAL_CAUSE_UNSPECIFIED, UNRECOGNIZED -> null;
        };
        return cause == null
                ? null
                : new Hello.Exclusion(
                        cause,
                        refusal.getCluster(),
                        Head.node("the refused", refusal.getNode()),
                        refusal.getStorageId(),
                        Head.notNegative("the boot count", refusal.getBootCount()));
    }

    private static Hello member(int version, MemberGreeting member) throws WireException {
        return new Hello.Member(
                version,
                member.getCluster(),
                Head.group(member.getGroup()),
                Head.node("the sender", member.getFrom()),
                (int) Head.notNegative("the receiver's id", member.getTo()),
                member.getStorageId(),
                Head.notNegative("the boot count", member.getBootCount()),
                Head.notNegative("the journal position", member.getPosition()),
                Bytes.wrap(member.getFoundingRecord().toByteArray()),
                member.getLifeId());
    }
}
