package dev.multipaxos.testkit.explore;

import dev.multipaxos.core.ReplicaState;
import dev.multipaxos.runtime.Driver;

/**
 * One node between two turns, as a value.
 *
 * @param node which one
 * @param replica the protocol
 * @param gate what waits for the disk
 * @param disk the disk
 */
record NodeState(int node, ReplicaState replica, Driver.Held gate, Disk disk) {}
