package io.llm2clip.training;

import io.llm2clip.progress.Progress;
import java.util.ArrayList;
import java.util.List;

/** Listens to what is said beside the count. */
final class Notes implements Progress {
    private final List<String> sentences = new ArrayList<>();

    /** What was said so far. */
    List<String> sentences() {
        return sentences;
    }

    @Override
    public Phase begin(String name, long total, String unit) {
        return NONE.begin(name, total, unit);
    }

    @Override
    public void note(String sentence) {
        sentences.add(sentence);
    }
}
