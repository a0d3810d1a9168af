package dev.multipaxos.storage;

/**
 * What a storage was told.
 *
 * @param segmentBytes the size of new segments
 * @param warnBytes with less room the disk is low; 0: as much as the segments want
 * @param stopBytes with less room it is full; 0 as above
 * @param scrubbing when what is at rest is read again
 */
record Options(int segmentBytes, long warnBytes, long stopBytes, Scrubber.Schedule scrubbing) {
    /** Somebody is warned when there is room for fewer segments than so many, unless told otherwise. */
    private static final int WARN_SEGMENTS = 16;

    /** Values are no longer taken when there is room for fewer segments than so many, unless told otherwise. */
    private static final int STOP_SEGMENTS = 4;

    static final Options DEFAULT = new Options(FileStorage.SEGMENT_BYTES_DEFAULT, 0, 0, Scrubber.Schedule.DAILY);

    Options withSegmentBytes(int bytes) {
        return new Options(bytes, warnBytes, stopBytes, scrubbing);
    }

    Options withSpace(long warn, long stop) {
        return new Options(segmentBytes, warn, stop, scrubbing);
    }

    Options withScrubbing(Scrubber.Schedule schedule) {
        return new Options(segmentBytes, warnBytes, stopBytes, schedule);
    }

    @Override
    public long warnBytes() {
        return warnBytes == 0 ? (long) WARN_SEGMENTS * segmentBytes : warnBytes;
    }

    @Override
    public long stopBytes() {
        return stopBytes == 0 ? (long) STOP_SEGMENTS * segmentBytes : stopBytes;
    }
}
