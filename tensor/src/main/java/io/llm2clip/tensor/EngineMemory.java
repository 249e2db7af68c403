package io.llm2clip.tensor;

import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Counts the off-heap bytes that programs and parameter stores hold, so that reports and leak tests need not guess, and may bound
 * them.
 */
public final class EngineMemory {
    private static final AtomicLong LIVE = new AtomicLong();
    private static final AtomicLong PEAK = new AtomicLong();
    private static volatile long limit = Long.MAX_VALUE;

    private EngineMemory() {}

    /** Records an allocation. */
    public static void allocated(long bytes) {
        reached(LIVE.addAndGet(bytes));
    }

    /** Records that an allocation was returned. */
    public static void released(long bytes) {
        LIVE.addAndGet(-bytes);
    }

    /**
     * Records an allocation that is about to be made.
     *
     * @throws EngineMemoryError if it goes beyond the limit; it is not recorded then
     */
    public static void take(long bytes, String purpose) {
        long most = limit;
        long live = LIVE.get();
        while (live <= most - bytes) {
            if (LIVE.compareAndSet(live, live + bytes)) {
                reached(live + bytes);
                return;
            }
            live = LIVE.get();
        }
        throw refused(bytes, purpose, null);
    }

    /** The error of an allocation that cannot be made. */
    static EngineMemoryError refused(long bytes, String purpose, @Nullable String reason) {
        return new EngineMemoryError(String.format(
                Locale.ROOT,
                "No %.3f GB of memory for %s, %.3f GB are in use%s%s; use smaller batches or a smaller model.",
                1e-9 * bytes,
                purpose,
                1e-9 * LIVE.get(),
                limit == Long.MAX_VALUE ? "" : String.format(Locale.ROOT, " of at most %.3f GB", 1e-9 * limit),
                reason == null ? "" : " (" + reason + ")"));
    }

    /**
     * Bounds the bytes held: what goes beyond is refused with an {@link EngineMemoryError}. Without a bound the operating system
     * decides, which may end the process instead.
     *
     * @param bytes {@link Long#MAX_VALUE} for no bound, as at the start
     */
    public static void limit(long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException(
                    "A limit of " + bytes + " bytes for the engine's memory, expected 0 or more; ask for fewer bytes.");
        }
        limit = bytes;
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

    private static void reached(long live) {
        PEAK.accumulateAndGet(live, Math::max);
    }
}
