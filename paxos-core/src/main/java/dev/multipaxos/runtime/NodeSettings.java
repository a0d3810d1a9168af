package dev.multipaxos.runtime;

import dev.multipaxos.Codec;
import dev.multipaxos.Limits;
import dev.multipaxos.Membership;
import dev.multipaxos.NodeListener;
import dev.multipaxos.Retention;
import dev.multipaxos.StateMachine;
import dev.multipaxos.Timing;
import dev.multipaxos.spi.DurableStorage;
import dev.multipaxos.spi.Transport;

/**
 * What a node was told, checked.
 *
 * @param node its id
 * @param group its group
 * @param membership the founding members
 * @param bind where it listens
 * @param storage its memory
 * @param transport its connections
 * @param timing its times
 * @param limits its bounds
 * @param retention what it keeps of the past
 * @param forcesOnLoop whether the loop forces the journal itself
 * @param listener who is told
 * @param stateMachine what is replicated
 * @param commands how commands become bytes
 * @param answers how answers become bytes
 * @param <C> commands
 * @param <R> their answers
 */
public record NodeSettings<C, R>(
        int node,
        int group,
        Membership membership,
        String bind,
        DurableStorage storage,
        Transport transport,
        Timing timing,
        Limits limits,
        Retention retention,
        boolean forcesOnLoop,
        NodeListener listener,
        StateMachine<C, R> stateMachine,
        Codec<C> commands,
        Codec<R> answers) {}
