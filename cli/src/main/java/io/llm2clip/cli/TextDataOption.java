package io.llm2clip.cli;

import io.llm2clip.dataset.CaptionColumns;
import io.llm2clip.dataset.DataSource;
import io.llm2clip.dataset.ExampleSet;
import io.llm2clip.dataset.TextSets;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The texts that a language model learns from. */
@HelpSection.In(HelpSection.INPUT)
final class TextDataOption {
    @Parameters(
            arity = "1..*",
            paramLabel = "DATA",
            description =
                    "Sources of texts, each batch is from one: a file of lines {\"captions\": [\"...\", \"...\"]} or {\"query\": \"...\","
                            + " \"positive\": \"...\", \"negative\": \"...\"}, a folder with a captions.jsonl or with such files, a .csv or .tsv"
                            + " table, or tar files of WebDataset.")
    private List<String> names = List.of();

    @Mixin
    private CaptionColumnsOption columns = new CaptionColumnsOption();

    @Option(
            names = "--weights",
            split = ",",
            paramLabel = "X",
            description = "How often each DATA is drawn from, in their order (default: as often as it has examples).")
    private List<Double> weights = List.of();

    /** Opens them, and says what of them is not used. */
    List<DataSource> open(Terminal terminal) {
        List<DataSource> sources = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            List<ExampleSet> sets = TextSets.open(names.get(i), columns());
            long all = sets.stream().mapToLong(ExampleSet::size).sum();
            for (ExampleSet set : sets) {
                set.notes().forEach(terminal::remark);
                DataSource source = DataSource.of(set);
                sources.add(weights.isEmpty() ? source : source.weighing(weights.get(i) * set.size() / all));
            }
        }
        return sources;
    }

    /** @throws IllegalArgumentException if there is not one weight for each source */
    void check() {
        if (!weights.isEmpty() && weights.size() != names.size()) {
            throw new IllegalArgumentException("--weights has %d numbers for %d sources of texts; give one for each."
                    .formatted(weights.size(), names.size()));
        }
        for (double weight : weights) {
            if (!(weight > 0) || Double.isInfinite(weight)) {
                throw new IllegalArgumentException(
                        "--weights must be numbers above 0, found %s; leave out a source that is not wanted."
                                .formatted(weight));
            }
        }
    }

    CaptionColumns columns() {
        return columns.columns();
    }
}
