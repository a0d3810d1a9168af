/** The two ports, storage and transport, for those who bring their own: bytes and primitives, no protocol type. */
@NullMarked
package dev.multipaxos.spi;

import org.jspecify.annotations.NullMarked;
