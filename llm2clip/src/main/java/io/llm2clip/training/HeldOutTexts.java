package io.llm2clip.training;

import io.llm2clip.data.InputException;
import io.llm2clip.dataset.DataMix;
import io.llm2clip.dataset.DataSource;
import io.llm2clip.dataset.EvenSample;
import io.llm2clip.dataset.Example;
import io.llm2clip.dataset.ExampleSet;
import io.llm2clip.dataset.HeldOutExamples;
import io.llm2clip.dataset.TextFile;
import io.llm2clip.dataset.TextSets;
import io.llm2clip.progress.Progress;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * What stage 1 learns from and what it is measured on.
 *
 * @param training sources without what is measured
 * @param measured texts by example, different ones, at least two of each
 * @param broken why examples that were to be measured could not be used, a sentence each
 */
record HeldOutTexts(List<DataSource> training, List<List<String>> measured, List<String> broken) {
    private static final int MOST_MEASURED = 5000;
    /** What a tokenizer and a language model from scratch learn from: enough for small ones. */
    private static final int CORPUS = 100_000;

    private static final int LEAST = 2;

    /**
     * Divides each source, or opens what is to be measured.
     *
     * @throws InputException if there is too little to learn from or to measure
     */
    static HeldOutTexts of(List<DataSource> sources, Validation validation) {
        List<DataSource> training = new ArrayList<>(sources);
        List<ExampleSet> held = new ArrayList<>();
        switch (validation) {
            case Validation.Share share -> {
                for (int i = 0; i < sources.size(); i++) {
                    DataSource source = sources.get(i);
                    HeldOutExamples split = HeldOutExamples.of(DataMix.of(source.set()), share.every());
                    training.set(
                            i, source.with(split.training().sources().getFirst().set()));
                    held.add(split.measured());
                }
            }
            case Validation.Data data -> held.addAll(TextSets.open(data.path().toString(), data.columns()));
        }
        List<List<String>> measured = new ArrayList<>();
        List<String> broken = new ArrayList<>();
        for (ExampleSet set : held) {
            EvenSample.of(set, MOST_MEASURED)
                    .read(example -> add(example, measured), e -> broken.add("" + e.getMessage()));
        }
        if (measured.size() < LEAST) {
            throw new InputException(
                    "Of what is held out of %s %d examples have two different texts, expected at least %d; add some%s."
                            .formatted(
                                    held.getFirst().name(),
                                    measured.size(),
                                    LEAST,
                                    broken.isEmpty()
                                            ? ""
                                            : ", or mend those that cannot be used (%d, the first because: %s)"
                                                    .formatted(broken.size(), broken.getFirst())));
        }
        return new HeldOutTexts(training, measured, broken);
    }

    private static void add(Example example, List<List<String>> measured) {
        List<String> texts = paired(example);
        if (texts.size() >= LEAST) {
            measured.add(texts);
        }
    }

    /** Captions; of a query with documents, it and what it should find. */
    private static List<String> paired(Example example) {
        List<String> found = Stream.of(TextFile.QUERY, TextFile.POSITIVE)
                .flatMap(column -> example.captions().stream()
                        .filter(caption -> caption.column().equalsIgnoreCase(column))
                        .limit(1))
                .map(Example.Caption::text)
                .distinct()
                .toList();
        return found.size() == 2 ? found : example.texts().stream().distinct().toList();
    }

    /** The texts that a tokenizer and a language model from scratch learn from: all, or those of examples that are evenly spread. */
    List<String> corpus(Progress progress) {
        List<String> corpus = new ArrayList<>();
        for (DataSource source : training) {
            EvenSample sample = EvenSample.of(source.set(), CORPUS);
            if (!sample.whole()) {
                progress.note("Tokenizer and language model learn from %,d of the %,d examples of %s."
                        .formatted(
                                sample.count(),
                                source.set().size(),
                                source.set().name()));
            }
            sample.read(example -> corpus.addAll(example.texts()), _ -> {});
        }
        return corpus;
    }
}
