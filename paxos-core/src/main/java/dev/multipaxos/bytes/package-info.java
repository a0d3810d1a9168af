/** One value type: immutable bytes. A leaf, so that neither the ports nor the protocol import each other. */
@NullMarked
package dev.multipaxos.bytes;

import org.jspecify.annotations.NullMarked;
