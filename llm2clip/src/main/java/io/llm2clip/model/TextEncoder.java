package io.llm2clip.model;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.data.VectorTarget;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.Execution;
import io.llm2clip.text.CaptionKinds;
import io.llm2clip.text.Tokenizer;
import java.util.List;

/** The text branch of a model over any number of captions. */
public sealed interface TextEncoder extends AutoCloseable
        permits LanguageTextEncoder, TowerTextEncoder, JoinedTextEncoder {

    /**
     * The encoder of a branch, which lives as long as the branch and its tokenizer do, at most.
     *
     * @throws IllegalArgumentException if the branch cannot read captions as {@code options} say
     */
    static TextEncoder of(TextBranch branch, Tokenizer tokenizer, CaptionOptions options, Execution execution) {
        return switch (branch) {
            case LanguageBranch language -> new LanguageTextEncoder(language, tokenizer, options, execution);
            case TextTower tower ->
                new TowerTextEncoder(
                        tower,
                        caption -> tokenizer.encode(tower.prepared(caption), true),
                        options.within(tower.window()),
                        execution);
        };
    }

    /**
     * Embeddings {@code [N, E]} of captions, in their order, not normalized.
     *
     * @param phase hears of each caption
     */
    void embed(List<String> captions, FloatMatrix embeddings, Progress.Phase phase);

    /** V, the number of values of {@link #vectors}. */
    int vectorSize();

    /**
     * What captions are compared with each other by, {@code [N, V]}, not normalized: vectors of a language model before the adapter,
     * which says nothing about text, or the embeddings of a text tower.
     */
    void vectors(List<String> captions, VectorTarget vectors, Progress.Phase phase);

    /** Which captions of one image are short and which are long. */
    CaptionKinds kinds(List<String> captions);

    /** Tokens that are read of a caption at most, those around it included. */
    int maxLength();

    /** How many of the captions encoded so far were too long, so that their ends do not count. */
    long cutCaptions();

    @Override
    void close();
}
