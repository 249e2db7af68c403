package io.llm2clip.training.pair;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.dataset.DataSource;
import io.llm2clip.dataset.Example;
import io.llm2clip.dataset.ExampleSet;
import io.llm2clip.dataset.TextFile;
import io.llm2clip.dataset.TextGroups;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Groups here have captions of words {@code gN}, a different number of them each, so that a row says its group and length. */
class PairBatchesTest {
    private static final int STEPS = 1000;
    private static final Words ROWS = new Words();

    @TempDir
    private Path folder;

    private static PairBatches of(List<List<String>> groups, Pairing pairing, int batch) {
        return of(List.of(DataSource.of(new TextGroups("groups", groups))), InstructionTable.NONE, pairing, batch);
    }

    private static PairBatches of(List<DataSource> sources, InstructionTable table, Pairing pairing, int batch) {
        return PairBatches.of(sources, table, ROWS, pairing, batch, STEPS, 3);
    }

    /** A short caption and three long ones each. */
    private static List<List<String>> groups(int count) {
        List<List<String>> groups = new ArrayList<>();
        for (int g = 0; g < count; g++) {
            groups.add(List.of(caption(g, 3), caption(g, 8), caption(g, 9), caption(g, 10)));
        }
        return groups;
    }

    private static String caption(int group, int words) {
        return "g%d ".formatted(group).repeat(words).strip();
    }

    private static int group(TextPairs.Item item) {
        return item.plain().ids()[0];
    }

    private static boolean isShort(TextPairs.Item item) {
        return item.plain().ids().length <= 3;
    }

    /** Each pair is of one group, no group is in a batch twice, and negatives are never of the pair's own example by name. */
    private static void requirePairs(TextPairs pairs, int batch) {
        assertThat(pairs.queries()).hasSize(batch);
        assertThat(pairs.positives()).hasSize(batch);
        Set<Integer> groups = new HashSet<>();
        for (int i = 0; i < batch; i++) {
            TextPairs.Item query = pairs.queries().get(i);
            TextPairs.Item positive = pairs.positives().get(i);
            groups.add(group(query));
            assertThat(group(positive)).isEqualTo(group(query));
            assertThat(positive.example()).isEqualTo(query.example());
            assertThat(positive.row()).isNotEqualTo(query.row());
            PairKind kind = PairKind.of(isShort(query), isShort(positive));
            switch (pairs.kind()) {
                case ANY_TWO -> assertThat(kind).isNotEqualTo(PairKind.SHORT_TO_SHORT);
                case SHORT_AND_LONG -> assertThat(kind).isIn(PairKind.SHORT_TO_LONG, PairKind.LONG_TO_SHORT);
                default -> assertThat(kind).isEqualTo(pairs.kind());
            }
        }
        assertThat(groups).hasSize(batch);
    }

    @ParameterizedTest
    @EnumSource(PairMix.class)
    void pairsAreTwoCaptionsOfOneImage(PairMix mix) {
        try (PairBatches batches = of(groups(10), new Pairing(mix, 0, 0.5, true), 4)) {
            Map<PairKind, Integer> kinds = new EnumMap<>(PairKind.class);
            for (int step = 0; step < 60; step++) {
                TextPairs pairs = batches.next(step);
                requirePairs(pairs, 4);
                assertThat(pairs.negatives()).hasSize(4);
                kinds.merge(pairs.kind(), 1, Integer::sum);
            }
            assertThat(kinds.keySet())
                    .containsExactlyElementsOf(
                            switch (mix) {
                                case ANY -> List.of(PairKind.ANY_TWO);
                                case SHORT_LONG -> List.of(PairKind.SHORT_AND_LONG);
                                case BY_LENGTH ->
                                    List.of(PairKind.LONG_TO_LONG, PairKind.SHORT_TO_LONG, PairKind.LONG_TO_SHORT);
                            });
        }
    }

