package io.llm2clip.demo;

import io.llm2clip.evaluation.Bootstrap.Interval;
import io.llm2clip.evaluation.CaptionRetrieval;
import io.llm2clip.report.Card;
import io.llm2clip.report.DataTable;
import io.llm2clip.report.Facts;
import io.llm2clip.report.Gallery;
import io.llm2clip.report.Html;
import io.llm2clip.report.LossCharts;
import io.llm2clip.report.Page;
import io.llm2clip.report.RecallTable;
import io.llm2clip.report.Series;
import io.llm2clip.training.RecipeNotes;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;

/** The demo's result as one page to send to somebody. */
final class DemoReport {
    private static final String SHORT_RECIPE =
            "This is the short recipe (--quick), after which CLIP may be ahead on words that both know. The full one, in R@10 on long"
                    + " captions, reaches 54.6 % (CLIP 46.1 %) in the same words and 32.5 % (CLIP 1.3 %) in other words.";

    private final DemoResult result;

    private DemoReport(DemoResult result) {
        this.result = result;
    }

    /**
     * Writes the page, atomically.
     *
     * @param losses by training, a line per kind of batch
     * @param galleries by name of their queries
     * @param device that computed
     */
    static void write(
            Path file,
            DemoResult result,
            Map<String, List<Series>> losses,
            Map<String, Gallery> galleries,
            DemoRecipe recipe,
            String device) {
        new DemoReport(result).page(losses, galleries, recipe, device).write(file);
    }

    private Page page(
            Map<String, List<Series>> losses, Map<String, Gallery> galleries, DemoRecipe recipe, String device) {
        Page page = new Page("LLM2CLIP demo", verdict());
        if (result.quick()) {
            page.note(SHORT_RECIPE);
        }
        page.cards(cards());
        page.section("Retrieval", table());
        page.section(
                "What the numbers say",
                DemoTable.sentences(result).stream()
                        .map(sentence -> "<p>" + Html.escape(sentence) + "</p>")
                        .collect(Collectors.joining()));
        page.section("Losses", LossCharts.of(losses));
        galleries.forEach((name, gallery) -> page.section("Searches: " + name, gallery.html()));
        page.section("Time and memory", phases());
        page.section("How to get this again", facts(recipe, device));
        return page.section("Try it", commands());
    }

    /** What the comparison with the baseline comes to, by query set. */
    private String verdict() {
        List<String> sets = DemoTable.measured(result);
        List<String> ahead = new ArrayList<>();
        List<String> level = new ArrayList<>();
        List<String> behind = new ArrayList<>();
        for (String set : sets) {
            Interval difference =
                    Objects.requireNonNull(result.differencesOf(set).get(Arm.CLIP));
            String words = "%s (%s against %s)"
                    .formatted(
                            DemoTable.queries(set),
                            Html.percent(recall(set, Arm.LLM2CLIP)),
                            Html.percent(recall(set, Arm.CLIP)));
            (switch (difference.standing()) {
                        case AHEAD -> ahead;
                        case LEVEL -> level;
                        case BEHIND -> behind;
                    })
                    .add(words);
        }
        List<String> parts = new ArrayList<>();
        add(parts, "finds more than CLIP with ", ahead);
        add(parts, "is no different from CLIP with ", level);
        add(parts, "finds less than CLIP with ", behind);
        return "Among %d images it has not seen, in R@10, LLM2CLIP %s; guessing reaches %s."
                .formatted(
                        result.data().testImages(),
                        String.join("; ", parts),
                        Html.percent(result.chance().r10()));
    }

    private static void add(List<String> parts, String words, List<String> sets) {
        if (!sets.isEmpty()) {
            parts.add(words + String.join(", ", sets));
        }
    }

    private double recall(String set, String arm) {
        return Objects.requireNonNull(result.recalls(set).get(arm)).meanR10();
    }

    private List<Card> cards() {
        List<Card> cards = new ArrayList<>();
        CaptionRetrieval.Change longCaptions = result.longCaptions();
        cards.add(new Card(
                Html.percent(longCaptions.after()),
                "of long captions find the other one of their image, after stage 1",
                "before: %s, guessing: %s"
                        .formatted(Html.percent(longCaptions.before()), Html.percent(1.0 / longCaptions.images()))));
        for (String set : List.of("long", "longOtherWords")) {
            if (result.retrieval().containsKey(set)) {
                cards.add(new Card(
                        Html.percent(recall(set, Arm.LLM2CLIP)),
                        "R@10 of LLM2CLIP, " + DemoTable.queries(set),
                        "CLIP: %s, guessing: %s"
                                .formatted(
                                        Html.percent(recall(set, Arm.CLIP)),
                                        Html.percent(result.chance().r10()))));
            }
        }
        return cards;
    }

