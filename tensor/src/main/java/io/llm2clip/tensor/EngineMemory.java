package io.llm2clip.tensor;

import java.util.concurrent.atomic.AtomicLong;

/** Counts the off-heap bytes that programs and parameter stores hold, so that reports and leak tests need not guess. */
public final class EngineMemory {
    private static final AtomicLong LIVE = new AtomicLong();
    private static final AtomicLong PEAK = new AtomicLong();

    private EngineMemory() {}

    /** Records an allocation. */
    public static void allocated(long bytes) {
        long live = LIVE.addAndGet(bytes);
        PEAK.accumulateAndGet(live, Math::max);
    }

    /** Records that an allocation was returned. */
    public static void released(long bytes) {
        LIVE.addAndGet(-bytes);
    }

    /** Bytes held now. */
    public static long liveBytes() {
        return LIVE.get();
    }

    /** The most bytes held since the last {@link #resetPeak}. */
    public static long peakBytes() {
        return PEAK.get();
    }

    /** Starts a new measurement of the peak. */
    public static void resetPeak() {
        PEAK.set(LIVE.get());
    }
}