    /** Of a short and three long captions, six of twelve ordered pairs have the short one. */
    @Test
    void anyTwoCaptionsAreDrawnEquallyOften() {
        Map<PairKind, Integer> kinds = new EnumMap<>(PairKind.class);
        try (PairBatches batches = of(groups(10), Pairing.ANY, 10)) {
            for (int step = 0; step < 200; step++) {
                TextPairs pairs = batches.next(step);
                for (int i = 0; i < 10; i++) {
                    kinds.merge(
                            PairKind.of(
                                    isShort(pairs.queries().get(i)),
                                    isShort(pairs.positives().get(i))),
                            1,
                            Integer::sum);
                }
            }
        }
        assertThat(kinds.get(PairKind.LONG_TO_LONG)).isBetween(900, 1100);
        assertThat(kinds.get(PairKind.SHORT_TO_LONG)).isBetween(400, 600);
        assertThat(kinds.get(PairKind.LONG_TO_SHORT)).isBetween(400, 600);
    }

    /** The paper's first version: a column of each kind. */
    @ParameterizedTest
    @EnumSource(PairMix.class)
    void oneShortAndOneLongCaptionPerImageArePairs(PairMix mix) {
        List<List<String>> paper = IntStream.range(0, 6)
                .mapToObj(g -> List.of(caption(g, 3), caption(g, 9)))
                .toList();
        try (PairBatches batches = of(paper, new Pairing(mix, 0.5, 0.3, true), 4)) {
            assertThat(batches.remarks())
                    .hasSize(mix == PairMix.SHORT_LONG ? 0 : 1)
                    .allMatch(remark -> remark.startsWith("All pairs of stage 1 are of a short and a long caption"));
            for (int step = 0; step < 20; step++) {
                TextPairs pairs = batches.next(step);
                requirePairs(pairs, 4);
                assertThat(pairs.kind()).isNotEqualTo(PairKind.LONG_TO_LONG);
            }
        }
    }

    @Test
    void theCurriculumBeginsWithDetailedPairs() {
        try (PairBatches batches = of(groups(10), Pairing.BY_LENGTH, 4)) {
            int mixed = 0;
            for (int step = 0; step < STEPS; step++) {
                boolean detailed = batches.next(step).kind() == PairKind.LONG_TO_LONG;
                assertThat(detailed || step >= STEPS / 2).isTrue();
                mixed += detailed ? 0 : 1;
            }
            assertThat(mixed).isBetween(110, 190);
        }
    }

    @Test
    void anImageWithoutAShortCaptionTakesPartInTheOtherBatches() {
        List<List<String>> groups = groups(9);
        groups.add(List.of(caption(9, 8), caption(9, 9)));
        try (PairBatches batches = of(groups, Pairing.BY_LENGTH, 32)) {
            assertThat(batches.remarks())
                    .containsExactly(
                            "Batches of stage 1 have 10 pairs instead of 32, because there are only 10 images to learn from.",
                            "Of 10 images 10 have two long captions and 9 a short and a long one; stage 1 pairs each with what it has.");
            int mixed = 0;
            for (int step = 0; step < STEPS; step++) {
                TextPairs pairs = batches.next(step);
                boolean detailed = pairs.kind() == PairKind.LONG_TO_LONG;
                requirePairs(pairs, detailed ? 10 : 9);
                mixed += detailed ? 0 : 1;
            }
            assertThat(mixed).isBetween(90, 190);
        }
    }

    @Test
    void aKindThatFewImagesHaveHasFewSteps() {
        List<List<String>> rare = groups(2);
        for (int g = 2; g < 40; g++) {
            rare.add(List.of(caption(g, 8), caption(g, 9)));
        }
        // Two of a batch of 20: a tenth of the usual 150 steps, about.
        assertThat(mixed(rare)).isBetween(5L, 40L);
        List<List<String>> mostlyMixed = new ArrayList<>(rare.subList(2, 4));
        for (int g = 4; g < 40; g++) {
            mostlyMixed.add(List.of(caption(g, 3), caption(g, 9)));
        }
        try (PairBatches batches = of(mostlyMixed, Pairing.BY_LENGTH, 20)) {
            long curriculum = IntStream.range(0, 500)
                    .filter(step -> batches.next(step).kind() == PairKind.LONG_TO_LONG)
                    .count();
            assertThat(curriculum).isBetween(25L, 85L);
        }
    }

    private static long mixed(List<List<String>> groups) {
        try (PairBatches batches = of(groups, Pairing.BY_LENGTH, 20)) {
            return IntStream.range(500, STEPS)
                    .filter(step -> batches.next(step).kind() != PairKind.LONG_TO_LONG)
                    .count();
        }
    }

