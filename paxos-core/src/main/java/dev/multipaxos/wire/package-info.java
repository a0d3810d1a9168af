/** The Protocol Buffers schema and its codec: everything that leaves a process or outlives it. */
@NullMarked
package dev.multipaxos.wire;

import org.jspecify.annotations.NullMarked;
