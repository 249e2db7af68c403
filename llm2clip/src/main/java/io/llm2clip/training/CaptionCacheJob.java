package io.llm2clip.training;

import io.llm2clip.data.InputException;
import io.llm2clip.data.TextVectorStore;
import io.llm2clip.data.VectorPart;
import io.llm2clip.dataset.ExampleSet;
import io.llm2clip.model.TextModel;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.Execution;
import io.llm2clip.text.SpecialTokens;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Computes the vectors of all captions of a data set before stage 2, for as many trainings as there will be. A run that is ended goes on
 * where it stopped; several processes may each compute a share.
 *
 * @param data whose captions
 * @param text a text encoder, as {@link CaptionTrainingJob} writes it
 * @param vectors the store, which is made or added to
 * @param part the share of this run
 * @param specialTokens how special tokens in captions are taken; empty for what the text encoder says
 * @param execution where and how to compute
 */
public record CaptionCacheJob(
        ExampleSet data,
        Path text,
        Path vectors,
        VectorPart part,
        Optional<SpecialTokens> specialTokens,
        Execution execution) {
    private static final int REASONS = 100;

    /**
     * What came of it.
     *
     * @param examples of the share
     * @param captions that they have
     * @param computed captions whose vectors were not there, equal ones once
     * @param stored vectors that are there now
     * @param skipped examples that cannot be used
     * @param reasons a sentence for each of the first
     */
    public record Result(
            long examples, long captions, long computed, long stored, long skipped, List<String> reasons) {}

    /**
     * Computes what is missing.
     *
     * @throws InputException if the store belongs to another text encoder, or no example can be used
     */
    public Result run(Progress progress) {
        try (TextModel language = TextModel.open(text, specialTokens, execution);
                TextVectorStore store = TextVectorStore.open(
                        vectors,
                        part,
                        language.fingerprint(),
                        language.llama().config().hiddenSize())) {
            long total = (data.size() + part.count() - part.number()) / part.count();
            List<String> reasons = new ArrayList<>();
            long examples = 0;
            long captions = 0;
            long skipped = 0;
            long number = 0;
            TextVectors.Filling filling = new TextVectors.Filling(language.encoder(), store, Progress.Phase.NONE);
            try (Progress.Phase phase = progress.begin("text vectors", total, "example")) {
                for (int shard = 0; shard < data.shards(); shard++) {
                    for (int index = 0; index < data.size(shard); index++) {
                        if (!part.has(number++)) {
                            continue;
                        }
                        examples++;
                        try {
                            List<String> texts = data.captions(shard, index);
                            captions += texts.size();
                            texts.forEach(filling::add);
                        } catch (InputException e) {
                            if (skipped++ < REASONS) {
                                reasons.add(String.valueOf(e.getMessage()));
                            }
                        }
                        phase.advance(1);
                    }
                }
            }
            if (skipped > 0 && skipped == examples) {
                throw new InputException(
                        "%s has no usable example, the first because: %s".formatted(data.name(), reasons.getFirst()));
            }
            filling.finish();
            return new Result(examples, captions, filling.added(), store.size(), skipped, reasons);
        }
    }
}
