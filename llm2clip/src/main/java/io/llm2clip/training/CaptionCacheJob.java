package io.llm2clip.training;

import io.llm2clip.data.InputException;
import io.llm2clip.data.StoredFloats;
import io.llm2clip.data.TextVectorStore;
import io.llm2clip.data.VectorPart;
import io.llm2clip.dataset.ExampleSet;
import io.llm2clip.model.TextModel;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.Execution;
import io.llm2clip.text.SpecialTokens;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Computes the vectors of all captions of a data set before stage 2, for as many trainings as there will be. A run that is ended goes on
 * where it stopped; several processes may each compute a share.
 *
 * @param data whose captions; vectors of each set are looked for by themselves
 * @param text a text encoder, as {@link CaptionTrainingJob} writes it
 * @param vectors the store, which is made or added to
 * @param part the share of this run
 * @param type as what values are stored; empty for what the store has, or f32
 * @param stored whether vectors that lie beside the data are taken, see {@link TextVectors#fill}
 * @param specialTokens how special tokens in captions are taken; empty for what the text encoder says
 * @param execution where and how to compute
 */
public record CaptionCacheJob(
        List<ExampleSet> data,
        Path text,
        Path vectors,
        VectorPart part,
        Optional<StoredFloats> type,
        boolean stored,
        Optional<SpecialTokens> specialTokens,
        Execution execution) {
    /**
     * What came of it.
     *
     * @param vectors that there are now
     * @param flops floating-point operations that it took
     */
    public record Result(TextVectors.Filled filled, long vectors, long flops) {}

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
                        language.llama().config().hiddenSize(),
                        type)) {
            TextVectors.Filled filled = TextVectors.Filled.NONE;
            for (ExampleSet set : data) {
                filled = filled.and(TextVectors.fill(language.encoder(), set, part, store, stored, progress));
            }
            return new Result(filled, store.size(), language.encoder().flops());
        }
    }
}
