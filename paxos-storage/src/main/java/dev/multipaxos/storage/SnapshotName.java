package dev.multipaxos.storage;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What the name of a snapshot's file says; its header says the same.
 *
 * @param group the group
 * @param slot the last slot whose effects are in it
 * @param id drawn at random, so that no file ever has the name, or the checksums, of another
 */
record SnapshotName(int group, long slot, long id) {
    private static final String SUFFIX = ".snap";
    private static final Pattern NAME =
            Pattern.compile("snapshot-([0-9]{1,10})-([0-9]{1,19})-([0-9a-f]{16})" + Pattern.quote(SUFFIX));

    /** {@return what a name says, or null if it is not that of a snapshot} */
    static @Nullable SnapshotName parse(String name) {
        Matcher parts = NAME.matcher(name);
        if (!parts.matches()) {
            return null;
        }
        try {
            SnapshotName parsed = new SnapshotName(
                    Integer.parseInt(parts.group(1)),
                    Long.parseLong(parts.group(2)),
                    Long.parseUnsignedLong(parts.group(3), 16));
            return parsed.file().equals(name) ? parsed : null;
        } catch (NumberFormatException e) {
            return null; // more digits than a group or a slot can have
        }
    }

    /** {@return whether a name is that of a snapshot that was not finished} */
    static boolean isUnfinished(String name) {
        return name.endsWith(CopiedFile.TEMPORARY)
                && parse(name.substring(0, name.length() - CopiedFile.TEMPORARY.length())) != null;
    }

    String file() {
        return String.format("snapshot-%d-%d-%016x" + SUFFIX, group, slot, id);
    }

    String unfinishedFile() {
        return file() + CopiedFile.TEMPORARY;
    }
}
