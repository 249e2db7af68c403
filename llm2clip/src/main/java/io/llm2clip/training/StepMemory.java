package io.llm2clip.training;

import io.llm2clip.progress.Progress;
import io.llm2clip.text.TokenBatch;
import java.util.Locale;

/** Says what memory the steps of stage 1 take when it is much, and what those with the longest captions will take. */
final class StepMemory {
    /** A step that takes less than this is not worth a sentence. */
    private static final long TOLD_BYTES = 1L << 30;

    private final int longest;
    private final Progress progress;
    private long told = TOLD_BYTES;

    /** @param longest tokens of the longest caption */
    StepMemory(int longest, Progress progress) {
        this.longest = longest;
        this.progress = progress;
    }

    /**
     * A step is about to run.
     *
     * @param bytes that its program takes
     * @param batch its captions
     */
    void tell(long bytes, TokenBatch batch) {
        if (bytes < told) {
            return;
        }
        long rows = batch.size();
        long tokens = batch.tokens();
        String further = tokens < rows * longest
                ? String.format(
                        Locale.ROOT,
                        ", captions of the greatest length, %d tokens, about %.1f GB",
                        longest,
                        1e-9 * bytes * rows * longest / tokens)
                : "";
        progress.note(String.format(
                Locale.ROOT,
                "Stage 1: %d captions of %d tokens on average take %.1f GB%s; --batch and --max-length lower it.",
                rows,
                tokens / rows,
                1e-9 * bytes,
                further));
        // Said again only when it has become twice as much.
        told = 2 * bytes;
    }
}
