package io.llm2clip.evaluation.suite;

import io.llm2clip.model.VisionConfig;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What the LLM2CLIP paper (arXiv 2411.04997) reports of its models and others. */
public final class PublishedFigures {
    private static final List<Row> ROWS = read();

    private PublishedFigures() {}

    /**
     * What is reported of a model.
     *
     * @param tower its vision tower, as in {@link #tower}; empty for others
     * @param model its name in the paper; "LLM2CLIP" is the tower trained by LLM2CLIP, on so many pairs
     * @param version of the paper
     * @param figures by suite
     */
    public record Row(String tower, String model, String version, Map<Suite, Figure> figures) {
        /** Which one it is, where the name does not say it. */
        public String name() {
            return tower.isEmpty() || model.equals(tower) || tower.startsWith(model)
                    ? model
                    : "%s (%s)".formatted(model, tower);
        }
    }

    /**
     * What is reported on a data set, as fractions.
     *
     * @param first R@1 from image to text, or an accuracy; of ImageNet with one template
     * @param second R@1 from text to image, or of ImageNet with eighty; null of evaluations with one figure
     */
    public record Figure(double first, @Nullable Double second) {
        private static Figure parse(String text) {
            String[] parts = text.split("/");
            return new Figure(fraction(parts[0]), parts.length == 2 ? fraction(parts[1]) : null);
        }

        private static double fraction(String percent) {
            return new BigDecimal(percent).movePointLeft(2).doubleValue();
        }
    }

    /** All rows, baselines before what became of them. */
    public static List<Row> rows() {
        return ROWS;
    }

    /** The rows with a figure for one of {@code suites}; those of the same vision tower alone, if there are any. */
    public static List<Row> rows(List<Suite> suites, Optional<String> tower) {
        List<Row> rows = ROWS.stream()
                .filter(row -> suites.stream().anyMatch(row.figures::containsKey))
                .toList();
        List<Row> same = rows.stream()
                .filter(row -> tower.isPresent() && row.tower.equals(tower.get()))
                .toList();
        return same.isEmpty() ? rows : same;
    }

    /** What the paper calls a vision tower; empty for one that it has not. */
    public static Optional<String> tower(VisionConfig config) {
        String family = switch (config.architecture()) {
            case CLIP -> "CLIP ";
            case EVA02 -> "EVA02 ";
            case SIGLIP -> "SigLIP2 ";
            default -> "";
        };
        String size = switch (config.hiddenSize()) {
            case 768 -> "B";
            case 1024 -> "L";
            case 1152 -> "So";
            default -> "";
        };
        String name = family + size + "/" + config.patchSize() + "-" + config.imageSize();
        return ROWS.stream().map(Row::tower).filter(name::equals).findFirst();
    }

    private static List<Row> read() {
        try (InputStream in = Objects.requireNonNull(PublishedFigures.class.getResourceAsStream("published.tsv"))) {
            Map<String, Row> rows = new LinkedHashMap<>();
            for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .toList()) {
                if (!line.startsWith("#")) {
                    Row row = parse(line.split("\t"));
                    rows.merge(row.tower + "\t" + row.model + "\t" + row.version, row, PublishedFigures::both);
                }
            }
            return List.copyOf(new ArrayList<>(rows.values()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Row parse(String[] fields) {
        Map<Suite, Figure> figures = new LinkedHashMap<>();
        for (String figure : fields[3].split(" ")) {
            String[] parts = figure.split("=");
            figures.put(Suite.of(parts[0]).orElseThrow(), Figure.parse(parts[1]));
        }
        return new Row(fields[0], fields[1], fields[2], Map.copyOf(figures));
    }

    private static Row both(Row a, Row b) {
        Map<Suite, Figure> figures = new LinkedHashMap<>(a.figures);
        figures.putAll(b.figures);
        return new Row(a.tower, a.model, a.version, Map.copyOf(figures));
    }
}