    @Test
    void whatCannotBePairedIsLeftOutAndRefusedWhereNothingIsLeft() {
        List<List<String>> groups = groups(3);
        groups.add(List.of(caption(7, 8), caption(7, 8)));
        groups.add(List.of(caption(8, 8)));
        try (PairBatches batches = of(groups, Pairing.ANY, 3)) {
            assertThat(batches.size()).isEqualTo(3);
            assertThat(batches.remarks())
                    .containsExactly("2 of 5 groups of groups have no two different captions and are left out.");
            for (int step = 0; step < 10; step++) {
                requirePairs(batches.next(step), 3);
            }
        }
        assertThatThrownBy(() -> of(groups.subList(3, 5), Pairing.ANY, 2))
                .hasMessage(
                        "Of 2 examples of groups 0 have two different captions to pair, stage 1 needs two such examples; add captions,"
                                + " or cut them at more tokens.");
        List<List<String>> alike = IntStream.range(0, 4)
                .mapToObj(g -> List.of(caption(g, 8), caption(g, 9)))
                .toList();
        assertThatThrownBy(() -> of(alike, new Pairing(PairMix.SHORT_LONG, 0, 0, false), 2))
                .hasMessage(
                        "Of 4 examples of groups 0 have a short caption and one of more than twice its tokens; choose other pairs or add captions.");
    }

    /** All sources, mixes and negatives at once: from every position on, what follows is the same. */
    @Test
    void goesOnWhereItStopped() throws IOException {
        List<DataSource> sources = List.of(
                DataSource.of(new TextGroups("captions", groups(11))),
                DataSource.of(TextFile.open(triples(7, true))),
                DataSource.of(new TextGroups("more", groups(23))).weighing(10));
        Pairing pairing = new Pairing(PairMix.BY_LENGTH, 0, 0.5, true);
        List<TextPairs> whole = new ArrayList<>();
        List<String> positions = new ArrayList<>();
        try (PairBatches batches = of(sources, InstructionTable.NONE, pairing, 5)) {
            for (int step = 0; step < 24; step++) {
                positions.add(batches.position());
                whole.add(batches.next(step));
            }
        }
        for (int from = 0; from < 24; from++) {
            try (PairBatches resumed = of(sources, InstructionTable.NONE, pairing, 5)) {
                resumed.seek(positions.get(from));
                for (int step = from; step < 24; step++) {
                    assertThat(rows(resumed.next(step))).isEqualTo(rows(whole.get(step)));
                }
            }
        }
        assertThatThrownBy(() -> of(groups(3), Pairing.ANY, 2).seek(positions.getLast()))
                .hasMessageContaining("is a position of 3 sources, there are 1.");
    }

    private static List<Object> rows(TextPairs batch) {
        List<Object> rows = new ArrayList<>(List.of(batch.source(), batch.kind()));
        List.of(batch.queries(), batch.positives(), batch.negatives())
                .forEach(items -> items.forEach(item -> rows.add(item.row())));
        return rows;
    }

    @Test
    void anEpochHasEveryExampleOnce() {
        try (PairBatches batches = of(groups(12), Pairing.ANY, 4)) {
            for (int epoch = 0; epoch < 3; epoch++) {
                Set<Object> seen = new HashSet<>();
                for (int step = 0; step < 3; step++) {
                    batches.next(3 * epoch + step).queries().forEach(item -> seen.add(item.example()));
                }
                assertThat(seen).hasSize(12);
            }
        }
    }

    /** Of a million examples, those that are looked at and those that are drawn are read, and no others. */
    @Test
    void aLargeSourceIsNotReadAsAWhole() {
        AtomicInteger reads = new AtomicInteger();
        ExampleSet million = new ExampleSet() {
            @Override
            public String name() {
                return "million";
            }

            @Override
            public int shards() {
                return 1000;
            }

            @Override
            public int size(int shard) {
                return 1000;
            }

            @Override
            public Example read(int shard, int index) {
                reads.incrementAndGet();
                int group = 1000 * shard + index;
                return new Example(
                        "" + group,
                        name(),
                        Optional.empty(),
                        Stream.of(caption(group, 3), caption(group, 9))
                                .map(text -> new Example.Caption("captions", text))
                                .toList());
            }

            @Override
            public String digest() {
                return name();
            }
        };
        try (PairBatches batches =
                of(List.of(DataSource.of(million)), InstructionTable.NONE, Pairing.ANY.withHardNegatives(true), 64)) {
            assertThat(batches.size()).isEqualTo(1_000_000);
            assertThat(batches.texts()).isEqualTo(2 * 4096);
            for (int step = 0; step < 20; step++) {
                requirePairs(batches.next(step), 64);
            }
        }
        // Pairs and negatives, each with a batch that is read ahead.
        assertThat(reads.get()).isBetween(4096 + 2 * 20 * 64, 4096 + 2 * 21 * 64);
    }