    private String table() {
        RecallTable table = new RecallTable(DemoTable.arm(Arm.LLM2CLIP), 10);
        for (String set : DemoTable.measured(result)) {
            table.group(DemoTable.queries(set));
            Map<String, Interval> differences = result.differencesOf(set);
            result.recalls(set)
                    .forEach((arm, ways) -> table.row(
                            arm.equals(Arm.LLM2CLIP) ? "ours" : "",
                            DemoTable.arm(arm),
                            ways,
                            Optional.ofNullable(differences.get(arm))
                                    .map(List::of)
                                    .orElse(List.of())));
        }
        table.guessing(result.chance());
        table.group("all captions of an image at once, as eval counts")
                .row("ours", DemoTable.arm(Arm.LLM2CLIP), result.evaluated(), List.of());
        return "<p class=\"soft\">Per cent, on images that were held out. <b>Same words</b>: captions in the words that image captions of"
                + " the training have; <b>other words</b>: words that only the language model has read. <b>Equal steps</b>: as many steps of"
                + " the vision tower; <b>equal compute</b>: as many operations as stage 2 of LLM2CLIP and its text vectors took.</p>"
                + table.html()
                + "<p class=\"soft\">Training: "
                + result.compute().entrySet().stream()
                        .map(e -> String.format(
                                Locale.ROOT,
                                "%s %d steps, %.2f TFLOP",
                                DemoTable.arm(e.getKey()),
                                e.getValue().steps(),
                                e.getValue().flops() / 1e12))
                        .collect(Collectors.joining("; "))
                + ". LLM2CLIP additionally needs its language model, stage 1 and one pass over all captions, which the times below show."
                + " Hyper-parameters were tuned for LLM2CLIP more than for the baseline.</p>";
    }

    private String phases() {
        DataTable table = new DataTable().head(List.of("phase", "seconds", "peak memory, MB"));
        for (DemoResult.Phase phase : result.phases()) {
            table.row(
                    "",
                    List.of(
                            Html.escape(phase.name()),
                            String.format(Locale.ROOT, "%.1f", phase.seconds()),
                            Long.toString(phase.peakBytes() >> 20)));
        }
        double seconds =
                result.phases().stream().mapToDouble(DemoResult.Phase::seconds).sum();
        return table.row("ours", List.of("all", String.format(Locale.ROOT, "%.1f", seconds), ""))
                .html();
    }

    private String facts(DemoRecipe recipe, String device) {
        return new Facts()
                .and("command", "llm2clip demo --seed %d%s".formatted(result.seed(), result.quick() ? " --quick" : ""))
                .and("seed", "%d; the same seed gives the same numbers".formatted(result.seed()))
                .machine(device)
                .and(
                        "data",
                        "drawn by the demo: %d images to learn from, %d held out"
                                .formatted(
                                        result.data().trainImages(),
                                        result.data().testImages()))
                .and(
                        "language model",
                        RecipeNotes.line(recipe.model()) + "; " + RecipeNotes.line(recipe.languageModel()))
                .and("stage 1", RecipeNotes.line(recipe.stage1()))
                .and("stage 2 and baseline", RecipeNotes.line(recipe.stage2()))
                .html();
    }

    private String commands() {
        DemoExample example = result.example();
        String words = example.captions().stream()
                .map(caption -> " \"" + caption + "\"")
                .collect(Collectors.joining());
        return "<p>The model is in <code>%s</code>. The %s of these captions describes the image:</p><pre>%s</pre>"
                .formatted(
                        Html.escape(result.model()),
                        List.of("first", "second", "third").get(example.right()),
                        Html.escape(String.join(
                                "\n",
                                "llm2clip similarity --model %s %s%s".formatted(result.model(), example.image(), words),
                                "llm2clip eval --model %s %s --report eval.html"
                                        .formatted(result.model(), folder(example.image())),
                                "llm2clip inspect " + result.model())));
    }

    /** The data set that an image is of. */
    private static String folder(String image) {
        return String.valueOf(Path.of(image).resolveSibling("..").normalize());
    }
}
