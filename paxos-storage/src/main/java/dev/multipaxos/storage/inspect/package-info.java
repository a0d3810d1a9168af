/** What a tool learns of a directory without changing it. */
@NullMarked
package dev.multipaxos.storage.inspect;

import org.jspecify.annotations.NullMarked;