    private Path triples(int count, boolean negatives) throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < count; i++) {
            String negative = negatives && i != 0 ? ", \"negative\": \"no %d\"".formatted(i) : "";
            lines.append("{\"query\": \"what %d\", \"positive\": [\"that %d\", \"this %d\"]%s}\n"
                    .formatted(i, i, i, negative));
        }
        return Files.writeString(folder.resolve("questions.jsonl"), lines);
    }

    @Test
    void queriesFindDocumentsAndKeepTheirNegatives() throws IOException {
        DataSource source = DataSource.of(TextFile.open(triples(6, true)));
        assertThat(source.name()).isEqualTo("questions");
        try (PairBatches batches = of(List.of(source), InstructionTable.NONE, Pairing.BY_LENGTH, 6)) {
            assertThat(batches.remarks())
                    .containsExactly(
                            "5 of 6 queries of questions have a negative of their own; the others get a document of another query.");
            TextPairs pairs = batches.next(0);
            assertThat(pairs.kind()).isEqualTo(PairKind.QUERY_TO_DOCUMENT);
            assertThat(pairs.negatives()).hasSize(6);
            for (int i = 0; i < 6; i++) {
                int[] query = pairs.queries().get(i).row().ids();
                int[] positive = pairs.positives().get(i).row().ids();
                assertThat(query[0]).isEqualTo("what".hashCode());
                assertThat(positive[0]).isIn("that".hashCode(), "this".hashCode());
                assertThat(positive[1]).isEqualTo(query[1]);
            }
            List<TextPairs.Item> own = pairs.negatives().stream()
                    .filter(item -> item.row().ids()[0] == "no".hashCode())
                    .toList();
            assertThat(own).hasSize(5);
            // It is a negative of its own query, too.
            assertThat(own)
                    .noneMatch(item -> pairs.queries().stream()
                            .anyMatch(query -> query.example().equals(item.example())));
        }
        DataSource without = DataSource.of(TextFile.open(triples(6, false)));
        try (PairBatches batches = of(List.of(without), InstructionTable.NONE, Pairing.ANY, 6)) {
            assertThat(batches.remarks()).isEmpty();
            assertThat(batches.next(0).negatives()).isEmpty();
        }
        try (PairBatches batches =
                of(List.of(without), InstructionTable.NONE, Pairing.ANY.withHardNegatives(true), 6)) {
            assertThat(batches.next(0).negatives()).hasSize(6);
        }
    }

    @Test
    void sourcesAreDrawnByTheirWeights() {
        List<DataSource> sources =
                List.of(DataSource.of(new TextGroups("a", groups(30))), DataSource.of(new TextGroups("b", groups(10))));
        Map<String, Integer> bySize = drawn(sources);
        assertThat(bySize.get("a")).isBetween(690, 810);
        Map<String, Integer> byWeight =
                drawn(List.of(sources.get(0).weighing(1), sources.get(1).weighing(3)));
        assertThat(byWeight.get("b")).isBetween(690, 810);
        assertThatThrownBy(() -> sources.getFirst().weighing(0))
                .hasMessage(
                        "The weight of a must be a number above 0, found 0.0; leave out a source that is not wanted.");
    }

    private static Map<String, Integer> drawn(List<DataSource> sources) {
        Map<String, Integer> counts = new HashMap<>();
        try (PairBatches batches = of(sources, InstructionTable.NONE, Pairing.ANY, 4)) {
            for (int step = 0; step < STEPS; step++) {
                counts.merge(batches.next(step).source(), 1, Integer::sum);
            }
        }
        return counts;
    }

    @Test
    void queriesBeginWithTheInstructionOfTheirSourceAndKind() throws IOException {
        Path file = Files.writeString(folder.resolve("instructions.json"), """
                {"questions": ["answer", "reply"], "captions": {"short to long": "more", "long to short": "less"}}""");
        List<DataSource> sources = List.of(
                DataSource.of(TextFile.open(triples(6, false))), DataSource.of(new TextGroups("photos", groups(8))));
        Set<String> seen = new HashSet<>();
        try (PairBatches batches = of(sources, InstructionTable.read(file), Pairing.ANY, 6)) {
            assertThat(batches.remarks()).noneMatch(remark -> remark.contains("instruction"));
            for (int step = 0; step < 40; step++) {
                TextPairs pairs = batches.next(step);
                assertThat(pairs.positives()).allMatch(item -> item.row().equals(item.plain()));
                for (int i = 0; i < 6; i++) {
                    TextPairs.Item query = pairs.queries().get(i);
                    String instruction = instruction(query);
                    seen.add(instruction);
                    assertThat(query.row().pooledLength())
                            .isEqualTo(query.plain().ids().length);
                    if (pairs.source().equals("photos")) {
                        assertThat(instruction)
                                .isEqualTo(
                                        switch (PairKind.of(
                                                isShort(query),
                                                isShort(pairs.positives().get(i)))) {
                                            case SHORT_TO_LONG -> "more;";
                                            case LONG_TO_SHORT -> "less;";
                                            default -> "";
                                        });
                    } else {
                        assertThat(instruction).isIn("answer;", "reply;");
                    }
                }
            }
        }
        assertThat(seen).containsExactlyInAnyOrder("answer;", "reply;", "more;", "less;", "");
    }

    private static String instruction(TextPairs.Item query) {
        int first = query.row().ids()[0];
        return List.of("answer;", "reply;", "more;", "less;").stream()
                .filter(word -> word.hashCode() == first)
                .findFirst()
                .orElse("");
    }

    @Test
    void instructionsThatNobodyReadsAreRefused() throws IOException {
        Path file = folder.resolve("table.json");
        Files.writeString(file, "{\"squad\": \"find it\"}");
        List<DataSource> sources =
                List.of(new DataSource("nq", new TextGroups("nq", groups(4)), OptionalDouble.empty()));
        assertThatThrownBy(() -> of(sources, InstructionTable.read(file), Pairing.ANY, 2))
                .hasMessage("The instructions are for squad, the sources are called nq; use the same names.");
        Files.writeString(file, "{\"squad\": {\"long to wide\": \"find it\"}}");
        assertThatThrownBy(() -> InstructionTable.read(file))
                .hasMessage(
                        "The instructions %s of squad are for \"long to wide\"; expected long to long, short to long, long to short, short to short or query to document."
                                .formatted(file));
        Files.writeString(file, "{\"squad\": [1]}");
        assertThatThrownBy(() -> InstructionTable.read(file))
                .hasMessage(
                        "The instructions %s of squad have 1 for a text; expected an object of a text, a list of texts, or texts by kind of pair for each source."
                                .formatted(file));
        for (String broken : List.of("[]", "{")) {
            Files.writeString(file, broken);
            assertThatThrownBy(() -> InstructionTable.read(file)).hasMessageStartingWith("The instructions " + file);
        }
        assertThatThrownBy(() -> InstructionTable.read(folder.resolve("absent.json")))
                .hasMessageStartingWith(
                        "The instructions %s cannot be read (".formatted(folder.resolve("absent.json")));
    }

    @Test
    void thePapersTableNamesItsSources() {
        InstructionTable paper = InstructionTable.paper();
        assertThat(paper.bySource().keySet()).hasSize(15).contains("allnli", "msmarco_passage", "captions");
        assertThat(paper.of("allnli", false).orElseThrow().of(PairKind.QUERY_TO_DOCUMENT))
                .containsExactly(
                        "Given a premise, retrieve a hypothesis that is entailed by the premise",
                        "Retrieve semantically similar text");
        assertThat(paper.of("cc3m", true).orElseThrow().of(PairKind.SHORT_TO_LONG))
                .containsExactly("Given a caption, retrieve a detailed relevant caption");
        assertThat(paper.of("unknown", false)).isEmpty();
    }
}
