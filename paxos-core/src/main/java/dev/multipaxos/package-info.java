/** Replicates an application's state machine on every member of a cluster; start at {@link dev.multipaxos.PaxosNode}. */
@NullMarked
package dev.multipaxos;

import org.jspecify.annotations.NullMarked;
