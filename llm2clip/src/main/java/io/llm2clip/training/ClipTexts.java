package io.llm2clip.training;

import io.llm2clip.dataset.DataMix;
import io.llm2clip.dataset.ExampleSet;
import io.llm2clip.kernels.Resources;
import io.llm2clip.model.Logits;
import io.llm2clip.nn.Parameters;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.Execution;
import java.util.List;
import java.util.Optional;

/**
 * The text branches that stage 2 trains, opened.
 *
 * @param parts one or two, the language model's first
 * @param side what a step takes of captions
 * @param strategy what is contrasted
 */
record ClipTexts(List<TextPart> parts, TextSide<?> side, TextStrategy strategy) implements AutoCloseable {
    /**
     * Opens them.
     *
     * @param owner receives what is trained
     * @param embeddingSize that of the vision tower
     * @param data what is learned from
     */
    static ClipTexts open(
            ClipText text, Parameters owner, int embeddingSize, DataMix data, CaptionDraw draw, Execution execution) {
        return switch (text) {
            case ClipText.LanguageModel language -> {
                LanguagePart part = LanguagePart.open(language, owner, embeddingSize, execution);
                yield new ClipTexts(List.of(part), part.side(draw), TextStrategy.REPLACE);
            }
            case ClipText.Tower tower -> {
                TowerPart part = TowerPart.open(tower, owner, embeddingSize, data, execution);
                yield new ClipTexts(List.of(part), part.side(part::kinds, draw), TextStrategy.REPLACE);
            }
            case ClipText.Both both -> both(both, owner, embeddingSize, data, draw, execution);
        };
    }

    private static ClipTexts both(
            ClipText.Both both,
            Parameters owner,
            int embeddingSize,
            DataMix data,
            CaptionDraw draw,
            Execution execution) {
        LanguagePart language = LanguagePart.open(both.language(), owner, embeddingSize, execution);
        try {
            TowerPart tower = TowerPart.open(both.tower(), owner, embeddingSize, data, execution);
            return new ClipTexts(
                    List.of(language, tower),
                    new BothTextSides<>(language.side(draw), tower.side(language::kinds, draw)),
                    both.strategy());
        } catch (RuntimeException | Error e) {
            language.close();
            throw e;
        }
    }

    /** What is contrasted, with logit scales that are created. */
    List<Contrast> contrasts(Parameters owner, Logits.Values start) {
        return strategy.contrasts(parts.getFirst().captionsBy(), owner, start);
    }

    /** Gets ready to read all captions, and says how many there are and how many are too long for the branch that reads the least. */
    TextVectors.Filled prepare(List<ExampleSet> sets, long draws, Progress progress) {
        return parts.stream()
                .map(part -> part.prepare(sets, draws, progress))
                .reduce((first, other) -> first.cut() >= other.cut() ? first : other)
                .orElseThrow();
    }

    /** Whether the two embeddings of a caption are joined, too. */
    boolean joined() {
        return strategy == TextStrategy.CONCATENATED;
    }

    /** The strategy, where there is a choice. */
    Optional<TextStrategy> choice() {
        return parts.size() == 1 ? Optional.empty() : Optional.of(strategy);
    }

    @Override
    public void close() {
        Resources.closeAll(parts.stream().<Runnable>map(part -> part::close).toList());
    }
}
